// Validation of fields.
#include "field/field.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "core/morton.h"
#include "field/field_checks.h"

namespace voxpack {
namespace {

// Larger numbers have no meaning here and would overflow in sums of products.
constexpr float kMaxMagnitude = 1e9f;
constexpr double kMinEdge = 1e-9;
constexpr int kLevelCount = kMaxLevel - kMinLevel + 1;

std::string name_of(const Block& block) {
  return "block (" + std::to_string(block.x) + ", " + std::to_string(block.y) + ", " +
         std::to_string(block.z) + ") of level " + std::to_string(block.level);
}

// First value outside lowest..kMaxMagnitude (NaN too).
Status check_values(std::span<const float> values, float lowest, const char* name) {
  constexpr size_t kChunk = 4096;
  const size_t chunks = (values.size() + kChunk - 1) / kChunk;
  size_t first_bad = chunks;
#pragma omp parallel for schedule(static) reduction(min : first_bad)
  for (size_t i = 0; i < chunks; ++i) {
    const auto chunk = values.subspan(i * kChunk, std::min(kChunk, values.size() - i * kChunk));
    unsigned good = 1;  // without an early exit the loop vectorises
    for (const float value : chunk) good &= (value >= lowest) & (value <= kMaxMagnitude);
    if (!good) first_bad = std::min(first_bad, i);
  }
  for (size_t i = first_bad * kChunk; i < values.size(); ++i) {
    if (values[i] >= lowest && values[i] <= kMaxMagnitude) continue;
    return {Errc::bad_data, std::string(name) + " value " + std::to_string(i) + " is " +
                                std::to_string(values[i]) + ", expected a number in " +
                                (lowest < 0 ? "+-1e9" : "0..1e9")};
  }
  return {};
}

// Ranges of one block: level, coordinates and every site of its mask.
Status check_block(const Field& field, const Block& block) {
  if (block.level < kMinLevel || block.level > kMaxLevel) {
    return {Errc::bad_data, name_of(block) + ": the level is outside -1..6"};
  }
  if (block.mask == 0) return {Errc::bad_data, name_of(block) + " has no points"};
  const int sites = sites_per_axis(field.resolution, block.level);
  const int corner[3] = {block.x * kBlockCells, block.y * kBlockCells, block.z * kBlockCells};
  if (std::max({corner[0], corner[1], corner[2]}) + kBlockCells <= sites) return {};
  for (uint64_t left = block.mask; left != 0; left &= left - 1) {
    const int bit = std::countr_zero(left);
    for (int axis = 0; axis < 3; ++axis) {
      if (corner[axis] + static_cast<int>(gather_bits_3(bit >> axis)) < sites) continue;
      return {Errc::bad_data, name_of(block) + " has a point outside the lattice of " +
                                  std::to_string(sites) + " sites per axis"};
    }
  }
  return {};
}

}  // namespace

Status check_lattice(const Field& field) {
  for (int i = 0; i < 3; ++i) {
    if (!(std::fabs(field.cube.origin[i]) <= kMaxMagnitude)) {
      return {Errc::bad_data, "the origin of the cube is not three numbers in +-1e9"};
    }
  }
  if (!(field.cube.edge >= kMinEdge && field.cube.edge <= kMaxMagnitude)) {
    return {Errc::bad_data, "the edge of the cube is not a number in 1e-9..1e9"};
  }
  if (field.resolution < kMinResolution || field.resolution > kMaxResolution) {
    return {Errc::bad_data, "resolution " + std::to_string(field.resolution) + " is outside " +
                                std::to_string(kMinResolution) + ".." +
                                std::to_string(kMaxResolution)};
  }
  return {};
}

Status check_sizes(const Field& field) {
  const size_t count = field.point_count();
  if (count > kMaxPoints) {
    return {Errc::bad_data, std::to_string(count) + " points are more than the limit of " +
                                std::to_string(kMaxPoints)};
  }
  const size_t features = count * static_cast<size_t>(field.channels());
  if (field.features.size() != features) {
    return {Errc::bad_data, "features has " + std::to_string(field.features.size()) + " values, " +
                                std::to_string(features) + " are expected for " +
                                std::to_string(count) + " points"};
  }
  if (!field.importance.empty() && field.importance.size() != count) {
    return {Errc::bad_data, "importance has " + std::to_string(field.importance.size()) +
                                " values for " + std::to_string(count) + " points"};
  }
  return {};
}

Status check_overlap(std::span<const Block> blocks) {
  // Morton order survives the shift to a coarser level, so two sorted lists are merged for each
  // pair of levels.
  size_t first[kLevelCount + 1] = {};  // of level kMaxLevel - i
  for (int i = 0; i < kLevelCount; ++i) {
    const auto begin = blocks.begin() + static_cast<ptrdiff_t>(first[i]);
    const auto end = std::partition_point(begin, blocks.end(),
                                          [i](const Block& b) { return b.level >= kMaxLevel - i; });
    first[i + 1] = static_cast<size_t>(end - blocks.begin());
  }
  for (int coarse = 0; coarse < kLevelCount; ++coarse) {
    if (first[coarse] == first[coarse + 1]) continue;
    for (int fine = coarse + 1; fine < kLevelCount; ++fine) {
      size_t at = first[coarse];
      for (size_t i = first[fine]; i < first[fine + 1] && at < first[coarse + 1]; ++i) {
        const uint64_t parent = block_code(blocks[i]) >> 3 * (fine - coarse);
        while (at < first[coarse + 1] && block_code(blocks[at]) < parent) ++at;
        if (at < first[coarse + 1] && block_code(blocks[at]) == parent) {
          return {Errc::bad_data, name_of(blocks[i]) + " overlaps " + name_of(blocks[at])};
        }
      }
    }
  }
  return {};
}

uint64_t point_count(const std::vector<Block>& blocks) {
  if (blocks.empty()) return 0;
  return uint64_t{blocks.back().first_point} + static_cast<uint64_t>(point_count(blocks.back()));
}

Field topology_of(const Field& field) {
  Field topology;
  topology.cube = field.cube;
  topology.resolution = field.resolution;
  topology.appearance = field.appearance;
  topology.blocks = field.blocks;
  return topology;
}

bool block_before(const Block& a, const Block& b) {
  if (a.level != b.level) return a.level > b.level;
  return block_code(a) < block_code(b);
}

int sites_per_axis(int resolution, int level) {
  if (level < 0) return (resolution << -level) + 1;
  return ((resolution + (1 << level) - 1) >> level) + 1;
}

Status validate(const Field& field) {
  VOXPACK_TRY(validate(field.appearance));
  VOXPACK_TRY(check_lattice(field));
  VOXPACK_TRY(check_sizes(field));
  uint64_t points = 0;
  for (size_t i = 0; i < field.blocks.size(); ++i) {
    const Block& block = field.blocks[i];
    VOXPACK_TRY(check_block(field, block));
    if (i > 0 && !block_before(field.blocks[i - 1], block)) {
      return {Errc::bad_data, name_of(block) + " is not in order after its predecessor"};
    }
    if (block.first_point != points) {
      return {Errc::bad_data, name_of(block) + " starts at point " +
                                  std::to_string(block.first_point) + ", expected " +
                                  std::to_string(points)};
    }
    points += static_cast<uint64_t>(point_count(block));
  }
  if (points != field.point_count()) {
    return {Errc::bad_data, "the blocks have " + std::to_string(points) + " points, density has " +
                                std::to_string(field.point_count())};
  }
  VOXPACK_TRY(check_overlap(field.blocks));
  VOXPACK_TRY(check_values(field.density, -kMaxMagnitude, "density"));
  VOXPACK_TRY(check_values(field.features, -kMaxMagnitude, "features"));
  return check_values(field.importance, 0, "importance");
}

}  // namespace voxpack
