// prune: cuts a field to a point budget. Removes the unseen, merges the smooth into coarser levels, keeps the
// sharp; one global trade-off decides (visibility-weighted detail per point saved).
#pragma once

#include <span>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/detect.h"

namespace voxpack {

struct PruneOptions {
  uint64_t target_points = 2'000'000;
  float min_visibility = 1e-3f;  // points whose visibility_max is below are removed
  int coarsest_level = 3;        // merging stops there, 0..kMaxLevel
};

// The pruned field, with `importance` set. `detail` must belong to `field` (sizes are checked: usage).
Result<Field> run_prune(const Field& field, const DetailMap& detail, const PruneOptions& options, Log& log);

}  // namespace voxpack
