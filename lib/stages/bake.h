// bake: posed photos to a sparse field by direct optimisation, coarse to fine.
#pragma once

#include <cstdint>

#include "core/log.h"
#include "field/dataset.h"
#include "field/field.h"
#include "kernels/kernels.h"

namespace voxpack {

inline constexpr int kDefaultBakeIterations = 8000;

struct BakeOptions {
  int resolution = 256;  // cells per axis at the end, 32..2048
  AppearanceKind appearance = AppearanceKind::mlp;
  int feature_count = 8;                    // mlp
  int hidden_width = 32;                    // mlp
  int iterations = kDefaultBakeIterations;  // of 16384 rays, all levels together; >= 1
  uint64_t seed = 1;
};

// The baked field. Fails with bad_data where the photos cannot be baked: no views, all transparent,
// a camera inside the object's box; with interrupted after Ctrl-C.
Result<Field> run_bake(const DataSet& views, const BakeOptions& options, Kernels& kernels,
                       Log& log);

// Continues the optimisation of `field` against the train views without changing its points.
struct RefineOptions {
  int iterations = 1000;
  uint64_t seed = 1;
};
Result<Field> run_refine(Field field, const DataSet& views, const RefineOptions& options,
                         Kernels& kernels, Log& log);

}  // namespace voxpack
