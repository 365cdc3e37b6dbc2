// Direct optimisation of a field against posed photos: points and network by Adam on rendered rays
// (Plenoxels, DVGO: direct voxel optimisation; SNeRG: deferred network). The set of points stays as
// it is.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

struct OptimizerOptions {
  uint64_t seed = 1;
  int rays_per_iteration = 16384;  // a positive multiple of 64
};

// Settings of a run of iterations; they may change from run to run.
struct OptimizeSettings {
  float density_rate = 0.1f;  // Adam learning rates
  float feature_rate = 0.02f;
  float network_rate = 6e-3f;
  float concentration = 0;         // lambda of -sum of squared ray weights
  float residual_penalty = 0.02f;  // weight of the squared view-dependent residual
};

struct OptimizeStats {
  double mse = 0;             // mean squared error over rays and colour channels of the run
  uint64_t sample_count = 0;  // samples with density, all rays
  uint64_t ray_count = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Fails with `interrupted` after a signal.
  virtual Result<OptimizeStats> run(const OptimizeSettings& settings, int iterations) = 0;
  // The field as it is now, with the same points as at the start.
  virtual Result<Field> field() const = 0;
};

}  // namespace voxpack
