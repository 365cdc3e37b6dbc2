// Sites around a block as rows of bits, so that a neighbourhood is a few shifts and ors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "field/field.h"

namespace voxpack {

// A window of N^3 sites, N <= 16: [z][y], bit x.
template <size_t N>
using BlockRows = std::array<std::array<uint16_t, N>, N>;

// Sets the sites of `mask` of a block whose first site is at `base` of the window; those outside of
// it are left out.
template <size_t N>
void add_rows(uint64_t mask, const int base[3], BlockRows<N>& rows) {
  constexpr auto kEnd = static_cast<int>(N);
  constexpr uint32_t kInside = (1u << N) - 1;
  for (int k = std::max(base[2], 0); k < std::min(base[2] + kBlockCells, kEnd); ++k) {
    for (int j = std::max(base[1], 0); j < std::min(base[1] + kBlockCells, kEnd); ++j) {
      const int y = j - base[1], z = k - base[2];
      // Of the Morton code of a site, x is bits 0 and 3, y 1 and 4, z 2 and 5.
      const uint64_t row = mask >> ((y & 1) << 1 | (y >> 1) << 4 | (z & 1) << 2 | (z >> 1) << 5);
      const auto bits = static_cast<uint32_t>((row & 3) | (row >> 6 & 12));
      auto& out = rows[static_cast<size_t>(k)][static_cast<size_t>(j)];
      out = static_cast<uint16_t>(out |
                                  (kInside & (base[0] < 0 ? bits >> -base[0] : bits << base[0])));
    }
  }
}

}  // namespace voxpack
