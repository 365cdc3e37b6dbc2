// prune: cuts a field to a point budget. Removes the unseen, merges the smooth into coarser levels,
// keeps the sharp; one global trade-off decides (visibility-weighted detail per point saved).
#pragma once

#include <span>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/detect.h"

namespace voxpack {

// What decides which points stay. The parts alone are there for comparison.
enum class PruneCriterion {
  both,        // detail weighted with visibility, merging
  detail,      // detail as if every point were seen alike, merging
  visibility,  // the points with the largest visibility, no merging
};

struct PruneOptions {
  uint64_t target_points = 2'000'000;
  float min_visibility = 1e-3f;  // points whose visibility_max is below are removed
  int coarsest_level = 3;        // merging stops there, 0..kMaxLevel
  PruneCriterion criterion = PruneCriterion::both;
};

// The pruned field, with `importance` set: the visibility of each point, that of merged ones shared
// out.
//
// Points below min_visibility go first, but for those of negative density that end a surface. If
// more than target_points are left, blocks are merged into coarser ones and points dropped where
// that costs least per point saved; the result has at most target_points and, unless the field is
// tiny, nearly as many. It is the same for any number of threads and
// on every device. Merged values are a least-squares
// fit, not the optimum for the photos (run_refine).
//
// `detail` must belong to `field`. Fails with usage if its sizes do not fit or an option is out of
// range, with bad_data if the field or the map is not valid, with device if memory is short or the
// device fails, with interrupted after Ctrl-C.
Result<Field> run_prune(const Field& field, const DetailMap& detail, const PruneOptions& options,
                        Kernels& kernels, Log& log);

}  // namespace voxpack
