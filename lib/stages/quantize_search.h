// The codes of a field that just fit a byte budget. Part of quantize.
#pragma once

#include <vector>

#include "stages/quantize.h"

namespace voxpack {

// How much errors count.
struct CodingWeights {
  std::vector<double> metric;             // [channels], as find_channel_metric() gives it
  std::vector<float> density_importance;  // [point], as in Calibration; empty: field.importance
};

// run_quantize() of a field that is valid and whose features are in the coding basis
// (quantize_basis.h), with options that are in range.
Result<CodedField> search_codes(const Field& field, const CodingWeights& weights,
                                const QuantizeOptions& options, Log& log);

}  // namespace voxpack
