// The densities at the corners of the leaves, as 8-bit codes, and the corners that need a point of
// their own: those that hang on a coarser neighbour, and those of upper faces that no leaf of the
// same level owns.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "decoder/atlas_leaves.h"

namespace voxpack {

inline constexpr int kAtlasCorners = 125;  // 5 x 5 x 5 of a leaf, x fastest

// Place of a corner with a coordinate 4 among the 61 such corners of a leaf: rows of x first.
constexpr int apron_bit(int x, int y, int z) {
  return z == 4 ? y * 5 + x : (y == 4 ? 25 + z * 5 + x : 45 + z * 4 + y);
}
// Morton code of the site (x, y, z), 0..3 each, in its block.
constexpr int site_bit(int x, int y, int z) {
  return (x & 1) | (y & 1) << 1 | (z & 1) << 2 | (x & 2) << 2 | (y & 2) << 3 | (z & 2) << 4;
}

// A corner that needs a point of its own is a sum of points.
struct CornerSource {
  uint32_t point;   // rank
  uint32_t weight;  // in 1/65536
};

struct AtlasCorners {
  float density_range = 4.0f;     // code 127 stands for it
  std::vector<int8_t> codes;      // [leaf][125]
  std::vector<uint8_t> is_dense;  // [leaf] 1: a corner is positive, there is something to see
  size_t dense_count = 0;
  std::vector<int32_t> next;    // [leaf] the leaf of the same level behind it along x, -1: none
  std::vector<uint64_t> own;    // [leaf] sites of the leaf that hang and are needed
  std::vector<uint64_t> apron;  // [leaf] corners with a coordinate 4 that it has for itself
  std::vector<uint32_t> first_extra;  // [leaf] number of its first corner in `own` or `apron`: leaf
                                      // by leaf, `own` first, rising bits
  std::vector<uint32_t> first_source;  // [corner of these + 1]
  std::vector<CornerSource> sources;
};

// The leaf of the same level that lies behind a leaf by (x, y, z), 0 or 1 each; -1: none.
int leaf_behind(const LeafMap& map, uint32_t leaf, int x, int y, int z);

// Finds all of AtlasCorners; `density_codes` [point] are the points' densities, 127 for
// `density_range`.
AtlasCorners find_atlas_corners(const LeafMap& map, std::span<const int8_t> density_codes,
                                float density_range);

}  // namespace voxpack
