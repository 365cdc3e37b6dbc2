// Direct optimisation of a field against posed photos: points and network by Adam on rendered rays
// (Plenoxels, DVGO: direct voxel optimisation; SNeRG: deferred network). The set of points changes
// by regrid() only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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
  float concentration = 1e-3f;     // lambda of -sum of squared ray weights
  float residual_penalty = 0.02f;  // weight of the squared view-dependent residual
  // Weights, 0 and up, of half the squared difference between neighbouring sites, of raw densities
  // and of each feature (kernels/smoothness.h). Unlike the other terms of the loss they count per
  // pair, not per ray.
  float density_smoothness = 1e-9f;
  float feature_smoothness = 1e-8f;
  // Decoupled weight decay (AdamW, Loshchilov & Hutter 2019): after each step the weights of the
  // network are multiplied by 1 - network_decay * network_rate. 0 and up.
  float network_decay = 0.01f;
  // Adam learning rates of the corrections of the views (view_fit.h), 0: they stay as they are. Of
  // every correction the mean over the views is kept at nothing.
  float pose_rate = 0;      // radians and edges of the cube
  float exposure_rate = 0;  // logarithm of the gain
};

struct OptimizeStats {
  double mse = 0;             // mean squared error over rays and colour channels of the run
  uint64_t sample_count = 0;  // samples with density, all rays
  uint64_t ray_count = 0;
  // Pages of kRowsPerPage rows that the last iteration touched; on a GPU those of corners between
  // levels count too.
  uint64_t page_count = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // The working memory (moments, gradients) is taken by the first run after the start or a
  // regrid(). Fails with `interrupted` after a signal, with `device` if memory is short.
  virtual Result<OptimizeStats> run(const OptimizeSettings& settings, int iterations) = 0;

  // The field as it is now.
  virtual Result<Field> field() const = 0;

  // One mask per block of the field, in order: the sites whose Visibility::max, as
  // Kernels::visibility() finds it for the cameras of the views and the field as it is now, is at
  // least `threshold`. `exact`. Fails with `usage` if pixel_stride is below 1, with `interrupted`
  // after a signal, with `device` if memory is short.
  virtual Result<std::vector<uint64_t>> seen_sites(int pixel_stride, uint32_t threshold) = 0;

  // Takes the values of the points and of the network from `field`, which has the blocks of the
  // field as it is; Adam goes on with its moments. Fails with `usage` if the blocks, the channels
  // or the size of the network differ.
  virtual Status set_values(const Field& field) = 0;

  // How much each value matters: the sum over the pixels of a batch of rays and their colour
  // channels of the squared derivative with respect to it, mean over `iterations` (1 and up)
  // batches, [point][1 + channels], density first. Estimated by the gradients of random signs
  // (Hutchinson 1990), so rarely seen points need many batches to be more than 0. The field stays
  // as it is; the random rays go on. Fails as run().
  virtual Result<std::vector<float>> sensitivities(int iterations) = 0;

  // Replaces the points by those of the blocks of `topology`, whose values and network are not
  // looked at: same cube, same resolution or twice, all points at level 0 before and after. A new
  // site gets the trilinear value that the field has at its place, raw density times
  // `density_scale`. Adam starts over, the network included; the random rays go on. The same bits
  // on every device for the same values. Fails with `usage` where the points do not fit, with
  // `device` if memory is short; after an error of `device` only the destructor may be called.
  virtual Status regrid(const Field& topology, float density_scale) = 0;
};

}  // namespace voxpack
