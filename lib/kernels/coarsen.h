// Kernels::coarsen(): the numbers of the next coarser level of a sparse lattice and what it would
// lose. Who makes the blocks of that level is not the business of this room.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/large_vector.h"
#include "core/morton.h"
#include "core/status.h"

namespace voxpack {

inline constexpr uint32_t kNoIndex = 0xffffffff;

// A block of 4^3 sites of one level.
struct PyramidBlock {
  uint64_t code = 0;  // Morton code of the block coordinates
  uint64_t stored =
      0;              // sites with an entry in the arrays, in the order of the bits from `first` on
  uint64_t mask = 0;  // those that count as points; the others are empty sites
  uint32_t first = 0;
  bool from_field = false;  // a block of the field itself, not a coarse description
  bool has_points =
      false;  // the field has points in the region of the block, at this level or finer
};

// Sites of a block with coordinates low .. high on `axis`.
constexpr uint64_t site_range(int axis, int low, int high) {
  uint64_t mask = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    const int at = static_cast<int>(gather_bits_3(i >> axis));
    if (at >= low && at <= high) mask |= uint64_t{1} << i;
  }
  return mask;
}

// How the blocks of a coarse level lie to each other and to the fine ones; one entry per coarse
// block.
struct CoarseLinks {
  // Around one coarse block: itself is number 13, x fastest; kNoIndex where there is none.
  std::vector<std::array<uint32_t, 27>> neighbours;
  // Its finer blocks: those of child_masks[b], in order from first_child[b] on.
  std::vector<uint32_t> first_child;
  std::vector<uint8_t> child_masks;
};

struct CoarsenOptions {
  // Weight of an empty site's zero density, and of a hardly seen one's, in parts of the weight of
  // the best seen site around.
  float empty_weight = 0.25f;
  float lowest_density =
      -10.0f;  // raw density is clipped to this range before it is averaged: beyond it
  float highest_density =
      10.0f;  // nothing changes in the picture, but a mean would move the surface
};

struct CoarsenInput {
  int level = 0;     // of the fine lattice: its cells are 2^level voxel lengths
  int channels = 0;  // features of a point, >= 0
  std::span<const PyramidBlock> fine_blocks;
  std::span<const float> density, vis_sum;  // [n], of the stored sites of the fine blocks; >= 0 the
  std::span<const float> features;          // second; [n][channels]
  std::span<const float> gains;             // [channels], see feature_gains()
  // Every site that interpolates a fine point is one of these; all their sites are stored ones.
  std::span<const PyramidBlock> coarse_blocks;
  const CoarseLinks* links = nullptr;  // not null; belongs to these blocks
  CoarsenOptions options;
};

struct CoarsenOutput {
  // Of the sites of the coarse blocks, in their order; features [coarse sites][channels].
  LargeVector<float> density, features, vis_sum;
  // Per stored site of the fine blocks; 0 at those that are not points.
  LargeVector<float> site_error;   // error of the interpolated coarse level there (see detect.h)
  LargeVector<float> drop_cost;    // error if it became an empty site
  LargeVector<float> empty_error;  // per coarse block: error at the empty fine sites inside
};

// Fails with `usage` if the arrays of `input` do not have the sizes that its blocks ask for, or if
// a block, a link or a child lies outside of them.
Status check_coarsen_input(const CoarsenInput& input);

// Stored sites of `blocks`: the end of the last one.
size_t site_count(std::span<const PyramidBlock> blocks);

// Kernels::coarsen() on the CPU, without the check of the input.
void coarsen_cpu(const CoarsenInput& input, CoarsenOutput& output);

}  // namespace voxpack
