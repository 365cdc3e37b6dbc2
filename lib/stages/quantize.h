// quantize: a field to integer codes that fit a byte budget. Everything lossy happens here; pack is
// lossless.
#pragma once

#include <cstdint>

#include "codec/coded_field.h"
#include "core/log.h"
#include "core/status.h"
#include "field/field.h"

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
  int level_weight_shift = 2;  // a point counts 2^(shift * level), 0..3
  int network_bits = 13;       // 2..16
};

// The codes of `field`; run_pack() of them has at most the budget and at least 97 % of it, unless
// every step is at its minimum. field.importance steers what is kept (empty: all points alike). The
// same for any number of threads. Fails with usage if the options are out of range, or if the
// budget is too small: the sentence has the smallest size that works. Fails with bad_data if
// `field` is invalid, with interrupted after Ctrl-C.
Result<CodedField> run_quantize(const Field& field, const QuantizeOptions& options, Log& log);

}  // namespace voxpack
