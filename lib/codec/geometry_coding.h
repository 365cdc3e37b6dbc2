// The coded form of the tree: one template that the encoder and the decoder both instantiate, so
// that they cannot disagree (docs/format.md, "Geometry").
#pragma once

#include <memory>
#include <string>

#include "codec/bit_model.h"
#include "codec/child_grid.h"
#include "codec/geometry_contexts.h"
#include "codec/octree.h"

namespace voxpack {

template <class Coder>
class GeometryCoding {
 public:
  // Codes `tree`, or fills it when decoding: then it holds its shape, and at most `point_limit`
  // nodes are made per depth. Fails with bad_data if the stream does not describe a tree with that
  // many points.
  static Status run(Coder& coder, Tree& tree, uint32_t point_limit) {
    auto self = std::make_unique<GeometryCoding>(coder, tree, point_limit);
    return self->code_tree();
  }

  GeometryCoding(Coder& coder, Tree& tree, uint32_t point_limit)
      : coder_(coder), tree_(tree), point_limit_(point_limit), walk_(tree) {
    wide_.resize(kWideOffsets[8]);
    counts_.resize(size_t{1} << 16);
    presence_.resize(size_t{1} << 17);
  }

 private:
  static constexpr int kLimit = 255;

  Status code_tree() {
    const int depth_count = tree_.shape.depth() + 1;
    if constexpr (Coder::kDecodes) {
      tree_.offset = {0, 1};
      reserve_tree(size_t{point_limit_} + point_limit_ / 3);  // about what a surface takes
      resize_tree(1);
      tree_.leaf_depth[0] = kUndivided;
    }
    // All nodes of the last depth are points: nothing is coded there.
    for (int depth = 0; depth + 1 < depth_count; ++depth) {
      if constexpr (requires { coder_.begin_depth(depth); }) coder_.begin_depth(depth);
      VOXPACK_TRY(code_depth(depth));
    }
    if constexpr (Coder::kDecodes) {
      for (uint32_t node = tree_.offset[depth_count - 1]; node < tree_.offset[depth_count];
           ++node) {
        tree_.link[node] = tree_.point_count++;
      }
    }
    return {};
  }

  Status code_depth(int depth) {
    depth_ = depth;
    first_ = tree_.offset[depth];
    next_child_ = tree_.offset[depth + 1];
    if constexpr (Coder::kDecodes) {
      uint64_t points = 0;  // of this depth
      for (uint32_t node = first_; node < next_child_; ++node) {
        points += tree_.leaf_depth[node] == depth;
      }
      // Every child has at least one point.
      const uint64_t known = tree_.point_count + points;
      child_limit_ = std::min(8 * (next_child_ - first_ - points),
                              point_limit_ > known ? point_limit_ - known : 0);
      resize_tree(next_child_ + child_limit_);
    }
    Status status;
    if (depth == 0) {
      Neighbours around;
      around.fill(kNoNode);
      around[kSelf] = 0;
      ChildWindow nothing;
      status = code_node(0, 0, around, 0, nothing);
    } else {
      status = code_children();
    }
    VOXPACK_TRY(std::move(status));
    if constexpr (Coder::kDecodes) {
      tree_.offset.push_back(next_child_);
      resize_tree(next_child_);
    }
    return {};
  }

  // All nodes of the depth, parent by parent.
  Status code_children() {
    const uint32_t first_parent = tree_.offset[depth_ - 1];
    cells_.resize(first_ - first_parent);
    for (uint32_t parent = first_parent; parent < first_; ++parent) {
      const uint8_t mask = tree_.child_mask[parent];
      cells_[parent - first_parent] = mask == 0 ? kAllCells : kCellsOfChildren[mask];
    }
    Status status;
    walk_.visit_depth(depth_ - 1, [&](uint32_t parent, uint32_t, const Neighbours& around) {
      if (status.ok()) status = code_family(parent, around);
    });
    return status;
  }

  // The children of a node.
  Status code_family(uint32_t parent, const Neighbours& around) {
    const uint32_t first_parent = tree_.offset[depth_ - 1];
    const uint8_t mask = tree_.child_mask[parent];
    ChildWindow window;
    uint64_t nodes = 0;
    for (int i = 0; i < 27; ++i) {
      const uint32_t other = around[i];
      if (other == kNoNode) continue;
      const uint8_t children = tree_.child_mask[other];
      nodes |= kChildGrid[i][children == 0 ? 255 : children];
      window.add(i, other < first_parent ? kAllCells : cells_[other - first_parent]);
    }
    GrandchildCells cells = 0;
    uint32_t node = tree_.link[parent];
    const bool undivided = tree_.leaf_depth[parent] == kUndivided;
    NeighbourGrid grid;
    Neighbours own;
    if (undivided) grid.fill(tree_, around);
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      if (undivided) grid.neighbours(c, own);
      VOXPACK_TRY(code_node(node, c, own, nodes, window));
      const uint8_t coded = tree_.child_mask[node] == 0 ? 255 : tree_.child_mask[node];
      cells |= cells_of_child(c, coded);
      ++node;
    }
    cells_[parent - first_parent] = cells;
    return {};
  }

  // `child`: of its parent; `around`: filled in if the parent is no block and lies in none;
  // `nodes`: the nodes of this depth around those of the parent (as
  // kChildGrid); `window`: the cells around those of the parent, changed to those of this node.
  Status code_node(uint32_t node, int child, const Neighbours& around, uint64_t nodes,
                   ChildWindow& window) {
    // When encoding, a block's node carries its leaf depth already.
    const bool decides =
        tree_.leaf_depth[node] == kUndivided || tree_.leaf_depth[node] == depth_ + 2;
    if (decides) code_division(node, around);
    if (tree_.leaf_depth[node] == depth_) {
      if constexpr (Coder::kDecodes) tree_.link[node] = tree_.point_count++;
      return {};
    }
    window.set_child(child, 0);
    const uint8_t mask = code_mask(tree_.child_mask[node], child, nodes, window);
    window.set_child(child, mask);
    if constexpr (Coder::kDecodes) return append_children(node, mask);
    return {};
  }

  Status append_children(uint32_t node, uint8_t mask) {
    const uint32_t end = next_child_ + kBitCount[mask];
    if (coder_.overrun()) return {Errc::bad_data, "geometry: the section ends too early"};
    if (end - tree_.offset[depth_ + 1] > child_limit_) {
      return {Errc::bad_data, "geometry: more nodes at depth " + std::to_string(depth_ + 1) +
                                  " than the " + std::to_string(point_limit_) +
                                  " points of the header"};
    }
    tree_.child_mask[node] = mask;
    tree_.link[node] = next_child_;
    const uint8_t leaf_depth = tree_.leaf_depth[node];
    for (; next_child_ < end; ++next_child_) tree_.leaf_depth[next_child_] = leaf_depth;
    return {};
  }

  void reserve_tree(size_t size) {
    tree_.child_mask.reserve(size);
    tree_.link.reserve(size);
    tree_.leaf_depth.reserve(size);
  }

  void resize_tree(uint64_t size) {
    tree_.child_mask.resize(size);
    tree_.link.resize(size);
    tree_.leaf_depth.resize(size);
  }

  // Whether an undivided node is a block of the level that its depth allows.
  void code_division(uint32_t node, const Neighbours& around) {
    const TreeShape& shape = tree_.shape;
    const int level = shape.min_level + (shape.depth() - 2 - depth_);
    if (level > shape.max_level) return;
    bool is_block = true;
    if (level > shape.min_level) {
      int blocks = 0, divided = 0;
      for (const int i : {4, 10, 12, 14, 16, 22, 1, 3, 9}) {
        const uint32_t other = around[i];
        if (other == kNoNode) continue;
        if (other < first_ || tree_.leaf_depth[other] != kUndivided) {
          if (other < node) ++blocks;
        } else if (other < node) {
          ++divided;
        }
      }
      Counter& counter =
          division_[level - shape.min_level][std::min(blocks, 5)][std::min(divided, 5)];
      is_block = coder_.code(clamp_probability(counter.p), tree_.leaf_depth[node] == depth_ + 2);
      update_counter(counter, is_block, kLimit);
    }
    if constexpr (Coder::kDecodes) {
      if (is_block) tree_.leaf_depth[node] = static_cast<uint8_t>(depth_ + 2);
    }
  }

  // `mask`: 0 when decoding.
  uint8_t code_mask(uint32_t mask, int child, uint64_t nodes, const ChildWindow& window) {
    uint32_t outer[8];
    outer_contexts(window, child, outer);
    for (int c = 0; c < 8; ++c) {
      __builtin_prefetch(&wide_[kWideOffsets[c] + (outer[c] >> kFacesShift << kSiblingBits[c])], 1);
    }
    const uint32_t presence = presence_of(nodes, child);
    uint32_t coded = 0;
    for (uint32_t c = 0; c < 8; ++c) {
      bool bit = true;  // a node without children does not exist
      if (c < 7 || coded != 0) {
        bit = code_child(c, 1u << c | coded, outer[c], presence, mask >> c & 1);
      }
      coded |= static_cast<uint32_t>(bit) << c;
    }
    return static_cast<uint8_t>(coded);
  }

  // Which of the 6 face neighbours of the node exist, and how many of the others.
  static uint32_t presence_of(uint64_t nodes, int child) {
    const uint64_t near = nodes >> ((child & 1) + 4 * (child >> 1 & 1) + 16 * (child >> 2));
    const auto square = [near](int shift) {
      const auto rows = static_cast<uint32_t>(near >> shift);
      return (rows & 7) | (rows >> 1 & 0x38) | (rows >> 2 & 0x1c0);
    };
    const uint32_t below = square(0), own = square(16) & ~16u, above = square(32);
    const uint32_t faces = (below >> 4 & 1) | (own >> 1 & 1) << 1 | (own >> 3 & 1) << 2 |
                           (own >> 5 & 1) << 3 | (own >> 7 & 1) << 4 | (above >> 4 & 1) << 5;
    const auto count = [](uint32_t cells) { return kBitCount[cells & 255] + (cells >> 8); };
    const uint32_t others = count(below) + count(own) + count(above) - kBitCount[faces];
    return faces | std::min(7u, others / 2) << 6;
  }

  bool code_child(uint32_t c, uint32_t siblings, uint32_t outer, uint32_t presence, bool bit) {
    const SiblingContext& sibling = kSiblingContexts[siblings];
    const uint32_t counts = (outer & kCountFields) + (sibling.word & kCountFields);
    const uint32_t edges = counts >> kEdgeCountShift & 15, corners = counts & 15;
    const uint32_t faces = (outer >> kFacesShift & 7) << 3 | (sibling.word >> kFacesShift & 7);
    const std::array<Counter*, 3> counters = {
        &wide_[kWideOffsets[c] + (outer >> kFacesShift << kSiblingBits[c]) + sibling.place],
        &counts_[c << 13 | faces << 7 | edges << 3 | std::min(7u, corners)],
        &presence_[siblings | presence << 8]};
    Mix<3> mix;
    mix.prepare(counters, weights_[c][counts >> kFaceCountShift]);
    bit = coder_.code(mix.probability(), bit);
    mix.update(bit, kLimit);
    return bit;
  }

  Coder& coder_;
  Tree& tree_;
  const uint32_t point_limit_;
  int depth_ = 0;
  uint32_t first_ = 0;        // node of the depth
  uint32_t next_child_ = 0;   // that a node of the depth gets
  uint64_t child_limit_ = 0;  // of the depth, when decoding
  NeighbourWalk walk_;
  std::vector<GrandchildCells> cells_;  // of the parents; a child not coded yet counts as full
  std::vector<Counter> wide_;           // child, faces, edges
  std::vector<Counter> counts_;         // child, faces, number of edges and corners
  std::vector<Counter> presence_;       // children coded so far, nodes around
  std::array<std::array<MixWeights<3>, 7>, 8> weights_;
  std::array<std::array<std::array<Counter, 6>, 6>, 8> division_;
};

}  // namespace voxpack
