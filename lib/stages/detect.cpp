// Visibility from the cameras, then the error of the next coarser level, finest level first.
#include "stages/detect.h"

#include <algorithm>
#include <bit>
#include <new>
#include <string>

#include "core/interrupt.h"
#include "stages/detect_cameras.h"
#include "stages/detect_metric.h"
#include "stages/detect_pyramid.h"

namespace voxpack {
namespace {

Status check_options(const DetectOptions& options) {
  if (options.view_stride < 1 || options.pixel_stride < 1 || options.sphere_views < 1) {
    return {Errc::usage, "view stride " + std::to_string(options.view_stride) + ", pixel stride " +
                             std::to_string(options.pixel_stride) + " and sphere views " +
                             std::to_string(options.sphere_views) + " must be at least 1"};
  }
  return validate(options.protect);
}

// Adds what the protected parts of the views see, and multiplies what is in the boxes.
Status raise_protected(const Field& field, const Protection& protect, Kernels& kernels,
                       LargeVector<float>& visibility_sum) {
  if (!protect.cameras.empty()) {
    VOXPACK_ASSIGN(const Visibility seen, kernels.visibility(field, protect.cameras, 1));
    const double unit = (protect.weight - 1) / 65536;
    for (size_t i = 0; i < visibility_sum.size(); ++i)
      visibility_sum[i] += static_cast<float>(static_cast<double>(seen.sum[i]) * unit);
  }
  if (!protect.boxes.empty()) {
    const std::vector<uint8_t> inside = points_in_boxes(field, protect.boxes);
    for (size_t i = 0; i < inside.size(); ++i) {
      if (inside[i]) visibility_sum[i] *= static_cast<float>(protect.weight);
    }
  }
  return {};
}

Status find_visibility(const Field& field, std::span<const Camera> cameras,
                       const DetectOptions& options, Kernels& kernels, DetailMap& map) {
  std::vector<Camera> chosen;
  if (cameras.empty()) {
    chosen = sphere_cameras(field, options.sphere_views);
  } else {
    for (size_t i = 0; i < cameras.size(); i += static_cast<size_t>(options.view_stride)) {
      chosen.push_back(cameras[i]);
    }
  }
  VOXPACK_ASSIGN(const Visibility seen, kernels.visibility(field, chosen, options.pixel_stride));
  // Every marched pixel stands for stride^2 of them.
  const double unit = static_cast<double>(options.pixel_stride) * options.pixel_stride / 65536;
  LargeVector<float>&sums = map.visibility_sum.edit(), &maxima = map.visibility_max.edit();
  sums.resize(field.point_count());
  maxima.resize(field.point_count());
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < field.point_count(); ++i) {
    sums[i] = static_cast<float>(static_cast<double>(seen.sum[i]) * unit);
    maxima[i] = static_cast<float>(seen.max[i]) / 65536.0f;
  }
  return raise_protected(field, options.protect, kernels, sums);
}

Status find_detail(const Field& field, Kernels& kernels, DetailMap& map) {
  std::vector<uint64_t> masks;
  for (const Block& block : field.blocks) masks.push_back(block.mask);
  const PyramidSource source{&field, map.visibility_sum, masks};
  const std::vector<float> gains = feature_gains(field);
  LargeVector<float>& detail = map.detail.edit();
  detail.resize(field.point_count());  // each point lies in one block of one level
  PyramidLevel below;
  for (int level = field.blocks.back().level; level <= field.blocks.front().level; ++level) {
    VOXPACK_TRY(check_interrupt());
    const PyramidLevel fine = make_pyramid_level(source, level, &below);
    VOXPACK_ASSIGN(Coarsening next, coarsen(fine, gains, {}, kernels));
    for_own_blocks(field, fine, [&](const Block& block, const PyramidBlock& described) {
      std::copy_n(next.site_error.begin() + described.first, point_count(block),
                  detail.begin() + block.first_point);
    });
    below = std::move(next.coarse);
  }
  return {};
}

}  // namespace

Result<DetailMap> run_detect(const Field& field, std::span<const Camera> cameras,
                             const DetectOptions& options, Kernels& kernels, Log& log) {
  VOXPACK_TRY(check_options(options));
  VOXPACK_TRY(validate(field));
  try {
    DetailMap map;
    if (field.point_count() == 0) return map;
    log.progress({"detect-high-frequency", 0, -1, "visibility"});
    VOXPACK_TRY(find_visibility(field, cameras, options, kernels, map));
    log.progress({"detect-high-frequency", 0.6, -1, "detail"});
    VOXPACK_TRY(find_detail(field, kernels, map));
    return map;
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory to describe " + std::to_string(field.point_count()) +
                              " points; free memory or bake at a lower resolution"};
  }
}

}  // namespace voxpack
