// The gradient of the smoothness of one leaf (kernels/smoothness.h). Part of march_impl.h.
#pragma once

#include "kernels/march_view.h"
#include "kernels/wide.h"

namespace voxpack {
namespace {

template <int S>
void smooth_sites(const uint32_t* corners, const SmoothnessPass& pass, const float* values,
                  const uint8_t* touched_pages, TrainLane& out) {
  float floats[S];
  for (int k = 0; k < S; ++k) floats[k] = k == 0 ? pass.density_weight : pass.feature_weight;
  const auto weights = Wide<S>::load(floats);
  for (int site = 0; site < 64; ++site) {
    const uint32_t* corner = corners + (site & 3) + 5 * (site >> 2 & 3) + 25 * (site >> 4);
    const uint64_t row = *corner;
    if (row - 1 >= pass.point_count || !touched_pages[row / kRowsPerPage]) continue;
    const auto own = Wide<S>::load(values + row * S);
    Wide<S> sum = {};
    for (int axis = 0, step = 1; axis < 3; ++axis, step *= 5) {
      const uint64_t other_row = corner[step];
      if (other_row - 1 >= pass.point_count) continue;
      auto pull = Wide<S>::load(values + other_row * S);
      pull.add_product(own, -1.0f);
      pull = pull * weights;
      sum += pull;
      if (!touched_pages[other_row / kRowsPerPage]) continue;
      float* at = out.row_gradients + other_row * S;
      pull += Wide<S>::load(at);
      pull.store(at);
      out.touched_pages[other_row / kRowsPerPage] = 1;
    }
    float* at = out.row_gradients + row * S;
    auto gradient = Wide<S>::load(at);
    gradient.add_product(sum, -1.0f);
    gradient.store(at);
    out.touched_pages[row / kRowsPerPage] = 1;
  }
}

}  // namespace
}  // namespace voxpack
