#include "stages/prune_seen.h"

#include <algorithm>
#include <bit>

#include "core/morton.h"
#include "stages/block_rows.h"
#include "stages/detect_pyramid.h"

namespace voxpack {
namespace {

struct SeenBlock {
  uint64_t code;
  uint64_t solid;  // seen, density > 0
};

constexpr size_t kWidth = kBlockCells + 2;  // a block with the sites around it

// The sites of a block within one step of a set site of the block and its neighbours.
uint64_t neighbours(const std::vector<SeenBlock>& blocks, const BlockIndex& index, uint64_t code) {
  BlockRows<kWidth> rows{};  // place 0 is the site below the block
  const int corner[3] = {static_cast<int>(gather_bits_3(code)),
                         static_cast<int>(gather_bits_3(code >> 1)),
                         static_cast<int>(gather_bits_3(code >> 2))};
  for (int n = 0; n < 27; ++n) {
    const int step[3] = {n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1};
    const int at[3] = {corner[0] + step[0], corner[1] + step[1], corner[2] + step[2]};
    if (at[0] < 0 || at[1] < 0 || at[2] < 0) continue;
    const uint32_t found = index.find(morton_code(
        static_cast<uint32_t>(at[0]), static_cast<uint32_t>(at[1]), static_cast<uint32_t>(at[2])));
    if (found == kNoIndex) continue;
    const int base[3] = {1 + step[0] * kBlockCells, 1 + step[1] * kBlockCells,
                         1 + step[2] * kBlockCells};
    add_rows(blocks[found].solid, base, rows);
  }
  uint64_t mask = 0;
  for (uint32_t z = 0; z < kBlockCells; ++z) {
    for (uint32_t y = 0; y < kBlockCells; ++y) {
      uint32_t near = 0;
      for (uint32_t k = 0; k < 3; ++k) {
        for (uint32_t j = 0; j < 3; ++j) near |= rows[z + k][y + j];
      }
      for (uint32_t x = 0; x < kBlockCells; ++x) {
        if (near >> x & 7) mask |= uint64_t{1} << morton_code(x, y, z);
      }
    }
  }
  return mask;
}

}  // namespace

std::vector<uint64_t> find_seen(const Field& field, std::span<const float> visibility_max,
                                float min_visibility) {
  std::vector<uint64_t> masks(field.blocks.size(), 0);
  for (size_t begin = 0; begin < field.blocks.size();) {  // level by level
    size_t end = begin;
    while (end < field.blocks.size() && field.blocks[end].level == field.blocks[begin].level) ++end;
    std::vector<SeenBlock> blocks(end - begin);
#pragma omp parallel for schedule(static)
    for (size_t b = begin; b < end; ++b) {
      const Block& block = field.blocks[b];
      SeenBlock& seen = blocks[b - begin];
      seen = {morton_code(block.x, block.y, block.z), 0};
      size_t point = block.first_point;
      for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
        if (!(visibility_max[point] >= min_visibility)) continue;
        masks[b] |= left & -left;
        if (field.density[point] > 0) seen.solid |= left & -left;
      }
    }
    BlockIndex index;
    index.build(blocks);
#pragma omp parallel for schedule(dynamic, 256)
    for (size_t b = begin; b < end; ++b) {
      const Block& block = field.blocks[b];
      uint64_t negative = 0;
      size_t point = block.first_point;
      for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
        if (field.density[point] < 0) negative |= left & -left;
      }
      negative &= ~masks[b];
      if (negative != 0) masks[b] |= negative & neighbours(blocks, index, blocks[b - begin].code);
    }
    begin = end;
  }
  return masks;
}

}  // namespace voxpack
