// Construction of the lattice: leaf map, closure blocks, corner rows, hanging corners.
#include "kernels/lattice.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <parallel/algorithm>

#include "core/morton.h"
#include "kernels/lattice_corners.h"

namespace voxpack {
namespace {

constexpr int kTopCell = 8;  // fine blocks per axis of a top cell

uint32_t& top_entry(Lattice& lattice, const int64_t lower[3]) {
  return lattice
      .top[(lower[2] / kTopCell * lattice.top_size + lower[1] / kTopCell) * lattice.top_size +
           lower[0] / kTopCell];
}

// Sets the leaf of all fine blocks that `block` covers; for several blocks at the same time.
void map_block(Lattice& lattice, const Block& block, uint32_t leaf) {
  const int shift = block.level - lattice.finest_level;
  const int64_t size = int64_t{1} << shift;
  const int64_t lower[3] = {block.x * size, block.y * size, block.z * size};
  if (size >= kTopCell) {
    const int64_t cells = size / kTopCell;
    for (int64_t z = lower[2] / kTopCell; z < lower[2] / kTopCell + cells; ++z) {
      for (int64_t y = lower[1] / kTopCell; y < lower[1] / kTopCell + cells; ++y) {
        for (int64_t x = lower[0] / kTopCell; x < lower[0] / kTopCell + cells; ++x) {
          if (x >= lattice.top_size || y >= lattice.top_size || z >= lattice.top_size) continue;
          lattice.top[(z * lattice.top_size + y) * lattice.top_size + x] = leaf | kWholeCell;
        }
      }
    }
    return;
  }
  const uint32_t entry = top_entry(lattice, lower);
  uint32_t* table = lattice.tables.data() + static_cast<size_t>(entry - 1) * 512;
  for (int64_t z = 0; z < size; ++z) {
    for (int64_t y = 0; y < size; ++y) {
      for (int64_t x = 0; x < size; ++x) {
        table[(((lower[2] + z) & 7) * 8 + ((lower[1] + y) & 7)) * 8 + ((lower[0] + x) & 7)] =
            leaf + 1;
      }
    }
  }
}

// Site masks of the lower faces of a block: bit i set where coordinate `axis` of site i is 0.
std::array<uint64_t, 3> lower_face_masks() {
  std::array<uint64_t, 3> masks{};
  for (int i = 0; i < 64; ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      if (gather_bits_3(static_cast<uint64_t>(i) >> axis) == 0) masks[axis] |= uint64_t{1} << i;
    }
  }
  return masks;
}

bool overlaps_leaf(const Lattice& lattice, const Block& block) {
  const int64_t size = int64_t{1} << (block.level - lattice.finest_level);
  for (int64_t z = block.z * size; z < (block.z + 1) * size; ++z) {
    for (int64_t y = block.y * size; y < (block.y + 1) * size; ++y) {
      for (int64_t x = block.x * size; x < (block.x + 1) * size; ++x) {
        if (leaf_at(lattice, x, y, z) >= 0) return true;
      }
    }
  }
  return false;
}

// A block as a number, in the order of block_before().
uint64_t order_key(const Block& block) {
  return static_cast<uint64_t>(kMaxLevel - block.level) << 48 |
         morton_code(block.x, block.y, block.z);
}

Block block_of(uint64_t key) {
  const uint64_t code = key & ((uint64_t{1} << 48) - 1);
  return {static_cast<int8_t>(kMaxLevel - static_cast<int>(key >> 48)),
          static_cast<uint16_t>(gather_bits_3(code)),
          static_cast<uint16_t>(gather_bits_3(code >> 1)),
          static_cast<uint16_t>(gather_bits_3(code >> 2)),
          0,
          0};
}

// Sorted and each once; by several threads where none are at work already.
void sort_keys(std::vector<uint64_t>& keys) {
  __gnu_parallel::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

// The blocks without points below the lower boundary sites of `blocks`, as sorted keys.
std::vector<uint64_t> closure_keys(std::span<const Block> blocks, const Lattice& lattice) {
  static const std::array<uint64_t, 3> kFaces = lower_face_masks();
  std::vector<uint64_t> keys;
  for (const Block& block : blocks) {
    for (int corner = 1; corner < 8; ++corner) {
      uint64_t mask = block.mask;
      for (int axis = 0; axis < 3; ++axis) {
        if (corner >> axis & 1) mask &= kFaces[axis];
      }
      if (mask == 0) continue;
      const int dx = corner & 1, dy = corner >> 1 & 1, dz = corner >> 2;
      if (block.x < dx || block.y < dy || block.z < dz) continue;
      const Block below{block.level,
                        static_cast<uint16_t>(block.x - dx),
                        static_cast<uint16_t>(block.y - dy),
                        static_cast<uint16_t>(block.z - dz),
                        0,
                        0};
      if (!overlaps_leaf(lattice, below)) keys.push_back(order_key(below));
    }
  }
  sort_keys(keys);
  return keys;
}

// The same of all blocks of the field, coarse levels first.
std::vector<Block> closure_blocks(const Field& field, const Lattice& lattice) {
  constexpr size_t kPart = 16384;
  const std::span<const Block> blocks = field.blocks;
  std::vector<std::vector<uint64_t>> parts((blocks.size() + kPart - 1) / kPart);
  bool short_of_memory = false;  // an exception must not leave the loop
#pragma omp parallel for schedule(dynamic, 1) reduction(|| : short_of_memory)
  for (size_t i = 0; i < parts.size(); ++i) {
    try {
      parts[i] = closure_keys(blocks.subspan(i * kPart, std::min(kPart, blocks.size() - i * kPart)),
                              lattice);
    } catch (const std::bad_alloc&) {
      short_of_memory = true;
    }
  }
  if (short_of_memory) throw std::bad_alloc();
  std::vector<uint64_t> keys;
  for (const auto& part : parts) keys.insert(keys.end(), part.begin(), part.end());
  sort_keys(keys);
  std::vector<Block> closure(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) closure[i] = block_of(keys[i]);
  return closure;
}

LeafView leaf_view(const Block& block, int finest_level) {
  const int shift = block.level - finest_level;
  const float size = static_cast<float>(kBlockCells << shift);
  return {{block.x * size, block.y * size, block.z * size}, size, shift, 0};
}

// Adds `blocks`, which do not overlap each other nor the leaves that are there, as leaves in their
// order.
void add_leaves(Lattice& lattice, std::span<const Block> blocks) {
  uint32_t table_count = static_cast<uint32_t>(lattice.tables.size() / 512);
  for (const Block& block : blocks) {  // tables are numbered in the order of the leaves
    const int64_t size = int64_t{1} << (block.level - lattice.finest_level);
    if (size >= kTopCell) continue;
    const int64_t lower[3] = {block.x * size, block.y * size, block.z * size};
    uint32_t& entry = top_entry(lattice, lower);
    if (entry == 0) entry = ++table_count;
  }
  lattice.tables.resize(size_t{table_count} * 512, 0);
  const size_t first = lattice.leaves.size();
  lattice.leaves.resize(first + blocks.size());
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < blocks.size(); ++i) {
    map_block(lattice, blocks[i], static_cast<uint32_t>(first + i));
    lattice.leaves[first + i] = leaf_view(blocks[i], lattice.finest_level);
  }
}

// Marks the void cells of the top grid with how far they are from others: the largest distance on
// any axis, found by one sweep forward and one back.
void mark_void_cells(Lattice& lattice) {
  const int n = lattice.top_size;
  if (std::all_of(lattice.top.begin(), lattice.top.end(), [](uint32_t e) { return e == 0; })) {
    std::fill(lattice.top.begin(), lattice.top.end(), kVoidCell | kMaxVoidReach);
    return;
  }
  const auto place = [n](int x, int y, int z) { return (size_t(z) * n + y) * n + x; };
  const auto sweep = [&](int step) {
    const int first = step > 0 ? 0 : n - 1;
    for (int z = first; z >= 0 && z < n; z += step) {
      for (int y = first; y >= 0 && y < n; y += step) {
        for (int x = first; x >= 0 && x < n; x += step) {
          uint32_t& entry = lattice.top[place(x, y, z)];
          if (entry != 0 && !is_void_cell(entry)) continue;
          uint32_t reach = entry == 0 ? kMaxVoidReach : entry & kMaxVoidReach;
          for (int i = 0; i < 13; ++i) {  // the 13 of the 26 neighbours that the sweep has passed
            const int at[3] = {x + step * (i % 3 - 1), y + step * (i / 3 % 3 - 1),
                               z + step * (i / 9 - 1)};
            if (std::min({at[0], at[1], at[2]}) < 0 || std::max({at[0], at[1], at[2]}) >= n)
              continue;
            const uint32_t near = lattice.top[place(at[0], at[1], at[2])];
            reach = is_void_cell(near) ? std::min(reach, (near & kMaxVoidReach) + 1) : 0;
            if (reach == 0) break;
          }
          entry = kVoidCell | reach;
        }
      }
    }
  };
  sweep(1);
  sweep(-1);
}

// The lattice without its corners.
Result<Lattice> make_leaves(const Field& field) {
  Lattice lattice;
  lattice.cube = field.cube;
  lattice.resolution = field.resolution;
  lattice.point_count = point_count(field.blocks);
  for (const Block& block : field.blocks) {
    lattice.finest_level = std::min<int>(lattice.finest_level, block.level);
  }
  if (!field.blocks.empty()) {
    lattice.finest_level = field.blocks.back().level;  // coarse levels come first
  }
  if (lattice.point_count >= (uint64_t{1} << 31)) {
    return {Errc::device, "the field has " + std::to_string(lattice.point_count) +
                              " points; at most 2^31 can be marched at once"};
  }
  // Coarse blocks may reach beyond the cube: the top grid holds all of every block.
  int fine_blocks = 1;
  for (const Block& block : field.blocks) {
    const int end = std::max({block.x, block.y, block.z}) + 1;
    fine_blocks = std::max(fine_blocks, end << (block.level - lattice.finest_level));
  }
  lattice.top_size = (fine_blocks + kTopCell - 1) / kTopCell;
  lattice.top.assign(size_t(lattice.top_size) * lattice.top_size * lattice.top_size, 0);
  add_leaves(lattice, field.blocks);
  const std::vector<Block> closure = closure_blocks(field, lattice);
  for (size_t first = 0; first < closure.size();) {  // level by level, coarse ones first
    size_t end = first;
    std::vector<Block> fresh;
    for (; end < closure.size() && closure[end].level == closure[first].level; ++end) {
      if (!overlaps_leaf(lattice, closure[end])) fresh.push_back(closure[end]);
    }
    add_leaves(lattice, fresh);
    first = end;
  }
  return lattice;
}

}  // namespace

LatticeView Lattice::view() const {
  return {finest_level, top_size, top.data(), tables.data(), leaves.data(), corner_rows.data()};
}

int leaf_at(const Lattice& lattice, int64_t x, int64_t y, int64_t z) {
  const int64_t blocks = int64_t{lattice.top_size} * kTopCell;
  if (x < 0 || y < 0 || z < 0 || x >= blocks || y >= blocks || z >= blocks) return -1;
  const uint32_t entry =
      lattice.top[((z >> 3) * lattice.top_size + (y >> 3)) * lattice.top_size + (x >> 3)];
  if (entry == 0 || is_void_cell(entry)) return -1;
  if (entry & kWholeCell) return static_cast<int>(entry & ~kWholeCell);
  return static_cast<int>(
             lattice.tables[size_t{entry - 1} * 512 + ((z & 7) * 8 + (y & 7)) * 8 + (x & 7)]) -
         1;
}

Result<Lattice> make_lattice(const Field& field) {
  VOXPACK_ASSIGN(Lattice lattice, make_leaves(field));
  mark_void_cells(lattice);
  find_corner_rows(field, lattice);
  return lattice;
}

Result<std::vector<uint8_t>> find_used_points(const Field& field) {
  VOXPACK_ASSIGN(Lattice lattice, make_leaves(field));
  std::vector<uint8_t> used(lattice.point_count, 0);
  mark_corner_points(field, lattice, used);
  return used;
}

RayFrame ray_frame(const Lattice& lattice) {
  RayFrame frame{};
  for (int a = 0; a < 3; ++a) frame.origin[a] = lattice.cube.origin[a];
  frame.cells_per_unit = lattice.resolution / lattice.cube.edge;
  frame.fine = lattice.finest_level < 0 ? 2.0 : 1.0 / (1 << lattice.finest_level);
  frame.half = lattice.top_size * kTopCell * kBlockCells / frame.fine / 2;
  return frame;
}

float centre_of(const Lattice& lattice) {
  return 0.5f * static_cast<float>(lattice.resolution) *
         static_cast<float>(ray_frame(lattice).fine);
}

MarchRay to_march_ray(const Lattice& lattice, const Ray& ray, float offset) {
  return to_march_ray(ray_frame(lattice), ray.origin.data(), ray.direction.data(), offset);
}

}  // namespace voxpack
