#include "codec/octree.h"

#include <algorithm>
#include <bit>
#include <string>

#include "core/morton.h"

namespace voxpack {
namespace {

std::string describe(const CodedBlock& block) {
  return "block (" + std::to_string(block.x) + ", " + std::to_string(block.y) + ", " +
         std::to_string(block.z) + ") of level " + std::to_string(block.level);
}

// A block by the Morton code of its lowest site on the lattice of the lowest level.
struct KeyedBlock {
  uint64_t key = 0;
  uint64_t mask = 0;
  int depth = 0;  // of the block's node
};

Result<std::vector<KeyedBlock>> key_blocks(const TreeShape& shape,
                                           const std::vector<CodedBlock>& blocks) {
  std::vector<KeyedBlock> keyed;
  keyed.reserve(blocks.size());
  int level = kCodedMaxLevel + 1;
  uint64_t last = 0;
  uint64_t points = 0;
  for (const CodedBlock& block : blocks) {
    const uint64_t code = morton_code(block.x, block.y, block.z);
    if (block.mask == 0) return {Errc::bad_data, describe(block) + " has no points"};
    if (block.level > level || (block.level == level && code <= last)) {
      return {Errc::bad_data, describe(block) + " is out of order"};
    }
    if (block.level < shape.min_level || block.level > shape.max_level ||
        !block_in_lattice(shape, block)) {
      return {Errc::bad_data, describe(block) + " is outside the lattice"};
    }
    level = block.level;
    last = code;
    points += std::popcount(block.mask);
    const int height = 2 + block.level - shape.min_level;
    keyed.push_back({code << 3 * height, block.mask, shape.depth() - height});
  }
  if (points > kCodedMaxPoints) {
    return {Errc::bad_data, "too many points: " + std::to_string(points)};
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const KeyedBlock& a, const KeyedBlock& b) { return a.key < b.key; });
  for (size_t i = 1; i < keyed.size(); ++i) {
    const int height = shape.depth() - keyed[i - 1].depth;
    if (keyed[i].key >> 3 * height == keyed[i - 1].key >> 3 * height) {
      return {Errc::bad_data, "blocks overlap: two lie in the place of one of another level"};
    }
  }
  return keyed;
}

// Blocks [first, last) of the sorted list lie in the node; `mask` is the part of a block's mask
// below it.
struct OpenNode {
  uint32_t first = 0;
  uint32_t last = 0;
  uint64_t mask = 0;
};

}  // namespace

int TreeShape::sites_per_axis(int level) const {
  if (level < 0) return 2 * resolution + 1;
  return (resolution + (1 << level) - 1) / (1 << level) + 1;
}

int TreeShape::depth() const {
  int depth = 2 + max_level - min_level;
  for (int level = min_level; level <= max_level; ++level) {
    const auto extent = static_cast<uint32_t>(sites_per_axis(level)) << (level - min_level);
    depth = std::max(depth, static_cast<int>(std::bit_width(extent - 1)));
  }
  return depth;
}

TreeShape shape_of(int resolution, const std::vector<CodedBlock>& blocks) {
  TreeShape shape{resolution, 0, 0};
  if (blocks.empty()) return shape;
  const auto [low, high] = std::minmax_element(
      blocks.begin(), blocks.end(),
      [](const CodedBlock& a, const CodedBlock& b) { return a.level < b.level; });
  shape.min_level = low->level;
  shape.max_level = high->level;
  return shape;
}

bool block_in_lattice(const TreeShape& shape, const CodedBlock& block) {
  int top[3] = {0, 0, 0};  // highest site inside the block per axis
  for (uint64_t rest = block.mask; rest != 0; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    top[0] = std::max(top[0], (i & 1) | (i >> 2 & 2));
    top[1] = std::max(top[1], (i >> 1 & 1) | (i >> 3 & 2));
    top[2] = std::max(top[2], (i >> 2 & 1) | (i >> 4 & 2));
  }
  const int sites = shape.sites_per_axis(block.level);
  return 4 * block.x + top[0] < sites && 4 * block.y + top[1] < sites &&
         4 * block.z + top[2] < sites;
}

Result<Tree> build_tree(const TreeShape& shape, const std::vector<CodedBlock>& blocks) {
  VOXPACK_ASSIGN(const std::vector<KeyedBlock> keyed, key_blocks(shape, blocks));
  Tree tree;
  tree.shape = shape;
  tree.offset.push_back(0);
  if (keyed.empty()) return tree;
  const int depth_count = shape.depth() + 1;
  std::vector<OpenNode> open = {{0, static_cast<uint32_t>(keyed.size()), 0}}, next;
  tree.leaf_depth.push_back(kUndivided);
  uint32_t count = 1;
  for (int depth = 0; depth + 1 < depth_count; ++depth) {
    const uint32_t first = tree.offset.back();
    tree.offset.push_back(first + count);
    tree.child_mask.resize(first + count);
    tree.link.resize(first + count);
    const bool last = depth + 2 == depth_count;  // all children are points
    next.clear();
    count = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      const auto node = static_cast<uint32_t>(first + i);
      OpenNode range = open[i];
      if (tree.leaf_depth[node] == kUndivided && keyed[range.first].depth == depth) {
        tree.leaf_depth[node] = static_cast<uint8_t>(depth + 2);
        range.mask = keyed[range.first].mask;
      }
      const uint8_t leaf_depth = tree.leaf_depth[node];
      if (leaf_depth == depth) {
        tree.link[node] = tree.point_count++;
        continue;
      }
      tree.link[node] = tree.offset.back() + count;
      if (last) {
        tree.child_mask[node] = static_cast<uint8_t>(range.mask);
        count += kBitCount[tree.child_mask[node]];
        continue;
      }
      uint8_t mask = 0;
      for (int c = 0; c < 8; ++c) {
        OpenNode child;
        if (leaf_depth != kUndivided) {
          child.mask = leaf_depth == depth + 2 ? range.mask >> 8 * c & 0xff : range.mask >> c & 1;
          if (child.mask == 0) continue;
        } else {
          const int shift = 3 * (shape.depth() - depth - 1);
          child.first = range.first;
          child.last = range.first;
          while (child.last < range.last &&
                 static_cast<int>(keyed[child.last].key >> shift & 7) == c) {
            ++child.last;
          }
          range.first = child.last;
          if (child.first == child.last) continue;
        }
        mask = static_cast<uint8_t>(mask | 1 << c);
        next.push_back(child);
        tree.leaf_depth.push_back(leaf_depth);
        ++count;
      }
      tree.child_mask[node] = mask;
    }
    open.swap(next);
  }
  const uint32_t first = tree.offset.back();
  tree.offset.push_back(first + count);
  tree.child_mask.resize(first + count);
  tree.link.resize(first + count);
  tree.leaf_depth.resize(first + count, static_cast<uint8_t>(depth_count - 1));
  for (uint32_t i = 0; i < count; ++i) tree.link[first + i] = tree.point_count++;
  return tree;
}

Tree cut_tree(const Tree& tree, int depth) {
  const uint32_t first = tree.offset[depth], end = tree.offset[depth + 1];
  Tree cut;
  cut.shape = tree.shape;
  cut.shape.min_level += tree.depth() - depth;
  cut.shape.max_level = std::max(cut.shape.max_level, cut.shape.min_level);
  cut.offset.assign(tree.offset.begin(), tree.offset.begin() + depth + 2);
  cut.child_mask.assign(tree.child_mask.begin(), tree.child_mask.begin() + end);
  cut.link.assign(tree.link.begin(), tree.link.begin() + end);
  cut.leaf_depth.assign(tree.leaf_depth.begin(), tree.leaf_depth.begin() + end);
  // A node two above the cut or lower, whose points lie below it, is or is in a block of the cut.
  for (uint32_t node = tree.offset[depth - 2]; node < end; ++node) {
    if (cut.leaf_depth[node] > depth) cut.leaf_depth[node] = static_cast<uint8_t>(depth);
  }
  for (uint32_t node = 0; node < first; ++node) cut.point_count += cut.child_mask[node] == 0;
  for (uint32_t node = first; node < end; ++node) {
    cut.child_mask[node] = 0;
    cut.link[node] = cut.point_count++;
  }
  return cut;
}

NodeWeights node_weights(const Tree& tree, int level_weight_shift) {
  NodeWeights weights(tree.child_mask.size());
  for (size_t i = weights.size(); i-- > 0;) {
    if (tree.child_mask[i] == 0) {
      const int above = tree.shape.depth() - tree.leaf_depth[i];  // level - min_level
      weights.set(i,
                  std::min<uint32_t>(kMaxWeight, 1u << std::min(16, level_weight_shift * above)));
      continue;
    }
    uint32_t sum = 0;
    const uint32_t children = kBitCount[tree.child_mask[i]];
    for (uint32_t c = 0; c < children; ++c) sum += weights[tree.link[i] + c];
    weights.set(i, std::min(kMaxWeight, sum));
  }
  return weights;
}

}  // namespace voxpack
