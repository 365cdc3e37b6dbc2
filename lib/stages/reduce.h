// reduce: a field down to a point budget, or as far as a quality bound allows, by turns of detect,
// prune and refine.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/detect.h"
#include "stages/prune.h"
#include "stages/refine.h"

namespace voxpack {

struct ReduceOptions {
  DetectOptions detect;  // of the turns after the first
  PruneOptions prune;
  // Iterations of all turns together, 0: prune once and leave the values; not given: 1000 for
  // fields up to 256 cells, 15 000 above.
  std::optional<int> refine_iterations;
  uint64_t refine_seed = 1;
  FitOptions fit;
  int teacher_views = 100;  // pictures of the field to refine against where there are no photos
  // Part of the target, 0..0.9, that comes from splitting (split.h): the last turn prunes to the
  // rest, and blocks with the most detail left are split until the target is reached. A field with
  // fewer points to begin with is filled up in the same way. 0: no splitting.
  double split_share = 0;
  // Instead of prune.target_points: as few points as cost at most this much of the mean PSNR on the
  // photos, > 0.
  std::optional<double> max_loss_db;
};

// What a turn did, for reports.
struct ReduceTurn {
  uint64_t target_points = 0;
  uint64_t point_count = 0;
  int iterations = 0;
  double detect_seconds = 0;  // of the look before it; the first turn has that of its caller
  double prune_seconds = 0;
  double refine_seconds = 0;
};

// The reduced and refined field, with importance.
//
// Without photos a field that has no more points than the target is not refined.
//
// A field of many times the target goes there in turns: to three times the points of the next turn,
// refined against `photos` (or pictures of `field` where there are none), looked at again. Each
// turn so judges values that are the best for its points: measured on lego, 60 M to 0.5 M points in
// three turns is 0.3 dB better than at once. A turn but the last gets a tenth of the iterations.
//
// With max_loss_db nothing is split; the turns halve the points until the PSNR on up to 16 of the
// photos has fallen too far, then the last step is divided; needs photos. Train photos lose more
// than views that were not trained on, so the bound is a careful one.
//
// `detail` is that of `field`. The same for any number of threads on the CPU. Fails as run_prune(),
// run_detect() and run_refine(), with usage where max_loss_db lacks photos or is not above 0.
// `turns`, if given, receives all turns, tried ones included.
Result<Field> run_reduce(Field field, DetailMap detail, std::span<const View> photos,
                         const ReduceOptions& options, Kernels& kernels, Log& log,
                         std::vector<ReduceTurn>* turns = nullptr);

// The targets of the turns for a field of `point_count` points, the last one `target`.
std::vector<uint64_t> turn_targets(uint64_t point_count, uint64_t target);

}  // namespace voxpack
