#include "codec/node_rows.h"

#include "codec/child_grid.h"

namespace voxpack {
namespace {

// Children with children, per node.
std::vector<uint8_t> divided_children(const Tree& tree) {
  std::vector<uint8_t> divided(tree.offset.size() < 2 ? 0 : tree.offset[tree.depth()]);
  for (size_t node = 0; node < divided.size(); ++node) {
    const uint8_t mask = tree.child_mask[node];
    uint32_t child = tree.link[node];
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      if (tree.child_mask[child++] != 0)
        divided[node] = static_cast<uint8_t>(divided[node] | 1 << c);
    }
  }
  return divided;
}

// The 3 x 3 x 3 cells around cell 0 of a 4 x 4 x 4 grid.
constexpr uint64_t kAround = 0x77707770777;

// Cells around child c.
uint64_t cells_around(int c) { return kAround << ((c & 1) + 4 * (c >> 1 & 1) + 16 * (c >> 2)); }

}  // namespace

NodeRows::NodeRows(const Tree& tree) {
  const size_t node_count = tree.child_mask.size();
  words_.resize(node_count / 64 + 1);
  for (size_t node = 0; node < node_count; ++node) {
    if (tree.child_mask[node] != 0) add(static_cast<uint32_t>(node));
  }
  const std::vector<uint8_t> divided = divided_children(tree);
  NeighbourWalk walk(tree);
  for (int depth = 0; depth + 1 < tree.depth(); ++depth) {
    walk.visit_depth(depth, [&](uint32_t node, uint32_t, const Neighbours& around) {
      const uint32_t points = tree.child_mask[node] & ~divided[node];
      if (points == 0) return;
      uint64_t cells = 0;  // with children, of the node's and its neighbours'
      for (int i = 0; i < kNeighbourCount; ++i) {
        if (around[i] != kNoNode && tree.child_mask[around[i]] != 0) {
          cells |= kChildGrid[i][divided[around[i]]];
        }
      }
      if (cells == 0) return;
      for (uint32_t rest = points; rest != 0; rest &= rest - 1) {
        const int c = std::countr_zero(rest);
        if ((cells & cells_around(c)) != 0)
          add(tree.link[node] + child_rank(tree.child_mask[node], c));
      }
    });
  }
  for (Word& word : words_) {
    word.before = static_cast<uint32_t>(count_);
    count_ += static_cast<size_t>(std::popcount(word.bits));
  }
}

}  // namespace voxpack
