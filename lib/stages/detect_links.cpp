#include "stages/detect_links.h"

#include <algorithm>
#include <bit>
#include <new>
#include <parallel/algorithm>
#include <span>

#include "core/morton.h"
#include "kernels/coarsen_view.h"
#include "stages/block_rows.h"

namespace voxpack {
namespace {

struct Codes {
  std::vector<uint64_t> all;          // of the coarse blocks, sorted
  std::vector<uint64_t> with_points;  // those that lie above the field
};

// The codes that some fine blocks give. Fine blocks are in Morton order, and so are their parents.
struct PartCodes {
  std::vector<uint64_t> parents, with_points;
  std::vector<uint64_t> spilled;  // sorted, each once
};

void append(std::vector<uint64_t>& list, uint64_t code) {
  if (list.empty() || list.back() != code) list.push_back(code);
}

void keep_each_once(std::vector<uint64_t>& sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
}

// A fine site at an odd place reaches up to the next coarse site, which may lie in the next block.
PartCodes list_part(std::span<const PyramidBlock> fine_blocks) {
  constexpr uint64_t kUpper[3] = {site_range(0, 3, 3), site_range(1, 3, 3), site_range(2, 3, 3)};
  PartCodes codes;
  for (const PyramidBlock& block : fine_blocks) {
    const uint64_t parent = parent_code(block.code);
    if (block.has_points) append(codes.with_points, parent);
    if (block.mask == 0 && !block.has_points) continue;
    append(codes.parents, parent);
    for (uint32_t step = 1; step < 8; ++step) {
      if ((block.code & step) != step) continue;
      uint64_t touching = block.mask;
      for (uint32_t a = 0; a < 3; ++a) {
        if (step >> a & 1) touching &= kUpper[a];
      }
      if (touching == 0) continue;
      append(codes.spilled, morton_code(gather_bits_3(parent) + (step & 1),
                                        gather_bits_3(parent >> 1) + (step >> 1 & 1),
                                        gather_bits_3(parent >> 2) + (step >> 2)));
    }
  }
  std::sort(codes.spilled.begin(), codes.spilled.end());
  keep_each_once(codes.spilled);
  return codes;
}

Codes list_codes(const PyramidLevel& fine) {
  constexpr size_t kPart = 16384;
  const std::span<const PyramidBlock> blocks = fine.blocks;
  std::vector<PartCodes> parts((blocks.size() + kPart - 1) / kPart);
  bool short_of_memory = false;  // an exception must not leave the loop
#pragma omp parallel for schedule(dynamic, 1) reduction(|| : short_of_memory)
  for (size_t i = 0; i < parts.size(); ++i) {
    try {
      parts[i] = list_part(blocks.subspan(i * kPart, std::min(kPart, blocks.size() - i * kPart)));
    } catch (const std::bad_alloc&) {
      short_of_memory = true;
    }
  }
  if (short_of_memory) throw std::bad_alloc();
  Codes codes;
  for (const PartCodes& part : parts) {
    codes.all.insert(codes.all.end(), part.parents.begin(), part.parents.end());
    codes.all.insert(codes.all.end(), part.spilled.begin(), part.spilled.end());
    codes.with_points.insert(codes.with_points.end(), part.with_points.begin(),
                             part.with_points.end());
  }
  __gnu_parallel::sort(codes.all.begin(), codes.all.end());
  keep_each_once(codes.all);
  keep_each_once(codes.with_points);
  return codes;
}

void link_children(const PyramidLevel& fine, const PyramidLevel& coarse, CoarseLinks& links) {
  size_t at = 0;
  for (size_t b = 0; b < coarse.blocks.size(); ++b) {
    const uint64_t code = coarse.blocks[b].code;
    while (at < fine.blocks.size() && parent_code(fine.blocks[at].code) < code) ++at;
    links.first_child[b] = static_cast<uint32_t>(at);
    uint32_t mask = 0;
    for (; at < fine.blocks.size() && parent_code(fine.blocks[at].code) == code; ++at) {
      mask |= 1u << (fine.blocks[at].code & 7);
    }
    links.child_masks[b] = static_cast<uint8_t>(mask);
  }
}

void link_neighbours(const PyramidLevel& coarse, CoarseLinks& links) {
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < coarse.blocks.size(); ++b) {
    const uint64_t code = coarse.blocks[b].code;
    const uint32_t corner[3] = {gather_bits_3(code), gather_bits_3(code >> 1),
                                gather_bits_3(code >> 2)};
    for (uint32_t n = 0; n < 27; ++n) {
      const uint32_t at[3] = {corner[0] + n % 3, corner[1] + n / 3 % 3, corner[2] + n / 9};
      const bool outside = at[0] == 0 || at[1] == 0 || at[2] == 0;
      links.neighbours[b][n] =
          outside ? kNoIndex : coarse.index.find(morton_code(at[0] - 1, at[1] - 1, at[2] - 1));
    }
  }
}

// The sites of coarse block b that interpolate a point: those with one among the 27 around.
uint64_t find_mask(const PyramidLevel& fine, const LinksView& links, size_t b) {
  BlockRows<9> rows{};
  for (uint32_t n = 0; n < 27; ++n) {
    const uint32_t place[3] = {n % 3, n / 3 % 3, n / 9};
    const uint32_t found = fine_block(links, b, place[0], place[1], place[2]);
    if (found == kNoIndex || fine.blocks[found].mask == 0) continue;
    int base[3];
    for (int a = 0; a < 3; ++a) base[a] = static_cast<int>(place[a]) * 4 - 3;
    add_rows(fine.blocks[found].mask, base, rows);
  }
  uint64_t mask = 0;
  for (uint32_t z = 0; z < 4; ++z) {
    for (uint32_t y = 0; y < 4; ++y) {
      uint32_t near = 0;
      for (uint32_t k = 0; k < 3; ++k) {
        for (uint32_t j = 0; j < 3; ++j) near |= rows[2 * z + k][2 * y + j];
      }
      for (uint32_t x = 0; x < 4; ++x) {
        if (near >> (2 * x) & 7) mask |= uint64_t{1} << morton_code(x, y, z);
      }
    }
  }
  return mask;
}

}  // namespace

CoarseLinks make_coarse_blocks(const PyramidLevel& fine, PyramidLevel& coarse) {
  const Codes codes = list_codes(fine);
  coarse.blocks.resize(codes.all.size());
  size_t next = 0;
  for (size_t i = 0; i < codes.all.size(); ++i) {
    coarse.blocks[i].code = codes.all[i];
    while (next < codes.with_points.size() && codes.with_points[next] < codes.all[i]) ++next;
    coarse.blocks[i].has_points =
        next < codes.with_points.size() && codes.with_points[next] == codes.all[i];
  }
  coarse.index.build(coarse.blocks);
  CoarseLinks links;
  links.neighbours.resize(coarse.blocks.size());
  links.first_child.resize(coarse.blocks.size());
  links.child_masks.resize(coarse.blocks.size());
  link_children(fine, coarse, links);
  link_neighbours(coarse, links);
  const LinksView view = view_of(links);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < coarse.blocks.size(); ++b) {
    coarse.blocks[b].mask = coarse.blocks[b].stored = find_mask(fine, view, b);
  }
  uint32_t count = 0;
  for (PyramidBlock& block : coarse.blocks) {
    block.first = count;
    count += static_cast<uint32_t>(std::popcount(block.stored));
  }
  return links;
}

}  // namespace voxpack
