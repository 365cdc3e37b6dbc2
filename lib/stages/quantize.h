// quantize: a field to integer codes that fit a byte budget. Everything lossy happens here; pack is
// lossless.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "codec/coded_field.h"
#include "core/log.h"
#include "core/status.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"

namespace voxpack {

struct QuantizeOptions {
  uint64_t target_size_bytes = 5'000'000;  // of the whole package
  // Raw densities are clipped to this range first: beyond 24 (optical depth of a voxel) nothing is
  // seen, and a point of -8 already hides what is interpolated around it.
  float min_density = -8.0f;
  float max_density = 24.0f;
  // How much one unit of (companded) density changes the rendered colour; sets the density's step
  // against those of the features (docs/decisions/0001-quantisation-steps.md).
  float density_sensitivity = 0.4f;
  // Steps are never below this in rendered colour (0..1): there quality is practically lossless and
  // the package may stay below 97 % of the budget.
  float min_colour_step = 1.0f / 4096;
  float lambda = 0.08f;        // squared steps that one bit is worth, >= 0
  int level_weight_shift = 0;  // a point counts 2^(shift * level), 0..3
  int network_bits = 13;       // 2..16
};

// What run_quantize() does with views.
struct QuantizeFitOptions {
  // Rounds of quantising and fitting, 0 and up; not given: 0 for fields up to 256 cells, which
  // CPUs make, 8 above.
  std::optional<int> rounds;
  int iterations_per_round = 400;  // of 16384 rays, >= 1
  float first_rate = 0.01f;        // of the learning rates of a bake, first round
  float last_rate = 0.001f;        // last round
  int calibration_batches = 100;   // of 16384 rays, >= 1
  uint64_t seed = 1;
};

// The codes of `field`; run_pack() of them has at most the budget and at least 97 % of it, unless
// every step is at its minimum. field.importance steers what is kept (empty: all points alike). The
// same for any number of threads. Fails with usage if the options are out of range, or if the
// budget is too small: the sentence has the smallest size that works. Fails with bad_data if
// `field` is invalid, with interrupted after Ctrl-C.
Result<CodedField> run_quantize(const Field& field, const QuantizeOptions& options, Log& log);

// As above, with the codec in the loop. Rays of `views` tell how much each channel, and the density
// of each point, matters. Then in rounds: the field is quantised, what comes out is optimised
// against the views, and the field takes the same change (a straight-through estimator, Bengio et
// al. 2013, that looks at the quantiser once a round), until the codes make up for each other's
// errors. Fails as above and as Kernels::make_optimizer() and Optimizer::run().
Result<CodedField> run_quantize(Field field, std::span<const View> views,
                                const QuantizeFitOptions& fit, const QuantizeOptions& options,
                                Kernels& kernels, Log& log);

}  // namespace voxpack
