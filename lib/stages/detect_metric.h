// How much a change of a point's numbers changes the rendered colour: the norm of detect and prune.
//
// A change of features counts per channel with the mean squared gain of the decoder, summed over R,
// G, B. A change of raw density counts through the alpha of one voxel, against a fixed contrast
// with what lies behind (kernels/coarsen_math.h).
#pragma once

#include <vector>

#include "field/field.h"

namespace voxpack {

// Mean squared gain of each feature channel to the rendered colour, [channels], >= 0. rgb: 1. sh: 1
// / (4 pi) for every coefficient. mlp: measured on the network at alpha 1 over fixed directions and
// up to 512 points of `field`, the diffuse channels with their way past the network.
std::vector<float> feature_gains(const Field& field);

}  // namespace voxpack
