// Smoothness of a field: the gradient of half the squared difference between neighbouring sites,
// added to that of the photos before the Adam step.
//
// A pair belongs to the leaf that holds its lower site as one of its own points; its upper site is
// the next corner of the leaf along an axis. Pairs with an empty or a hanging corner have no part,
// nor have those whose lower site lies on a page that no ray touched in this iteration. An upper
// site on such a page stays as it is.
#pragma once

#include <cstdint>

#include "kernels/lattice.h"
#include "kernels/march_view.h"
#include "kernels/optimizer.h"

namespace voxpack {

// One leaf in so many takes part in an iteration, with so many times the weight.
inline constexpr uint32_t kSmoothInterval = 2;

// Of the iteration after `step` Adam steps, for a field of `block_count` blocks.
inline SmoothnessPass make_smoothness(const OptimizeSettings& settings, uint64_t step,
                                      size_t block_count, uint64_t point_count) {
  return {settings.density_smoothness * kSmoothInterval,
          settings.feature_smoothness * kSmoothInterval,
          static_cast<uint32_t>((kSmoothInterval - step % kSmoothInterval) % kSmoothInterval),
          static_cast<uint32_t>(block_count), static_cast<uint32_t>(point_count)};
}

inline bool is_smoothed(const OptimizeSettings& settings) {
  return settings.density_smoothness != 0 || settings.feature_smoothness != 0;
}

// Place of site 0..63 (x fastest) of a leaf in its 5 x 5 x 5 corners; the next corners along the
// axes are 1, 5 and 25 places behind it.
VOXPACK_HOST_DEVICE inline int corner_of_site(int site) {
  return (site & 3) + 5 * (site >> 2 & 3) + 25 * (site >> 4);
}

// The part of lane number `lane` of `lane_count`; all of them together are the pass. Adds to the
// gradients of `out` and marks their pages there. `touched_pages` are those the rays touched, on
// any lane.
void add_smoothness(const Lattice& lattice, const SmoothnessPass& pass, const float* values,
                    int stride, const uint8_t* touched_pages, int lane, int lane_count,
                    TrainLane& out);

}  // namespace voxpack
