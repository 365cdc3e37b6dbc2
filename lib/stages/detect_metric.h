// How much a change of a point's numbers changes the rendered colour: the norm of detect and prune.
//
// A change of features counts per channel with the mean squared gain of the decoder, summed over R,
// G, B. A change of raw density counts through the alpha of one voxel, against a fixed contrast
// with what lies behind.
#pragma once

#include <cmath>
#include <vector>

#include "field/field.h"

namespace voxpack {

// Squared change of colour, summed over R, G, B, for a change of alpha by 1 at one site. A full
// contrast of 0.5 a channel would be 0.75; part of it is lost because the sample behind takes over
// with a similar colour (measured).
inline constexpr float kBehindContrast = 0.5f;

// Alpha of one voxel length of raw density, continued antisymmetrically below zero: the place where
// an interpolated density crosses zero is the silhouette, and it depends on the negative side as
// much as on the positive. x / sqrt(1 + x^2) stays within 0.09 of 1 - exp(-x), and its derivative
// at 0 is the same; only exact operations.
inline float signed_alpha(float density) { return density / std::sqrt(1.0f + density * density); }

// Mean squared gain of each feature channel to the rendered colour, [channels], >= 0. rgb: 1. sh: 1
// / (4 pi) for every coefficient. mlp: measured on the network at alpha 1 over fixed directions and
// up to 512 points of `field`, the diffuse channels with their way past the network.
std::vector<float> feature_gains(const Field& field);

}  // namespace voxpack
