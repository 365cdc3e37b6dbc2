// The sparse structure of a coarser level: which blocks and sites it has, and how its blocks lie to
// each other and to the fine ones.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/morton.h"
#include "stages/detect_pyramid.h"

namespace voxpack {

struct CoarseLinks {
  // Around one coarse block: itself is number 13, x fastest; kNoIndex where there is none.
  std::vector<std::array<uint32_t, 27>> neighbours;
  // Its finer blocks: those of child_masks[b], in order from first_child[b] on.
  std::vector<uint32_t> first_child;
  std::vector<uint8_t> child_masks;

  // Index of the fine block at `place` 0..3 per axis around coarse block b: 1 and 2 are its own.
  // kNoIndex if there is none.
  uint32_t fine_block(size_t b, const int place[3]) const;
};

// Fills `coarse.blocks` and `coarse.index` with the blocks that describe the blocks of `fine`:
// those with a site that interpolates one of its points, and those above a block of the region of
// the field. Masks are set, `first` is the running sum.
CoarseLinks make_coarse_blocks(const PyramidLevel& fine, PyramidLevel& coarse);

// Sites with coordinates low .. high on `axis`.
constexpr uint64_t site_range(int axis, int low, int high) {
  uint64_t mask = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    const int at = static_cast<int>(gather_bits_3(i >> axis));
    if (at >= low && at <= high) mask |= uint64_t{1} << i;
  }
  return mask;
}

}  // namespace voxpack
