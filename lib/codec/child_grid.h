// Where the children of a node and of its neighbours lie around it.
#pragma once

#include <array>
#include <cstdint>

namespace voxpack {

// Children of the 27 nodes around a node as a 4 x 4 x 4 grid, bit x + 4 y + 16 z; the node's own
// are at 1..2.
inline constexpr auto kChildGrid = [] {
  std::array<std::array<uint64_t, 256>, 27> table{};
  for (int i = 0; i < 27; ++i) {
    for (int mask = 0; mask < 256; ++mask) {
      for (int c = 0; c < 8; ++c) {
        if (!(mask >> c & 1)) continue;
        const int x = 2 * (i % 3) - 1 + (c & 1);
        const int y = 2 * (i / 3 % 3) - 1 + (c >> 1 & 1);
        const int z = 2 * (i / 9) - 1 + (c >> 2);
        if (x >= 0 && x < 4 && y >= 0 && y < 4 && z >= 0 && z < 4) {
          table[i][mask] |= uint64_t{1} << (x + 4 * y + 16 * z);
        }
      }
    }
  }
  return table;
}();

}  // namespace voxpack
