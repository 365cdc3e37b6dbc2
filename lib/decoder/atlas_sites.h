// The order of the points in the viewer's textures. Part of AtlasBuilder.
//
// Leaves of one level that follow each other along x are a chain. Their sites stand row by row
// through the whole chain, so that the corners x and x + 1 of a cell are neighbours, in the next
// leaf too; then the rows that each leaf has for itself.
#pragma once

#include <bit>
#include <vector>

#include "decoder/atlas_builder.h"

namespace voxpack {

// Calls, in the order of the sites: row(leaf, y, z) before the first site of a row of a leaf,
// own_rows(leaf) before the rows of its own, point(rank) for a stored point, extra(number) for a
// corner of AtlasCorners::first_source.
template <class Visit>
void AtlasBuilder::visit_sites(Visit&& visit) const {
  const size_t count = map_.leaves.size();
  std::vector<uint8_t> follows(count, 0);
  for (size_t i = 0; i < count; ++i) {
    if (corners_.next[i] >= 0) follows[static_cast<size_t>(corners_.next[i])] = 1;
  }
  constexpr uint64_t kRowOfSites = 0x303;  // x = 0..3
  constexpr uint64_t kRowsOfY4AndZ4 = (uint64_t{1} << 45) - 1;
  std::vector<uint32_t> chain;
  const auto extra = [&](uint32_t leaf, uint64_t own_below, uint64_t apron_below) {
    visit.extra(corners_.first_extra[leaf] +
                static_cast<uint32_t>(std::popcount(own_below) + std::popcount(apron_below)));
  };
  for (uint32_t start = 0; start < count; ++start) {
    if (follows[start]) continue;
    chain.clear();
    for (int32_t at = static_cast<int32_t>(start); at >= 0;
         at = corners_.next[static_cast<size_t>(at)]) {
      chain.push_back(static_cast<uint32_t>(at));
    }
    for (int row = 0; row < 16; ++row) {
      const int y = row & 3, z = row >> 2;
      for (const uint32_t leaf : chain) {
        visit.row(leaf, y, z);
        const uint64_t mask = map_.leaves[leaf].mask, own = corners_.own[leaf];
        const uint64_t sites = kRowOfSites << site_bit(0, y, z);  // rising bits are rising x
        for (uint64_t rest = (mask | own) & sites; rest != 0; rest &= rest - 1) {
          const uint64_t bit = rest & -rest;
          if (own & bit) {
            extra(leaf, own & (bit - 1), 0);
          } else {
            visit.point(map_.leaves[leaf].first_point +
                        static_cast<uint32_t>(std::popcount(mask & (bit - 1))));
          }
        }
      }
      const uint64_t apron = corners_.apron[chain.back()];
      const uint64_t bit = uint64_t{1} << apron_bit(4, y, z);
      if (apron & bit) extra(chain.back(), corners_.own[chain.back()], apron & (bit - 1));
    }
    for (const uint32_t leaf : chain) {
      visit.own_rows(leaf);
      const uint64_t apron = corners_.apron[leaf];
      for (uint64_t rest = apron & kRowsOfY4AndZ4; rest != 0; rest &= rest - 1) {
        extra(leaf, corners_.own[leaf], apron & ((rest & -rest) - 1));
      }
    }
  }
}

}  // namespace voxpack
