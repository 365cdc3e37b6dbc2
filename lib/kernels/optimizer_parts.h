// What the optimisers of all devices share: checks, and fields from rows of values.
#pragma once

#include <span>
#include <vector>

#include "kernels/optimizer.h"
#include "kernels/training_rays.h"

namespace voxpack {

// The rays of an optimisation. Fails with `usage` if an option is out of range, with bad_data if
// the views show nothing.
Result<TrainingRays> make_training_rays(std::span<const View> views,
                                        const OptimizerOptions& options);

// The corrections of the views and their Adam state, [view][kViewParameters] each; empty until
// views are fitted, and kept when the points change.
struct ViewFit {
  std::vector<float> parameters, first, second;
  uint64_t step = 0;  // of Adam

  bool is_active() const { return !parameters.empty(); }
  void start(size_t view_count);
};

// Whether `settings` ask for corrections of the views.
inline bool fits_views(const OptimizeSettings& settings) {
  return settings.pose_rate > 0 || settings.exposure_rate > 0;
}

// Fails with `usage` unless Optimizer::regrid() can go from the points of `from` to those of `to`.
Status check_regrid(const Field& from, const Field& to);

// Optimizer::sensitivities() from sums of squares in rows [1 + point][stride].
std::vector<float> read_sensitivities(const float* rows, int stride, const Field& field,
                                      int iterations);

// Fails with `usage` unless Optimizer::set_values() can take the values of `field`.
Status check_same_points(const Field& own, const Field& field);

// Rows [row_count][stride] with the values of the points of `field`; all others are 0.
std::vector<float> rows_of_points(const Field& field, int stride, size_t row_count);

// Fills density and features of `field`, which has its blocks, from rows [1 + point][stride].
void read_rows(const float* rows, int stride, Field& field);

}  // namespace voxpack
