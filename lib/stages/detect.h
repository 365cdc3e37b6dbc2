// detect-high-frequency: per point, how much the views see of it and what a coarser level would lose there.
#pragma once

#include <span>
#include <vector>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"

namespace voxpack {

// One entry per point of the field it was made from, in field order.
struct DetailMap {
  std::vector<float> visibility_sum;  // sum over pixels of transmittance x alpha x interpolation weight
  std::vector<float> visibility_max;  // largest such share in one pixel, 0..1
  std::vector<float> detail;          // squared rendered-colour error that the next coarser level would make here
};

struct DetectOptions {
  int view_stride = 1;    // use every n-th camera, >= 1
  int pixel_stride = 2;   // march every n-th pixel in x and y, >= 1
  int sphere_views = 64;  // virtual cameras around the object when `cameras` is empty
};

Result<DetailMap> run_detect(const Field& field, std::span<const Camera> cameras,
                             const DetectOptions& options, Kernels& kernels, Log& log);

}  // namespace voxpack
