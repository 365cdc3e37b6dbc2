// The one tree over the points of all levels that geometry and attributes are coded along
// (docs/format.md, "Tree"), and the neighbours of its nodes. Breadth first; Morton order within a
// depth.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codec/coded_field.h"
#include "core/status.h"

namespace voxpack {

inline constexpr uint32_t kNoNode = 0xffffffffu;
inline constexpr int kMaxTreeDepth = 17;
inline constexpr uint8_t kUndivided = 0xff;  // leaf_depth of a node above the blocks
inline constexpr uint32_t kMaxWeight = 1 << 16;

// What decides the depth of the tree and where blocks may be.
struct TreeShape {
  int resolution = 0;
  int min_level = 0;
  int max_level = 0;  // >= min_level

  // Points of level l are nodes of depth depth() - (l - min_level); a block's node is 2 above its
  // points.
  int depth() const;
  int point_depth(int level) const { return depth() - (level - min_level); }
  // Points per axis at `level`.
  int sites_per_axis(int level) const;
};

// Nodes are numbered through all depths; the points among them appear in the order of the field.
struct Tree {
  TreeShape shape;
  std::vector<uint32_t> offset;  // [depth + 2] first node of each depth; the last is the node count
  std::vector<uint8_t> child_mask;  // bit c: child c = x + 2 y + 4 z exists; 0: a point
  std::vector<uint32_t> link;       // first child, or rank of the point
  std::vector<uint8_t> leaf_depth;  // depth of the points below, or kUndivided
  uint32_t point_count = 0;

  int depth() const { return static_cast<int>(offset.size()) - 2; }  // -1: no nodes
};

// Number of set bits below bit `c` of a child mask; c = 8 counts all.
inline constexpr auto kBitCount = [] {
  std::array<uint8_t, 256> table{};
  for (int i = 1; i < 256; ++i) table[i] = static_cast<uint8_t>(table[i / 2] + i % 2);
  return table;
}();
inline uint32_t child_rank(uint8_t mask, int c) { return kBitCount[mask & ((1u << c) - 1)]; }

// The tree over `blocks`. Fails with bad_data if they overlap, are out of order, outside the
// lattice or empty.
Result<Tree> build_tree(const TreeShape& shape, const std::vector<CodedBlock>& blocks);

// The lowest and highest level of `blocks` (0, 0 if there are none).
TreeShape shape_of(int resolution, const std::vector<CodedBlock>& blocks);

// Whether all sites of a block lie in the lattice.
bool block_in_lattice(const TreeShape& shape, const CodedBlock& block);

// The tree down to `depth`, 2..tree.depth(), whose nodes at that depth are points of a coarser
// level: level min_level + tree.depth() - depth, which must be at most kCodedMaxLevel. Nodes keep
// their numbers. The points above that depth come first and keep their ranks.
Tree cut_tree(const Tree& tree, int depth);

// The weights of all nodes, each 1..kMaxWeight.
class NodeWeights {
 public:
  NodeWeights() = default;
  explicit NodeWeights(size_t count) : less_one_(count) {}

  uint32_t operator[](size_t node) const { return less_one_[node] + 1u; }
  void set(size_t node, uint32_t weight) { less_one_[node] = static_cast<uint16_t>(weight - 1); }
  size_t size() const { return less_one_.size(); }

 private:
  std::vector<uint16_t> less_one_;
};

// Points weigh 2^(shift * (level - min_level)), other nodes the sum of their children; both at most
// kMaxWeight.
NodeWeights node_weights(const Tree& tree, int level_weight_shift);

// The 27 nodes around a node and itself, at [(dx + 1) + 3 (dy + 1) + 9 (dz + 1)]: node of the same
// depth, or the coarser point that covers the place, or kNoNode. The last entry means nothing: rows
// of three are copied as four.
using Neighbours = std::array<uint32_t, 28>;
inline constexpr int kNeighbourCount = 27;
inline constexpr int kSelf = 13;

// A child of a neighbour that touches the node, and its cell in NeighbourGrid.
struct Touching {
  uint8_t cell, child;
};
// The children of neighbour i that touch the node: first[i] .. first[i + 1] - 1.
struct TouchingTable {
  std::array<Touching, 64> at{};
  std::array<uint8_t, kNeighbourCount + 1> first{};
};
inline constexpr auto kTouching = [] {
  TouchingTable table;
  int next = 0;
  for (int i = 0; i < kNeighbourCount; ++i) {
    for (int c = 0; c < 8; ++c) {
      const int x = 2 * (i % 3) - 1 + (c & 1);
      const int y = 2 * (i / 3 % 3) - 1 + (c >> 1 & 1);
      const int z = 2 * (i / 9) - 1 + (c >> 2);
      if (x < 0 || x > 3 || y < 0 || y > 3 || z < 0 || z > 3) continue;
      table.at[next++] = {static_cast<uint8_t>(x + 4 * y + 16 * z), static_cast<uint8_t>(c)};
    }
    table.first[i + 1] = static_cast<uint8_t>(next);
  }
  return table;
}();

// The children of a node and what touches them, at [x + 4 y + 16 z]; its own are at 1..2.
class NeighbourGrid {
 public:
  NeighbourGrid() = default;
  NeighbourGrid(const Tree& tree, const Neighbours& around) { fill(tree, around); }

  // `around`: the neighbours of the node, which must not be a point.
  void fill(const Tree& tree, const Neighbours& around) {
    node_.fill(kNoNode);
    for (int i = 0; i < kNeighbourCount; ++i) {
      const uint32_t node = around[i];
      if (node == kNoNode) continue;
      const uint8_t mask = tree.child_mask[node];
      const uint32_t link = tree.link[node];
      for (int t = kTouching.first[i]; t < kTouching.first[i + 1]; ++t) {
        const Touching& touching = kTouching.at[t];
        if (mask == 0) {
          node_[touching.cell] = node;
        } else if (mask >> touching.child & 1) {
          node_[touching.cell] = link + child_rank(mask, touching.child);
        }
      }
    }
  }

  // The neighbours of child c, which must exist.
  void neighbours(int c, Neighbours& out) const {
    const uint32_t* from = &node_[(c & 1) + 4 * (c >> 1 & 1) + 16 * (c >> 2)];
    for (int row = 0; row < 9; ++row) {
      std::memcpy(&out[3 * row], from + row % 3 * 4 + row / 3 * 16, 4 * sizeof(uint32_t));
    }
  }

 private:
  std::array<uint32_t, 65> node_;  // one more than cells: rows of three are copied as four
};

// Visits the nodes with children of one depth in order: visit(node, parent, neighbours). Finds the
// neighbours on the way down from the root, so that it keeps those of one node a depth. The tree
// must be complete down to the visited depth.
class NeighbourWalk {
 public:
  explicit NeighbourWalk(const Tree& tree) : tree_(tree) {}

  template <class Visit>
  void visit_depth(int depth, Visit&& visit) {
    Neighbours around;
    around.fill(kNoNode);
    around[kSelf] = 0;
    if (depth == 0) {
      if (tree_.child_mask[0] != 0) visit(0u, kNoNode, around);
      return;
    }
    // A loop, not a recursion, so that `visit` is inlined for the processor of its caller.
    enter(0, 0, around);
    for (int at = 0; at >= 0;) {
      Level& level = levels_[at];
      if (at + 1 == depth) {
        for (uint32_t rest = level.rest; rest != 0; rest &= rest - 1) {
          const uint32_t child = level.child++;
          if (tree_.child_mask[child] == 0) continue;
          level.grid.neighbours(std::countr_zero(rest), around);
          visit(child, level.node, around);
        }
        --at;
      } else if (level.rest == 0) {
        --at;
      } else {
        const int c = std::countr_zero(level.rest);
        const uint32_t child = level.child++;
        level.rest &= level.rest - 1;
        if (tree_.leaf_depth[child] < depth) continue;  // no node below it is as deep
        level.grid.neighbours(c, around);
        enter(++at, child, around);
      }
    }
  }

 private:
  struct Level {
    NeighbourGrid grid;
    uint32_t node = 0;
    uint32_t child = 0;  // the next one
    uint32_t rest = 0;   // bits of the child mask not visited yet
  };

  void enter(int at, uint32_t node, const Neighbours& around) {
    Level& level = levels_[at];
    level.grid.fill(tree_, around);
    level.node = node;
    level.child = tree_.link[node];
    level.rest = tree_.child_mask[node];
  }

  const Tree& tree_;
  std::array<Level, kMaxTreeDepth> levels_;  // the nodes above, from the root
};

}  // namespace voxpack
