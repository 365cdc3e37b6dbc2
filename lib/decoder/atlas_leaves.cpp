#include "decoder/atlas_leaves.h"

#include <algorithm>
#include <bit>
#include <string>

#include "core/morton.h"

namespace voxpack {
namespace {

// Sites of a block whose coordinate on an axis is 0.
constexpr uint64_t kLowerFaces[3] = {0x5555555555555555ULL & 0x00ff00ff00ff00ffULL,
                                     0x3333333333333333ULL & 0x0000ffff0000ffffULL,
                                     0x0f0f0f0f0f0f0f0fULL & 0x00000000ffffffffULL};

class LeafMapBuilder {
 public:
  LeafMapBuilder(LeafMap& map, size_t max_bytes) : map_(map), max_bytes_(max_bytes) {}

  // Adds leaves that overlap nothing.
  Status add(std::span<const AtlasLeaf> fresh) {
    size_t table_count = map_.table_count();
    for (const AtlasLeaf& leaf : fresh) {
      if (leaf.shift >= 3) continue;
      uint32_t& entry = top_entry(leaf);
      if (entry == 0) entry = static_cast<uint32_t>(++table_count);
    }
    const size_t bytes = table_count * kAtlasTableSize * sizeof(uint32_t);
    if (bytes > max_bytes_) {
      return {Errc::unsupported, "the index of the points needs " + std::to_string(bytes >> 20) +
                                     " MiB, the limit is " + std::to_string(max_bytes_ >> 20)};
    }
    map_.tables.resize(table_count * kAtlasTableSize, 0);
    for (const AtlasLeaf& leaf : fresh) {
      put(leaf, static_cast<uint32_t>(map_.leaves.size()));
      map_.leaves.push_back(leaf);
    }
    return {};
  }

  bool overlaps(const AtlasLeaf& leaf) const {
    if (leaf.shift >= 3) return overlaps_top(leaf);
    const int32_t size = 1 << leaf.shift;
    for (int32_t z = leaf.z * size; z < (leaf.z + 1) * size; ++z) {
      for (int32_t y = leaf.y * size; y < (leaf.y + 1) * size; ++y) {
        for (int32_t x = leaf.x * size; x < (leaf.x + 1) * size; ++x) {
          if (map_.leaf_at(x, y, z) >= 0) return true;
        }
      }
    }
    return false;
  }

 private:
  uint32_t& top_entry(const AtlasLeaf& leaf) {
    const int s = 3 - leaf.shift;  // shift < 3
    return map_
        .top[(static_cast<size_t>(leaf.z >> s) * map_.top_size + (leaf.y >> s)) * map_.top_size +
             (leaf.x >> s)];
  }

  // Visits the entries of the cells of the top grid that a leaf of shift >= 3 covers.
  template <class Visit>
  static void visit_top(LeafMap& map, const AtlasLeaf& leaf, Visit&& visit) {
    const int32_t cells = 1 << (leaf.shift - 3);
    for (int32_t z = leaf.z * cells; z < std::min((leaf.z + 1) * cells, map.top_size); ++z) {
      for (int32_t y = leaf.y * cells; y < std::min((leaf.y + 1) * cells, map.top_size); ++y) {
        for (int32_t x = leaf.x * cells; x < std::min((leaf.x + 1) * cells, map.top_size); ++x) {
          visit(map.top[(static_cast<size_t>(z) * map.top_size + y) * map.top_size + x]);
        }
      }
    }
  }

  bool overlaps_top(const AtlasLeaf& leaf) const {
    bool found = false;
    visit_top(map_, leaf, [&](uint32_t entry) { found |= entry != 0; });
    return found;
  }

  void put(const AtlasLeaf& leaf, uint32_t number) {
    if (leaf.shift >= 3) {
      return visit_top(map_, leaf, [&](uint32_t& entry) { entry = number | kAtlasWholeCell; });
    }
    uint32_t* table = &map_.tables[size_t{top_entry(leaf) - 1} * kAtlasTableSize];
    const int32_t size = 1 << leaf.shift;
    for (int32_t z = 0; z < size; ++z) {
      for (int32_t y = 0; y < size; ++y) {
        for (int32_t x = 0; x < size; ++x) {
          table[(((leaf.z * size + z) & 7) * 8 + ((leaf.y * size + y) & 7)) * 8 +
                ((leaf.x * size + x) & 7)] = number + 1;
        }
      }
    }
  }

  LeafMap& map_;
  size_t max_bytes_;
};

// The blocks without points that touch a point from below, as sorted keys: coarse levels first,
// then Morton order.
std::vector<uint64_t> closure_keys(const LeafMap& map, const LeafMapBuilder& builder) {
  std::vector<uint64_t> keys;
  for (size_t i = 0; i < map.block_count; ++i) {
    const AtlasLeaf& leaf = map.leaves[i];
    for (int corner = 1; corner < 8; ++corner) {
      uint64_t mask = leaf.mask;
      for (int a = 0; a < 3; ++a) {
        if (corner >> a & 1) mask &= kLowerFaces[a];
      }
      const int dx = corner & 1, dy = corner >> 1 & 1, dz = corner >> 2;
      if (mask == 0 || leaf.x < dx || leaf.y < dy || leaf.z < dz) continue;
      AtlasLeaf below = leaf;
      below.x = static_cast<uint16_t>(leaf.x - dx);
      below.y = static_cast<uint16_t>(leaf.y - dy);
      below.z = static_cast<uint16_t>(leaf.z - dz);
      if (builder.overlaps(below)) continue;
      keys.push_back((uint64_t{15} - leaf.shift) << 48 | morton_code(below.x, below.y, below.z));
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

Status add_closure(LeafMap& map, LeafMapBuilder& builder) {
  const std::vector<uint64_t> keys = closure_keys(map, builder);
  std::vector<AtlasLeaf> fresh;
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint64_t code = keys[i] & ((uint64_t{1} << 48) - 1);
    const AtlasLeaf leaf{0,
                         0,
                         static_cast<uint16_t>(gather_bits_3(code)),
                         static_cast<uint16_t>(gather_bits_3(code >> 1)),
                         static_cast<uint16_t>(gather_bits_3(code >> 2)),
                         static_cast<uint8_t>(15 - (keys[i] >> 48))};
    if (!builder.overlaps(leaf)) fresh.push_back(leaf);
    // A level is complete before finer ones look for overlaps.
    if (i + 1 == keys.size() || keys[i + 1] >> 48 != keys[i] >> 48) {
      VOXPACK_TRY(builder.add(fresh));
      fresh.clear();
    }
  }
  return {};
}

}  // namespace

int LeafMap::leaf_at(int32_t x, int32_t y, int32_t z) const {
  const int32_t blocks = top_size * kAtlasTopCell;
  if (x < 0 || y < 0 || z < 0 || x >= blocks || y >= blocks || z >= blocks) return -1;
  const uint32_t entry =
      top[(static_cast<size_t>(z >> 3) * top_size + (y >> 3)) * top_size + (x >> 3)];
  if (entry == 0) return -1;
  if (entry & kAtlasWholeCell) return static_cast<int>(entry & ~kAtlasWholeCell);
  return static_cast<int>(tables[size_t{entry - 1} * kAtlasTableSize +
                                 static_cast<size_t>(((z & 7) * 8 + (y & 7)) * 8 + (x & 7))]) -
         1;
}

int leaf_behind(const LeafMap& map, uint32_t leaf, int x, int y, int z) {
  const AtlasLeaf& from = map.leaves[leaf];
  const int found = map.leaf_at((from.x + x) << from.shift, (from.y + y) << from.shift,
                                (from.z + z) << from.shift);
  return found >= 0 && map.leaves[static_cast<size_t>(found)].shift == from.shift ? found : -1;
}

Result<LeafMap> make_leaf_map(std::span<const CodedBlock> blocks, size_t max_bytes) {
  LeafMap map;
  map.block_count = blocks.size();
  map.finest_level = blocks.empty() ? 0 : blocks.back().level;
  std::vector<AtlasLeaf> leaves;
  leaves.reserve(blocks.size());
  int64_t fine_blocks = 1;
  uint32_t first = 0;
  for (const CodedBlock& block : blocks) {
    const int shift = block.level - map.finest_level;
    fine_blocks =
        std::max(fine_blocks, (int64_t{std::max({block.x, block.y, block.z})} + 1) << shift);
    leaves.push_back({block.mask, first, block.x, block.y, block.z, static_cast<uint8_t>(shift)});
    first += static_cast<uint32_t>(std::popcount(block.mask));
  }
  const int64_t top_size = (fine_blocks + kAtlasTopCell - 1) / kAtlasTopCell;
  if (top_size > kAtlasMaxTop) {
    return {Errc::unsupported, "the lattice has " + std::to_string(32 * top_size) +
                                   " cells per axis, at most " + std::to_string(32 * kAtlasMaxTop) +
                                   " can be drawn"};
  }
  map.top_size = static_cast<int>(top_size);
  map.top.assign(static_cast<size_t>(top_size * top_size * top_size), 0);
  map.leaves.reserve(blocks.size() + blocks.size() / 4);
  LeafMapBuilder builder(map, max_bytes);
  VOXPACK_TRY(builder.add(leaves));
  VOXPACK_TRY(add_closure(map, builder));
  return map;
}

}  // namespace voxpack
