// What is occupied around the grandchildren of a node: 6 x 6 x 6 cells, of which the node has the
// middle 4 x 4 x 4. Geometry and shapes look at the 3 x 3 x 3 cells around each of these.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace voxpack {

// Cells of the grandchildren of one node: bit x + 4 y + 16 z.
using GrandchildCells = uint64_t;
inline constexpr GrandchildCells kAllCells = ~GrandchildCells{0};

// The cells of child c that are in `mask` (bit x + 2 y + 4 z).
inline constexpr auto kCellsOfMask = [] {
  std::array<uint32_t, 256> table{};
  for (int mask = 0; mask < 256; ++mask) {
    for (int c = 0; c < 8; ++c) {
      if (mask >> c & 1) table[mask] |= 1u << ((c & 1) + 4 * (c >> 1 & 1) + 16 * (c >> 2));
    }
  }
  return table;
}();
inline GrandchildCells cells_of_child(int c, uint8_t mask) {
  return GrandchildCells{kCellsOfMask[mask]} << (2 * (c & 1) + 8 * (c >> 1 & 1) + 32 * (c >> 2));
}

// All cells of the children in a mask.
inline constexpr auto kCellsOfChildren = [] {
  std::array<GrandchildCells, 256> table{};
  for (int mask = 0; mask < 256; ++mask) {
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      const int shift = 2 * (c & 1) + 8 * (c >> 1 & 1) + 32 * (c >> 2);
      table[mask] |= GrandchildCells{kCellsOfMask[255]} << shift;
    }
  }
  return table;
}();

// Slices z = -1..4; in each, bit (x + 1) + 8 (y + 1) is the cell (x, y) in -1..4.
struct ChildWindow {
  uint64_t slice[6] = {};

  // Adds what touches the node of the cells of the node in place i of the 27 (as in Neighbours).
  void add(int i, GrandchildCells cells) {
    const Place& place = kPlaces[i];
    const auto put = [&](int to, uint64_t plane) {
      const uint64_t spread = kSpread[plane & 255] | uint64_t{kSpread[plane >> 8 & 255]} << 16;
      slice[to] |= std::rotl(spread, place.turn) & place.mask;
    };
    if (i < 9) {
      put(0, cells >> 48);
    } else if (i >= 18) {
      put(5, cells);
    } else {
      for (int z = 0; z < 4; ++z) put(1 + z, cells >> 16 * z);
    }
  }

  // Replaces the cells of child c by those in `mask`.
  void set_child(int c, uint8_t mask) {
    const int shift = 9 + 2 * (c & 1) + 16 * (c >> 1 & 1);
    uint64_t* low = &slice[1 + 2 * (c >> 2)];
    const uint64_t keep = ~(uint64_t{0x303} << shift);
    const auto square = [](uint32_t bits) { return uint64_t{(bits & 3) | (bits & 12) << 6}; };
    low[0] = (low[0] & keep) | square(mask) << shift;
    low[1] = (low[1] & keep) | square(mask >> 4u) << shift;
  }

  // The 3 x 3 cells around (x, y), each 0..3, of a slice: bit 3 dy + dx, dx and dy 0..2.
  uint32_t square(int slice_index, int x, int y) const {
    const auto rows = static_cast<uint32_t>(slice[slice_index] >> (x + 8 * y));
    return (rows & 7) | (rows >> 5 & 0x38) | (rows >> 10 & 0x1c0);
  }

 private:
  struct Place {
    int turn;       // of the spread plane to the left
    uint64_t mask;  // of what touches
  };
  // Four bits a row to eight, the rows at 1..4.
  static constexpr auto kSpread = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t b = 0; b < 256; ++b) table[b] = (b & 15) << 9 | (b >> 4) << 17;
    return table;
  }();
  static constexpr auto kPlaces = [] {
    std::array<Place, 27> table{};
    for (int i = 0; i < 27; ++i) {
      const int dx = i % 3 - 1, dy = i / 3 % 3 - 1;
      const uint64_t columns = dx < 0 ? 1 : dx > 0 ? 0x20 : 0x1e;
      uint64_t mask = 0;
      for (int row = 0; row < 6; ++row) {
        if (dy < 0 ? row == 0 : dy > 0 ? row == 5 : row > 0 && row < 5) mask |= columns << 8 * row;
      }
      table[i] = {(4 * dx + 32 * dy) & 63, mask};
    }
    return table;
  }();
};

}  // namespace voxpack
