// refine: optimises the values of a field, against the photos or against pictures of another field.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/fit_options.h"

namespace voxpack {

struct RefineOptions {
  int iterations = 1000;  // of 16384 rays, >= 1
  uint64_t seed = 1;
  FitOptions fit;
};

// Continues the optimisation of `field` against `views` without changing its points or their
// importance. Learning rates
// fall from 0.3 of those of a bake to 0.03. Fails as Kernels::make_optimizer() and
// Optimizer::run().
Result<Field> run_refine(Field field, std::span<const View> views, const RefineOptions& options,
                         Kernels& kernels, Log& log);

// Pictures of `field` with alpha, from `count` (>= 1) cameras spread over the whole sphere around
// it, at most 800 pixels wide: what a refinement looks at where there are no photos.
Result<std::vector<View>> draw_teacher(const Field& field, int count, Kernels& kernels, Log& log);

}  // namespace voxpack
