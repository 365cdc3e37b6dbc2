// What quantize derives from the field before it searches for the step: blocks, channels, network.
#pragma once

#include <vector>

#include "stages/quantize.h"

namespace voxpack {

// Everything of the coded field but the coefficients: cube, blocks, curves, groups, gains (8),
// network; `metric` as find_channel_metric() gives it. The steps are for a colour step of 1;
// multiply them by the wanted one. Gains have `tree_depth` entries.
CodedField prepare_codes(const Field& field, const std::vector<double>& metric,
                         const QuantizeOptions& options);

// The numbers that steps apply to, [point][1 + channels]: clipped and companded density, features
// with colours as Y, Co, Cg.
std::vector<float> companded_numbers(const Field& field, const QuantizeOptions& options);

// `importance` [point] of raw densities as that of the companded ones; empty: field.importance.
std::vector<float> companded_importance(const Field& field, const std::vector<float>& importance);

}  // namespace voxpack
