// Validation of fields, and the way between unordered points and blocks.
#include "field/field.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>

#include "core/morton.h"

namespace voxpack {
namespace {

// Larger numbers have no meaning here and would overflow in sums of products.
constexpr float kMaxMagnitude = 1e9f;
constexpr double kMinEdge = 1e-9;
constexpr int kLevelCount = kMaxLevel - kMinLevel + 1;
constexpr int kPositionBits = 51;  // Morton code of three 17-bit coordinates

uint64_t block_code(const Block& block) { return morton_code(block.x, block.y, block.z); }

std::string name_of(const Block& block) {
  return "block (" + std::to_string(block.x) + ", " + std::to_string(block.y) + ", " +
         std::to_string(block.z) + ") of level " + std::to_string(block.level);
}

// The lattice order: level descending, then Morton code of the position.
uint64_t order_key(const uint16_t* position, int level) {
  return static_cast<uint64_t>(kMaxLevel - level) << kPositionBits |
         morton_code(position[0], position[1], position[2]);
}

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

// First value outside lowest..kMaxMagnitude (NaN too).
Status check_values(std::span<const float> values, float lowest, const char* name) {
  constexpr size_t kChunk = 4096;
  for (size_t first = 0; first < values.size(); first += kChunk) {
    const auto chunk = values.subspan(first, std::min(kChunk, values.size() - first));
    unsigned good = 1;  // without an early exit the loop vectorises
    for (const float value : chunk) good &= (value >= lowest) & (value <= kMaxMagnitude);
    if (good) continue;
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (chunk[i] >= lowest && chunk[i] <= kMaxMagnitude) continue;
      return {Errc::bad_data, std::string(name) + " value " + std::to_string(first + i) + " is " +
                                  std::to_string(chunk[i]) + ", expected a number in " +
                                  (lowest < 0 ? "+-1e9" : "0..1e9")};
    }
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

// Every block against the coarser blocks that would contain it. Morton order survives the shift to
// a coarser level, so two sorted lists are merged for each pair of levels.
Status check_overlap(std::span<const Block> blocks) {
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

// Moves element order[i] of every array to place i, cycle by cycle and without a second copy;
// `order` becomes the identity.
void reorder(Field& field, std::vector<uint32_t>& order) {
  const size_t channels = static_cast<size_t>(field.channels());
  const size_t bytes = channels * sizeof(float);
  float* features = field.features.data();
  const bool has_importance = !field.importance.empty();
  for (size_t start = 0; start < order.size(); ++start) {
    if (order[start] == start) continue;
    const float density = field.density[start];
    const float importance = has_importance ? field.importance[start] : 0;
    float saved[kMaxChannels];
    std::memcpy(saved, features + start * channels, bytes);
    size_t to = start;
    for (size_t from = order[to]; from != start; from = order[to]) {
      field.density[to] = field.density[from];
      if (has_importance) field.importance[to] = field.importance[from];
      std::memcpy(features + to * channels, features + from * channels, bytes);
      order[to] = static_cast<uint32_t>(to);
      to = from;
    }
    field.density[to] = density;
    if (has_importance) field.importance[to] = importance;
    std::memcpy(features + to * channels, saved, bytes);
    order[to] = static_cast<uint32_t>(to);
  }
}

struct KeyedPoint {
  uint64_t key;
  uint32_t index;
};

// Appends the point with lattice order `key`, which must be larger than those before it.
void append_site(std::vector<Block>& blocks, uint64_t key, uint32_t index) {
  const uint64_t code = key & ((uint64_t{1} << kPositionBits) - 1);
  const uint64_t block = code >> 6;
  const auto level = static_cast<int8_t>(kMaxLevel - static_cast<int>(key >> kPositionBits));
  const auto bit = uint64_t{1} << (code & 63);
  if (!blocks.empty() && blocks.back().level == level && block_code(blocks.back()) == block) {
    blocks.back().mask |= bit;
    return;
  }
  blocks.push_back({level, static_cast<uint16_t>(gather_bits_3(block)),
                    static_cast<uint16_t>(gather_bits_3(block >> 1)),
                    static_cast<uint16_t>(gather_bits_3(block >> 2)), index, bit});
}

Status check_points(const Field& field, const std::vector<uint16_t>& positions,
                    const std::vector<int8_t>& levels, bool& sorted) {
  uint64_t before = 0;
  sorted = true;
  for (size_t i = 0; i < field.point_count(); ++i) {
    const int level = levels.empty() ? 0 : levels[i];
    if (level < kMinLevel || level > kMaxLevel) {
      return {Errc::bad_data, "point " + std::to_string(i) + " has level " + std::to_string(level) +
                                  ", expected -1..6"};
    }
    const uint16_t* p = &positions[i * 3];
    const int sites = sites_per_axis(field.resolution, level);
    if (std::max({p[0], p[1], p[2]}) >= sites) {
      return {Errc::bad_data, "point " + std::to_string(i) + " at (" + std::to_string(p[0]) + ", " +
                                  std::to_string(p[1]) + ", " + std::to_string(p[2]) +
                                  ") is outside the lattice of " + std::to_string(sites) +
                                  " sites per axis at level " + std::to_string(level)};
    }
    const uint64_t key = order_key(p, level);
    sorted &= i == 0 || key > before;
    before = key;
  }
  return {};
}

}  // namespace

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

Status assign_points(Field& field, const std::vector<uint16_t>& positions,
                     const std::vector<int8_t>& levels) {
  VOXPACK_TRY(validate(field.appearance));
  VOXPACK_TRY(check_lattice(field));
  VOXPACK_TRY(check_sizes(field));
  const size_t count = field.point_count();
  if (positions.size() != count * 3 || (!levels.empty() && levels.size() != count)) {
    return {Errc::bad_data, std::to_string(positions.size() / 3) + " positions and " +
                                std::to_string(levels.size()) + " levels for " +
                                std::to_string(count) + " densities"};
  }
  bool sorted = true;
  VOXPACK_TRY(check_points(field, positions, levels, sorted));
  const auto key_of = [&](size_t i) {
    return order_key(&positions[i * 3], levels.empty() ? 0 : levels[i]);
  };
  field.blocks.clear();
  if (sorted) {
    for (size_t i = 0; i < count; ++i) {
      append_site(field.blocks, key_of(i), static_cast<uint32_t>(i));
    }
    return check_overlap(field.blocks);
  }
  std::vector<KeyedPoint> keyed(count);
  for (size_t i = 0; i < count; ++i) keyed[i] = {key_of(i), static_cast<uint32_t>(i)};
  std::sort(keyed.begin(), keyed.end(),
            [](const KeyedPoint& a, const KeyedPoint& b) { return a.key < b.key; });
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && keyed[i].key == keyed[i - 1].key) {
      const uint32_t a = std::min(keyed[i - 1].index, keyed[i].index);
      const uint32_t b = std::max(keyed[i - 1].index, keyed[i].index);
      return {Errc::bad_data, "points " + std::to_string(a) + " and " + std::to_string(b) +
                                  " are at the same site"};
    }
    append_site(field.blocks, keyed[i].key, static_cast<uint32_t>(i));
  }
  VOXPACK_TRY(check_overlap(field.blocks));
  std::vector<uint32_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = keyed[i].index;
  std::vector<KeyedPoint>().swap(keyed);
  reorder(field, order);
  return {};
}

void list_points(const Field& field, std::vector<uint16_t>& positions,
                 std::vector<int8_t>& levels) {
  positions.clear();
  levels.clear();
  positions.reserve(field.point_count() * 3);
  levels.reserve(field.point_count());
  for (const Block& block : field.blocks) {
    for (uint64_t left = block.mask; left != 0; left &= left - 1) {
      const auto bit = static_cast<uint64_t>(std::countr_zero(left));
      positions.push_back(static_cast<uint16_t>(block.x * kBlockCells + gather_bits_3(bit)));
      positions.push_back(static_cast<uint16_t>(block.y * kBlockCells + gather_bits_3(bit >> 1)));
      positions.push_back(static_cast<uint16_t>(block.z * kBlockCells + gather_bits_3(bit >> 2)));
      levels.push_back(block.level);
    }
  }
}

}  // namespace voxpack
