#include "codec/dec_geometry.h"

#include <algorithm>
#include <string>

#include "codec/dec_range.h"
#include "codec/geometry_coding.h"
#include "codec/limits.h"
#include "core/morton.h"

namespace voxpack {

Result<Tree> decode_geometry(std::span<const uint8_t> section, const TreeShape& shape,
                             uint64_t point_count) {
  Tree tree;
  tree.shape = shape;
  if (point_count == 0) {
    if (!section.empty()) return {Errc::bad_data, "geometry: bytes without points"};
    tree.offset = {0};
    return tree;
  }
  if (point_count > kCodedMaxPoints || point_count > kMaxPointsPerByte * section.size()) {
    return {Errc::bad_data, "geometry: " + std::to_string(point_count) + " points in " +
                                std::to_string(section.size()) + " bytes"};
  }
  RangeDecoder coder(section);
  VOXPACK_TRY(GeometryCoding<RangeDecoder>::run(coder, tree, static_cast<uint32_t>(point_count)));
  const uint64_t least = (point_count + kMaxPointsPerByte - 1) / kMaxPointsPerByte;
  if (coder.overrun() || section.size() != std::max<uint64_t>(least, coder.consumed())) {
    return {Errc::bad_data, "geometry: the section has " + std::to_string(section.size()) +
                                " bytes, its points take " + std::to_string(coder.consumed())};
  }
  for (size_t i = coder.consumed(); i < section.size(); ++i) {
    if (section[i] != 0) return {Errc::bad_data, "geometry: the padding is not zero"};
  }
  if (tree.point_count != point_count) {
    return {Errc::bad_data, "geometry: " + std::to_string(tree.point_count) +
                                " points, the header says " + std::to_string(point_count)};
  }
  return tree;
}

Result<std::vector<CodedBlock>> list_blocks(const Tree& tree) {
  const TreeShape& shape = tree.shape;
  std::vector<CodedBlock> blocks;
  std::vector<uint64_t> codes(tree.depth() >= 0 ? 1 : 0, 0);
  for (int depth = 0; depth + 2 <= tree.depth(); ++depth) {
    std::vector<uint64_t> next;
    const bool more = depth + 3 <= tree.depth();
    if (more) next.reserve(tree.offset[depth + 2] - tree.offset[depth + 1]);
    for (uint32_t node = tree.offset[depth]; node < tree.offset[depth + 1]; ++node) {
      const uint64_t code = codes[node - tree.offset[depth]];
      const uint8_t children = tree.child_mask[node];
      const bool is_block = tree.leaf_depth[node] == depth + 2;
      CodedBlock block;
      uint32_t child = tree.link[node];
      for (int c = 0; c < 8; ++c) {
        if (!(children >> c & 1)) continue;
        if (more) next.push_back(code * 8 + c);
        if (is_block) block.mask |= uint64_t{tree.child_mask[child]} << 8 * c;
        ++child;
      }
      if (!is_block) continue;
      block.level = static_cast<int8_t>(shape.min_level + tree.depth() - 2 - depth);
      block.x = static_cast<uint16_t>(gather_bits_3(code));
      block.y = static_cast<uint16_t>(gather_bits_3(code >> 1));
      block.z = static_cast<uint16_t>(gather_bits_3(code >> 2));
      if (!block_in_lattice(shape, block)) {
        return {Errc::bad_data, "geometry: a block of level " + std::to_string(block.level) +
                                    " lies outside the lattice"};
      }
      blocks.push_back(block);
    }
    codes = std::move(next);
  }
  if (!blocks.empty() &&
      (blocks.front().level != shape.max_level || blocks.back().level != shape.min_level)) {
    return {Errc::bad_data, "geometry: the levels of the blocks are not those of the header"};
  }
  return blocks;
}

}  // namespace voxpack
