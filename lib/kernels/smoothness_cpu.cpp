#include "kernels/smoothness.h"

namespace voxpack {
namespace {

// Runs of neighbouring leaves go to one lane: most of their pairs lie on the same pages.
constexpr uint32_t kLeavesPerRun = 32 * kSmoothInterval;

}  // namespace

void add_smoothness(const Lattice& lattice, const SmoothnessPass& pass, const float* values,
                    int stride, const uint8_t* touched_pages, int lane, int lane_count,
                    TrainLane& out) {
  const MarchTable& table = best_march_table();
  for (uint32_t leaf = pass.first_leaf; leaf < pass.leaf_count; leaf += kSmoothInterval) {
    if (static_cast<int>(leaf / kLeavesPerRun % static_cast<uint32_t>(lane_count)) != lane)
      continue;
    table.smooth_leaf(lattice.corner_rows.data() + size_t{leaf} * kCornersPerLeaf, pass, values,
                      stride, touched_pages, out);
  }
}

}  // namespace voxpack
