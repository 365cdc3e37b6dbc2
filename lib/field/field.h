// The radiance field in memory: points on a sparse lattice of several levels, grouped in blocks.
//
// Level l has lattice spacing h * 2^l, h = edge / resolution. A block of level l covers 4 x 4 x 4
// cells of that spacing and owns the 64 lattice sites of its lower corners (half-open). The blocks
// of all levels do not overlap; each site is stored at most once. The value between sites is
// defined in docs/field-format.md.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/status.h"
#include "field/appearance.h"
#include "field/float_array.h"

namespace voxpack {

inline constexpr int kBlockCells = 4;
inline constexpr int kMinLevel = -1;
inline constexpr int kMaxLevel = 6;
inline constexpr int kMinResolution = 4;
inline constexpr int kMaxResolution = 16384;
inline constexpr uint64_t kMaxPoints = 0xfffffff0;

// The cube that holds the lattice, in world units.
struct Cube {
  std::array<double, 3> origin{};  // the corner with the smallest coordinates
  double edge = 1;                 // > 0
};

// Bit i of `mask` is the site whose Morton code within the block is i (x = bits 0 and 3 of i, y =
// bits 1 and 4, z = bits 2 and 5).
struct Block {
  int8_t level = 0;
  uint16_t x = 0, y = 0, z = 0;  // in blocks of this level
  uint32_t first_point = 0;      // index of the point of the lowest set bit
  uint64_t mask = 0;             // never 0 in a field
};

inline int point_count(const Block& block) { return std::popcount(block.mask); }

struct Field {
  Cube cube;
  int resolution = 0;  // cells per axis at level 0
  AppearanceModel appearance;
  // Coarse levels first, Morton order within a level; first_point is the running sum of the point
  // counts.
  std::vector<Block> blocks;
  // Optical depth per length h (= edge / resolution at every level), before the ReLU. [point_count]
  FloatArray density;
  FloatArray features;  // [point_count][appearance.channels()]
  // What the views see of each point: its share in their pixels (docs/field-format.md), >= 0. Empty
  // if not known.
  FloatArray importance;  // [point_count] or empty

  size_t point_count() const { return density.size(); }
  int channels() const { return appearance.channels(); }
  double spacing() const { return cube.edge / resolution; }
};

// Points of the blocks of a field, whether or not it holds their values.
uint64_t point_count(const std::vector<Block>& blocks);

// The field without values: cube, resolution, appearance and blocks.
Field topology_of(const Field& field);

// The order of blocks in a field: level descending, then Morton code.
bool block_before(const Block& a, const Block& b);

// Number of lattice sites per axis at `level`: those with position * 2^level < resolution +
// 2^level.
int sites_per_axis(int resolution, int level);

// Checks ranges, order, overlap of blocks, sizes of the arrays, NaN and infinity. Fails with
// bad_data and the first fault; a field that passes is safe to hand to every other function.
Status validate(const Field& field);

// A field from unordered points: positions [n][3] in units of their own level's spacing, levels [n]
// (empty: all 0). `field` carries everything else, with density and features in the order of the
// points; they are reordered, and stay borrowed if they are in lattice order already. Fails with
// bad_data for positions outside the lattice, duplicates, or overlapping blocks.
Status assign_points(Field& field, std::span<const uint16_t> positions,
                     std::span<const int8_t> levels);

// Positions [n][3] and levels [n] of all points, in field order.
void list_points(const Field& field, std::vector<uint16_t>& positions, std::vector<int8_t>& levels);

}  // namespace voxpack
