// Places of sites and corners in a leaf. Part of atlas_corners.cpp.
#pragma once

#include <array>
#include <cstdint>

#include "decoder/atlas_corners.h"

namespace voxpack {

struct Corner {
  int x, y, z;
};
constexpr Corner corner_at(int i) { return {i % 5, i / 5 % 5, i / 25}; }

// Sites of a block whose coordinate on an axis is 0.
inline constexpr uint64_t kLowerFaces[3] = {0x5555555555555555ULL & 0x00ff00ff00ff00ffULL,
                                            0x3333333333333333ULL & 0x0000ffff0000ffffULL,
                                            0x0f0f0f0f0f0f0f0fULL & 0x00000000ffffffffULL};
// Place of each site of a block among the corners of its leaf.
inline constexpr std::array<uint8_t, 64> kSiteCorners = [] {
  std::array<uint8_t, 64> places{};
  for (int z = 0; z < 4; ++z) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) {
        places[static_cast<size_t>(site_bit(x, y, z))] = static_cast<uint8_t>((z * 5 + y) * 5 + x);
      }
    }
  }
  return places;
}();

// Upper sides that a corner lies on: bit 0 for x = 4 and so on.
constexpr int upper_sides(Corner c) { return (c.x >> 2) | (c.y >> 2) << 1 | (c.z >> 2) << 2; }
constexpr int offset_of(int c) { return (c & 1) + (c >> 1 & 1) * 5 + (c >> 2) * 25; }

}  // namespace voxpack
