// What quantize derives from the field before it searches for the step: blocks, channels, network.
#pragma once

#include <vector>

#include "stages/quantize.h"

namespace voxpack {

// RMS change of the rendered colour (root of the summed squares of R, G, B) for a change of 1 of
// each feature channel, over the points weighted by importance and some view directions.
// [channels], > 0.
std::vector<float> feature_sensitivities(const Field& field);

// Everything of the coded field but the coefficients: cube, blocks, curves, groups, gains (8),
// network. The steps are for a colour step of 1; multiply them by the wanted one. Gains have
// `tree_depth` entries.
CodedField prepare_codes(const Field& field, const QuantizeOptions& options);

// The numbers that steps apply to, [point][1 + channels]: clipped and companded density, features
// with colours as Y, Co, Cg.
std::vector<float> companded_numbers(const Field& field, const QuantizeOptions& options);

}  // namespace voxpack
