// Morton (Z) order of 3-D coordinates: bit 0 is x, bit 1 is y, bit 2 is z, and so on.
#pragma once

#include <cstdint>

namespace voxpack {

// Spreads the low 21 bits of v so that two zero bits follow each.
constexpr uint64_t spread_bits_3(uint64_t v) {
  v &= 0x1fffff;
  v = (v | v << 32) & 0x1f00000000ffffULL;
  v = (v | v << 16) & 0x1f0000ff0000ffULL;
  v = (v | v << 8) & 0x100f00f00f00f00fULL;
  v = (v | v << 4) & 0x10c30c30c30c30c3ULL;
  v = (v | v << 2) & 0x1249249249249249ULL;
  return v;
}

constexpr uint32_t gather_bits_3(uint64_t v) {
  v &= 0x1249249249249249ULL;
  v = (v | v >> 2) & 0x10c30c30c30c30c3ULL;
  v = (v | v >> 4) & 0x100f00f00f00f00fULL;
  v = (v | v >> 8) & 0x1f0000ff0000ffULL;
  v = (v | v >> 16) & 0x1f00000000ffffULL;
  v = (v | v >> 32) & 0x1fffff;
  return static_cast<uint32_t>(v);
}

// Coordinates of at most 21 bits each.
constexpr uint64_t morton_code(uint32_t x, uint32_t y, uint32_t z) {
  return spread_bits_3(x) | spread_bits_3(y) << 1 | spread_bits_3(z) << 2;
}

}  // namespace voxpack
