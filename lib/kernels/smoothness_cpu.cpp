#include "kernels/smoothness.h"

namespace voxpack {
namespace {

// Runs of neighbouring leaves go to one lane: most of their pairs lie on the same pages.
constexpr uint32_t kLeavesPerRun = 32 * kSmoothInterval;

template <int S>
void add_leaf(const uint32_t* corners, const SmoothnessPass& pass, const float* values,
              const uint8_t* touched_pages, TrainLane& out) {
  float weights[S];
  for (int k = 0; k < S; ++k) weights[k] = k == 0 ? pass.density_weight : pass.feature_weight;
  for (int site = 0; site < 64; ++site) {
    const uint32_t* corner = corners + corner_of_site(site);
    const uint32_t row = *corner;
    if (!pass.is_point(row) || !touched_pages[row / kRowsPerPage]) continue;
    const float* own = values + size_t{row} * S;
    float sum[S] = {};
    for (int axis = 0, step = 1; axis < 3; ++axis, step *= 5) {
      const uint32_t other_row = corner[step];
      if (!pass.is_point(other_row)) continue;
      const float* other = values + size_t{other_row} * S;
      float pull[S];
      for (int k = 0; k < S; ++k) pull[k] = weights[k] * (other[k] - own[k]);
      for (int k = 0; k < S; ++k) sum[k] += pull[k];
      if (!touched_pages[other_row / kRowsPerPage]) continue;
      float* other_gradient = out.row_gradients + size_t{other_row} * S;
      for (int k = 0; k < S; ++k) other_gradient[k] += pull[k];
      out.touched_pages[other_row / kRowsPerPage] = 1;
    }
    float* own_gradient = out.row_gradients + size_t{row} * S;
    for (int k = 0; k < S; ++k) own_gradient[k] -= sum[k];
    out.touched_pages[row / kRowsPerPage] = 1;
  }
}

template <int S>
void add_leaves(const Lattice& lattice, const SmoothnessPass& pass, const float* values,
                const uint8_t* touched_pages, int lane, int lane_count, TrainLane& out) {
  for (uint32_t leaf = pass.first_leaf; leaf < pass.leaf_count; leaf += kSmoothInterval) {
    if (static_cast<int>(leaf / kLeavesPerRun % static_cast<uint32_t>(lane_count)) != lane)
      continue;
    add_leaf<S>(lattice.corner_rows.data() + size_t{leaf} * kCornersPerLeaf, pass, values,
                touched_pages, out);
  }
}

}  // namespace

void add_smoothness(const Lattice& lattice, const SmoothnessPass& pass, const float* values,
                    int stride, const uint8_t* touched_pages, int lane, int lane_count,
                    TrainLane& out) {
  if (stride == 8) add_leaves<8>(lattice, pass, values, touched_pages, lane, lane_count, out);
  if (stride == 16) add_leaves<16>(lattice, pass, values, touched_pages, lane, lane_count, out);
  if (stride == 32) add_leaves<32>(lattice, pass, values, touched_pages, lane, lane_count, out);
}

}  // namespace voxpack
