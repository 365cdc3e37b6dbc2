// The coded form of the tree: one template that the encoder and the decoder both instantiate, so
// that they cannot disagree (docs/format.md, "Geometry").
#pragma once

#include <memory>
#include <string>

#include "codec/bit_model.h"
#include "codec/child_grid.h"
#include "codec/octree.h"

namespace voxpack {

// Occupancy around a node when its own children are coded.
struct NodeSurroundings {
  uint64_t grid = 0;         // children; a node not coded yet counts as full
  uint32_t face_nodes = 0;   // which of the 6 face neighbours exist
  uint32_t other_nodes = 0;  // how many of the 20 others exist
};

inline NodeSurroundings surroundings(const Tree& tree, uint32_t first_of_depth, uint32_t node,
                                     const Neighbours& around) {
  NodeSurroundings out;
  for (int i = 0; i < 27; ++i) {
    const uint32_t other = around[i];
    if (i == kSelf || other == kNoNode) continue;
    const bool coded = other >= first_of_depth && other < node && tree.child_mask[other] != 0;
    out.grid |= kChildGrid[i][coded ? tree.child_mask[other] : 255];
    switch (i) {
      case 4:
        out.face_nodes |= 1;
        break;
      case 10:
        out.face_nodes |= 2;
        break;
      case 12:
        out.face_nodes |= 4;
        break;
      case 14:
        out.face_nodes |= 8;
        break;
      case 16:
        out.face_nodes |= 16;
        break;
      case 22:
        out.face_nodes |= 32;
        break;
      default:
        ++out.other_nodes;
    }
  }
  return out;
}

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
      : coder_(coder), tree_(tree), point_limit_(point_limit) {
    wide_.resize(size_t{1} << 21);
    counts_.resize(size_t{1} << 16);
    presence_.resize(size_t{1} << 17);
  }

 private:
  static constexpr int kLimit = 255;

  Status code_tree() {
    const int depth_count = tree_.shape.depth() + 1;
    if constexpr (Coder::kDecodes) {
      tree_.offset = {0, 1};
      append(kUndivided);
    }
    NeighbourWalk walk(tree_);
    // All nodes of the last depth are points: nothing is coded there.
    for (int depth = 0; depth + 1 < depth_count; ++depth) {
      if constexpr (requires { coder_.begin_depth(depth); }) coder_.begin_depth(depth);
      const uint32_t first = tree_.offset[depth];
      Status status;
      walk.visit_depth(depth, depth + 2 < depth_count,
                       [&](uint32_t node, uint32_t, const Neighbours& around) {
                         if (status.ok()) status = code_node(depth, first, node, around);
                       });
      VOXPACK_TRY(std::move(status));
      if constexpr (Coder::kDecodes) {
        tree_.offset.push_back(static_cast<uint32_t>(tree_.link.size()));
      }
    }
    if constexpr (Coder::kDecodes) {
      for (uint32_t node = tree_.offset[depth_count - 1]; node < tree_.offset[depth_count];
           ++node) {
        tree_.link[node] = tree_.point_count++;
      }
    }
    return {};
  }

  Status code_node(int depth, uint32_t first, uint32_t node, const Neighbours& around) {
    // When encoding, a block's node carries its leaf depth already.
    const bool decides =
        tree_.leaf_depth[node] == kUndivided || tree_.leaf_depth[node] == depth + 2;
    if (decides) code_division(depth, first, node, around);
    if (tree_.leaf_depth[node] == depth) {
      if constexpr (Coder::kDecodes) tree_.link[node] = tree_.point_count++;
      return {};
    }
    const uint8_t mask = code_mask(node, surroundings(tree_, first, node, around));
    if constexpr (Coder::kDecodes) {
      tree_.child_mask[node] = mask;
      tree_.link[node] = static_cast<uint32_t>(tree_.link.size());
      for (int c = 0; c < 8; ++c) {
        if (mask >> c & 1) append(tree_.leaf_depth[node]);
      }
      if (coder_.overrun()) return {Errc::bad_data, "geometry: the section ends too early"};
      if (tree_.link.size() - tree_.offset[depth + 1] + tree_.point_count > point_limit_) {
        return {Errc::bad_data, "geometry: more nodes at depth " + std::to_string(depth + 1) +
                                    " than the " + std::to_string(point_limit_) +
                                    " points of the header"};
      }
    }
    return {};
  }

  void append(uint8_t leaf_depth) {
    tree_.child_mask.push_back(0);
    tree_.link.push_back(0);
    tree_.leaf_depth.push_back(leaf_depth);
  }

  // Whether an undivided node is a block of the level that its depth allows.
  void code_division(int depth, uint32_t first, uint32_t node, const Neighbours& around) {
    const TreeShape& shape = tree_.shape;
    const int level = shape.min_level + (shape.depth() - 2 - depth);
    if (level > shape.max_level) return;
    bool is_block = true;
    if (level > shape.min_level) {
      int blocks = 0, divided = 0;
      for (const int i : {4, 10, 12, 14, 16, 22, 1, 3, 9}) {
        const uint32_t other = around[i];
        if (other == kNoNode) continue;
        if (other < first || tree_.leaf_depth[other] != kUndivided) {
          if (other < node) ++blocks;
        } else if (other < node) {
          ++divided;
        }
      }
      Counter& counter =
          division_[level - shape.min_level][std::min(blocks, 5)][std::min(divided, 5)];
      is_block = coder_.code(clamp_probability(counter.p), tree_.leaf_depth[node] == depth + 2);
      update_counter(counter, is_block, kLimit);
    }
    if constexpr (Coder::kDecodes) {
      if (is_block) tree_.leaf_depth[node] = static_cast<uint8_t>(depth + 2);
    }
  }

  uint8_t code_mask(uint32_t node, const NodeSurroundings& near) {
    const uint32_t mask = tree_.child_mask[node];  // 0 when decoding
    const uint32_t presence = near.face_nodes | std::min(7u, near.other_nodes / 2) << 6;
    uint64_t grid = near.grid;
    uint32_t coded = 0;
    for (int c = 0; c < 8; ++c) {
      bool bit = true;  // a node without children does not exist
      if (c < 7 || coded != 0) {
        bit = code_child(c, coded, grid, presence, mask >> c & 1);
      }
      if (bit) {
        coded |= 1u << c;
        grid |= kChildGrid[kSelf][1u << c];
      }
    }
    return static_cast<uint8_t>(coded);
  }

  bool code_child(int c, uint32_t coded, uint64_t grid, uint32_t presence, bool bit) {
    const int shift = (c & 1) + 4 * (c >> 1 & 1) + 16 * (c >> 2);
    const uint64_t near = grid >> shift;  // 3 x 3 x 3 around the child, centre at bit 21
    const auto row = [near](int i) { return static_cast<uint32_t>(near >> i & 7); };
    // Rows (y, z): faces are 1 of row (0,1), (2,1), (1,0), (1,2) and 0 and 2 of row (1,1).
    const uint32_t below = row(4), above = row(36), left = row(16), right = row(24), own = row(20);
    const uint32_t faces = (below >> 1 & 1) | (above & 2) | (left & 2) << 1 | (right & 2) << 2 |
                           (own & 1) << 4 | (own & 4) << 3;
    const auto ends = [](uint32_t r) { return (r & 1) | (r >> 1 & 2); };
    const uint32_t r00 = row(0), r20 = row(8), r02 = row(32), r22 = row(40);
    const uint32_t edges = ends(below) | ends(above) << 2 | ends(left) << 4 | ends(right) << 6 |
                           (r00 >> 1 & 1) << 8 | (r20 >> 1 & 1) << 9 | (r02 >> 1 & 1) << 10 |
                           (r22 >> 1 & 1) << 11;
    const uint32_t corners = ends(r00) | ends(r20) << 2 | ends(r02) << 4 | ends(r22) << 6;
    const uint32_t edge_count = kBitCount[edges & 0xff] + kBitCount[edges >> 8];
    const uint32_t corner_count = kBitCount[corners];
    const uint32_t face_count = kBitCount[faces];
    const auto child = static_cast<uint32_t>(c);
    const std::array<Counter*, 3> counters = {
        &wide_[child << 18 | faces << 12 | edges],
        &counts_[child << 13 | faces << 7 | edge_count << 3 | std::min(7u, corner_count)],
        &presence_[((1u << c) | coded) | presence << 8]};
    mix_.prepare(counters, weights_[child][face_count]);
    bit = coder_.code(mix_.probability(), bit);
    mix_.update(bit, kLimit);
    return bit;
  }

  Coder& coder_;
  Tree& tree_;
  const uint32_t point_limit_;
  std::vector<Counter> wide_;      // child, faces, edges
  std::vector<Counter> counts_;    // child, faces, number of edges and corners
  std::vector<Counter> presence_;  // children coded so far, nodes around
  Mix<3> mix_;
  std::array<std::array<MixWeights<3>, 7>, 8> weights_;
  std::array<std::array<std::array<Counter, 6>, 6>, 8> division_;
};

}  // namespace voxpack
