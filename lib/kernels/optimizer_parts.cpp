#include "kernels/optimizer_parts.h"

#include <algorithm>

namespace voxpack {

Result<TrainingRays> make_training_rays(std::span<const View> views,
                                        const OptimizerOptions& options) {
  if (options.rays_per_iteration < 64 || options.rays_per_iteration % 64 != 0) {
    return {Errc::usage, "rays per iteration " + std::to_string(options.rays_per_iteration) +
                             " is not a positive multiple of 64"};
  }
  TrainingRays rays(views, options.seed);
  if (rays.empty()) return {Errc::bad_data, "the views show nothing: all photos are transparent"};
  return rays;
}

void ViewFit::start(size_t view_count) {
  parameters.assign(view_count * kViewParameters, 0.0f);
  first = parameters;
  second = parameters;
}

Status check_regrid(const Field& from, const Field& to) {
  if (to.cube.origin != from.cube.origin || to.cube.edge != from.cube.edge)
    return {Errc::usage, "the new points lie in another cube"};
  if (to.resolution != from.resolution && to.resolution != 2 * from.resolution) {
    return {Errc::usage, "the new resolution " + std::to_string(to.resolution) + " is neither " +
                             std::to_string(from.resolution) + " nor twice that"};
  }
  const auto is_fine = [](const Block& block) { return block.level == 0; };
  if (!std::all_of(from.blocks.begin(), from.blocks.end(), is_fine) ||
      !std::all_of(to.blocks.begin(), to.blocks.end(), is_fine)) {
    return {Errc::usage, "not all points are at level 0"};
  }
  return {};
}

void read_rows(const float* rows, int stride, Field& field) {
  const auto channels = static_cast<size_t>(field.channels());
  const auto count = static_cast<int64_t>(point_count(field.blocks));
  field.density.edit().resize(static_cast<size_t>(count));
  field.features.edit().resize(static_cast<size_t>(count) * channels);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) {
    const float* row = rows + (i + 1) * stride;
    field.density.edit()[static_cast<size_t>(i)] = row[0];
    std::copy_n(row + 1, channels,
                field.features.edit().data() + static_cast<size_t>(i) * channels);
  }
}

}  // namespace voxpack
