// Which leaf block holds a place: the blocks of a package and their closure (docs/field-format.md,
// "Leaf blocks"), with a look-up in two steps that a shader can follow too.
//
// Lengths are in fine cells (cells of the finest level) or fine blocks (4 fine cells).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/coded_field.h"
#include "core/status.h"

namespace voxpack {

inline constexpr int kAtlasTopCell = 8;  // fine blocks per axis of a cell of the top grid
inline constexpr int kAtlasTableSize = kAtlasTopCell * kAtlasTopCell * kAtlasTopCell;
inline constexpr int kAtlasMaxTop = 160;  // cells per axis of the top grid
inline constexpr uint32_t kAtlasWholeCell = 0x80000000u;

// A leaf block; the blocks of the package come first, in their order, then the closure.
struct AtlasLeaf {
  uint64_t mask = 0;             // sites with a point; 0: of the closure
  uint32_t first_point = 0;      // rank of the point at the lowest bit
  uint16_t x = 0, y = 0, z = 0;  // in blocks of its level
  uint8_t shift = 0;             // level - finest level
};

struct LeafMap {
  int finest_level = 0;
  int top_size = 0;
  std::vector<AtlasLeaf> leaves;
  std::vector<uint32_t> top;     // x fastest; 0 void, leaf | kAtlasWholeCell, else table + 1
  std::vector<uint32_t> tables;  // [table][512], x fastest; 0 void, else leaf + 1
  size_t block_count = 0;        // leaves before the closure

  size_t table_count() const { return tables.size() / kAtlasTableSize; }

  // The leaf at a fine block, -1 where there is none.
  int leaf_at(int32_t x, int32_t y, int32_t z) const;

  // The lower corner of a leaf, fine cells.
  std::array<int32_t, 3> lower(const AtlasLeaf& leaf) const {
    const int s = leaf.shift + 2;
    return {leaf.x << s, leaf.y << s, leaf.z << s};
  }
};

// The leaves over `blocks`, which must be those of a valid package (level descending, Morton order,
// no overlap). Fails with `unsupported` where the lattice has more than 32 * kAtlasMaxTop cells per
// axis or the tables would need more than `max_bytes`.
Result<LeafMap> make_leaf_map(std::span<const CodedBlock> blocks, size_t max_bytes);

// The leaf of the same level that lies behind a leaf by (x, y, z), 0 or 1 each; -1: none.
int leaf_behind(const LeafMap& map, uint32_t leaf, int x, int y, int z);

}  // namespace voxpack
