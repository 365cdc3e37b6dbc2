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

std::vector<float> read_sensitivities(const float* rows, int stride, const Field& field,
                                      int iterations) {
  const auto floats = static_cast<size_t>(field.channels()) + 1;
  const auto count = static_cast<int64_t>(point_count(field.blocks));
  const float scale = 1.0f / static_cast<float>(iterations);
  std::vector<float> out(static_cast<size_t>(count) * floats);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) {
    const float* row = rows + (i + 1) * stride;
    float* to = out.data() + static_cast<size_t>(i) * floats;
    for (size_t k = 0; k < floats; ++k) to[k] = row[k] * scale;
  }
  return out;
}

Status check_same_points(const Field& own, const Field& field) {
  const auto is_same = [](const Block& a, const Block& b) {
    return a.level == b.level && a.x == b.x && a.y == b.y && a.z == b.z && a.mask == b.mask;
  };
  const AppearanceModel &from = own.appearance, &to = field.appearance;
  if (from.kind == to.kind && from.feature_count == to.feature_count &&
      from.hidden_width == to.hidden_width && own.resolution == field.resolution &&
      std::equal(own.blocks.begin(), own.blocks.end(), field.blocks.begin(), field.blocks.end(),
                 is_same)) {
    return {};
  }
  return {Errc::usage, "the new values are those of other points or of another decoder"};
}

std::vector<float> rows_of_points(const Field& field, int stride, size_t row_count) {
  const auto channels = static_cast<size_t>(field.channels());
  const auto count = static_cast<int64_t>(field.point_count());
  std::vector<float> rows(row_count * static_cast<size_t>(stride), 0.0f);
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) {
    float* row = rows.data() + (i + 1) * stride;
    row[0] = field.density[static_cast<size_t>(i)];
    std::copy_n(field.features.data() + static_cast<size_t>(i) * channels, channels, row + 1);
  }
  return rows;
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
