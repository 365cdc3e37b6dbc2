// How far rays may step over the void: the marks of the top grid.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/lattice.h"
#include "kernels/random_field.h"

namespace voxpack {
namespace {

// The largest reach for which all cells around are void, by trying.
uint32_t reach_of(const Lattice& lattice, int x, int y, int z) {
  const int n = lattice.top_size;
  for (int reach = 1;; ++reach) {
    bool beyond = true;  // the grid lies inside the box
    for (int k = z - reach; k <= z + reach; ++k) {
      for (int j = y - reach; j <= y + reach; ++j) {
        for (int i = x - reach; i <= x + reach; ++i) {
          const bool rim = std::max({std::abs(i - x), std::abs(j - y), std::abs(k - z)}) == reach;
          if (!rim || std::min({i, j, k}) < 0 || std::max({i, j, k}) >= n) continue;
          beyond = false;
          if (!is_void_cell(lattice.top[(static_cast<size_t>(k) * n + j) * n + i])) {
            return static_cast<uint32_t>(reach - 1);
          }
        }
      }
    }
    if (beyond) return kMaxVoidReach;
  }
}

TEST(VoidCells, ReachToTheNearestOther) {
  for (const double keep : {0.0005, 0.003, 0.05}) {
    RandomFieldOptions options;
    options.resolution = 400;
    options.keep_block = keep;
    const Field field = make_random_field(options, 9);
    ASSERT_FALSE(field.blocks.empty());
    const auto made = make_lattice(field);
    ASSERT_TRUE(made.ok());
    const Lattice& lattice = made.value();
    const int n = lattice.top_size;
    size_t at = 0, far = 0;
    for (int z = 0; z < n; ++z) {
      for (int y = 0; y < n; ++y) {
        for (int x = 0; x < n; ++x, ++at) {
          ASSERT_NE(lattice.top[at], 0u);
          if (!is_void_cell(lattice.top[at])) continue;
          ASSERT_EQ(lattice.top[at] & kMaxVoidReach, reach_of(lattice, x, y, z))
              << x << " " << y << " " << z;
          far += (lattice.top[at] & kMaxVoidReach) > 0;
        }
      }
    }
    if (keep < 0.001) {
      EXPECT_GT(far, 0u);
    }
  }
}

}  // namespace
}  // namespace voxpack
