// CoarsenInput as bare pointers, with the look-ups that both compilers need.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/host_device.h"
#include "kernels/coarsen.h"

namespace voxpack {

// CoarseLinks; 27 neighbours per coarse block.
struct LinksView {
  const uint32_t* neighbours = nullptr;
  const uint32_t* first_child = nullptr;
  const uint8_t* child_masks = nullptr;
};

// Numbers of the points of one level.
struct NumbersView {
  int channels = 0;
  const float* density = nullptr;
  const float* features = nullptr;  // [points][channels]
};

struct CoarsenView {
  int groups =
      1;  // of four numbers of a point: density and three features, then four features each
  float scale = 1;  // voxel lengths h of a cell of the fine level
  CoarsenOptions options;
  const PyramidBlock* fine_blocks = nullptr;
  NumbersView fine;
  const float* vis_sum = nullptr;
  uint32_t coarse_count = 0;
  const PyramidBlock* coarse_blocks = nullptr;
  LinksView links;
};

// Groups of a point with `channels` features.
constexpr int group_count(int channels) { return channels / 4 + 1; }

inline LinksView view_of(const CoarseLinks& links) {
  if (links.neighbours.empty()) return {};
  return {links.neighbours.front().data(), links.first_child.data(), links.child_masks.data()};
}

inline CoarsenView view_of(const CoarsenInput& input) {
  CoarsenView view;
  view.groups = group_count(input.channels);
  view.scale = std::ldexp(1.0f, input.level);
  view.options = input.options;
  view.fine_blocks = input.fine_blocks.data();
  view.fine = {input.channels, input.density.data(), input.features.data()};
  view.vis_sum = input.vis_sum.data();
  view.coarse_count = static_cast<uint32_t>(input.coarse_blocks.size());
  view.coarse_blocks = input.coarse_blocks.data();
  view.links = view_of(*input.links);
  return view;
}

VOXPACK_HOST_DEVICE inline uint32_t count_bits(uint64_t bits) {
#ifdef __CUDA_ARCH__
  return static_cast<uint32_t>(__popcll(bits));
#else
  return static_cast<uint32_t>(__builtin_popcountll(bits));
#endif
}

// Index of the fine block at place (x, y, z), each 0..3, around coarse block `b`: 1 and 2 are its
// own. kNoIndex if there is none.
VOXPACK_HOST_DEVICE inline uint32_t fine_block(const LinksView& links, size_t b, uint32_t x,
                                               uint32_t y, uint32_t z) {
  const uint32_t neighbour = ((z + 1) >> 1) * 9 + ((y + 1) >> 1) * 3 + ((x + 1) >> 1);
  const uint32_t child = ((z + 1) & 1) << 2 | ((y + 1) & 1) << 1 | ((x + 1) & 1);
  const uint32_t parent = links.neighbours[b * 27 + neighbour];
  if (parent == kNoIndex || !(links.child_masks[parent] >> child & 1)) return kNoIndex;
  return links.first_child[parent] + count_bits(links.child_masks[parent] & ((1u << child) - 1));
}

}  // namespace voxpack
