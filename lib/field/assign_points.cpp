// The way between unordered points and blocks.
#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "core/morton.h"
#include "field/field.h"
#include "field/field_checks.h"

namespace voxpack {
namespace {

// The lattice order of points as a number: level descending, then Morton code of the position.
class OrderKey {
 public:
  OrderKey(std::span<const uint16_t> positions, std::span<const int8_t> levels, int resolution)
      : positions_(positions.data()),
        levels_(levels.empty() ? nullptr : levels.data()),
        bits_(3 * std::bit_width(static_cast<unsigned>(sites_per_axis(resolution, kMinLevel)))) {}

  uint64_t of(size_t point) const {
    const uint16_t* p = positions_ + point * 3;
    return static_cast<uint64_t>(kMaxLevel - level(point)) << bits_ | morton_code(p[0], p[1], p[2]);
  }
  int level(size_t point) const { return levels_ ? levels_[point] : 0; }
  int level_of(uint64_t key) const { return kMaxLevel - static_cast<int>(key >> bits_); }
  uint64_t code_of(uint64_t key) const { return key & ((uint64_t{1} << bits_) - 1); }

 private:
  const uint16_t* positions_;
  const int8_t* levels_;
  int bits_;  // of a Morton code, at most 48
};

// Moves element order[i] of every array to place i, cycle by cycle and without a second copy;
// `order` becomes the identity.
void reorder(Field& field, std::vector<uint32_t>& order) {
  const size_t channels = static_cast<size_t>(field.channels());
  const size_t bytes = channels * sizeof(float);
  LargeVector<float>& density = field.density.edit();
  float* features = field.features.edit().data();
  LargeVector<float>& importance = field.importance.edit();
  const bool has_importance = !importance.empty();
  for (size_t start = 0; start < order.size(); ++start) {
    if (order[start] == start) continue;
    const float saved_density = density[start];
    const float saved_importance = has_importance ? importance[start] : 0;
    float saved[kMaxChannels];
    std::memcpy(saved, features + start * channels, bytes);
    size_t to = start;
    for (size_t from = order[to]; from != start; from = order[to]) {
      density[to] = density[from];
      if (has_importance) importance[to] = importance[from];
      std::memcpy(features + to * channels, features + from * channels, bytes);
      order[to] = static_cast<uint32_t>(to);
      to = from;
    }
    density[to] = saved_density;
    if (has_importance) importance[to] = saved_importance;
    std::memcpy(features + to * channels, saved, bytes);
    order[to] = static_cast<uint32_t>(to);
  }
}

struct KeyedPoint {
  uint64_t key;
  uint32_t index;
};

// All points in lattice order: dealt into buckets by the leading bits of their keys, each bucket
// then sorted in the cache.
std::vector<KeyedPoint> sort_points(const OrderKey& order, size_t count) {
  constexpr int kBucketBits = 16;
  uint64_t lowest = ~uint64_t{0}, highest = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t key = order.of(i);
    lowest = std::min(lowest, key);
    highest = std::max(highest, key);
  }
  const int shift = std::max(0, static_cast<int>(std::bit_width(highest - lowest)) - kBucketBits);
  std::vector<size_t> ends((size_t{1} << kBucketBits) + 1);
  for (size_t i = 0; i < count; ++i) ++ends[((order.of(i) - lowest) >> shift) + 1];
  for (size_t b = 1; b < ends.size(); ++b) ends[b] += ends[b - 1];
  std::vector<KeyedPoint> keyed(count);
  for (size_t i = 0; i < count; ++i) {  // afterwards ends[b] is the end of bucket b
    const uint64_t key = order.of(i);
    keyed[ends[(key - lowest) >> shift]++] = {key, static_cast<uint32_t>(i)};
  }
  auto first = keyed.begin();
  for (size_t b = 0; b + 1 < ends.size(); ++b) {
    const auto end = keyed.begin() + static_cast<ptrdiff_t>(ends[b]);
    std::sort(first, end, [](const KeyedPoint& a, const KeyedPoint& b) { return a.key < b.key; });
    first = end;
  }
  return keyed;
}

// Appends the point with Morton code `code`, which must follow those before it.
void append_site(std::vector<Block>& blocks, int level, uint64_t code, uint32_t index) {
  const uint64_t block = code >> 6;
  const auto bit = uint64_t{1} << (code & 63);
  if (!blocks.empty() && blocks.back().level == level && block_code(blocks.back()) == block) {
    blocks.back().mask |= bit;
    return;
  }
  blocks.push_back({static_cast<int8_t>(level), static_cast<uint16_t>(gather_bits_3(block)),
                    static_cast<uint16_t>(gather_bits_3(block >> 1)),
                    static_cast<uint16_t>(gather_bits_3(block >> 2)), index, bit});
}

// What one part of the points gives.
struct Part {
  Status status;              // of the first point that is not good
  bool sorted = true;         // also against the last point of the part before
  std::vector<Block> blocks;  // if sorted; the first may go on the last one of the part before
};

Part check_part(const Field& field, std::span<const uint16_t> positions, const OrderKey& order,
                size_t begin, size_t end) {
  Part part;
  uint64_t before = begin == 0 ? 0 : order.of(begin - 1);
  for (size_t i = begin; i < end; ++i) {
    const int level = order.level(i);
    if (level < kMinLevel || level > kMaxLevel) {
      part.status = {Errc::bad_data, "point " + std::to_string(i) + " has level " +
                                         std::to_string(level) + ", expected -1..6"};
      return part;
    }
    const uint16_t* p = &positions[i * 3];
    const int sites = sites_per_axis(field.resolution, level);
    if (std::max({p[0], p[1], p[2]}) >= sites) {
      part.status = {Errc::bad_data, "point " + std::to_string(i) + " at (" + std::to_string(p[0]) +
                                         ", " + std::to_string(p[1]) + ", " + std::to_string(p[2]) +
                                         ") is outside the lattice of " + std::to_string(sites) +
                                         " sites per axis at level " + std::to_string(level)};
      return part;
    }
    const uint64_t key = order.of(i);
    part.sorted &= i == 0 || key > before;
    before = key;
    if (part.sorted) append_site(part.blocks, level, order.code_of(key), static_cast<uint32_t>(i));
  }
  return part;
}

// Fails with the first point that is not good. Gives the blocks if the points are in lattice order.
Status check_points(const Field& field, std::span<const uint16_t> positions, const OrderKey& order,
                    bool& sorted, std::vector<Block>& blocks) {
  constexpr size_t kPartPoints = size_t{1} << 18;
  const size_t count = field.point_count();
  std::vector<Part> parts((count + kPartPoints - 1) / kPartPoints);
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t begin = i * kPartPoints;
    try {
      parts[i] = check_part(field, positions, order, begin, std::min(count, begin + kPartPoints));
    } catch (const std::bad_alloc&) {
      parts[i].status = {Errc::device, "out of memory for the blocks of the field"};
    }
  }
  sorted = true;
  size_t block_count = 0;
  for (Part& part : parts) {
    VOXPACK_TRY(std::move(part.status));
    sorted &= part.sorted;
    block_count += part.blocks.size();
  }
  if (!sorted) return {};
  blocks.reserve(block_count);
  for (Part& part : parts) {
    auto first = part.blocks.begin();
    if (!blocks.empty() && blocks.back().level == first->level &&
        block_code(blocks.back()) == block_code(*first)) {
      blocks.back().mask |= first++->mask;
    }
    blocks.insert(blocks.end(), first, part.blocks.end());
    part = {};
  }
  return {};
}

}  // namespace

Status assign_points(Field& field, std::span<const uint16_t> positions,
                     std::span<const int8_t> levels) {
  VOXPACK_TRY(validate(field.appearance));
  VOXPACK_TRY(check_lattice(field));
  VOXPACK_TRY(check_sizes(field));
  const size_t count = field.point_count();
  if (positions.size() != count * 3 || (!levels.empty() && levels.size() != count)) {
    return {Errc::bad_data, std::to_string(positions.size() / 3) + " positions and " +
                                std::to_string(levels.size()) + " levels for " +
                                std::to_string(count) + " densities"};
  }
  const OrderKey order(positions, levels, field.resolution);
  bool sorted = true;
  field.blocks.clear();
  VOXPACK_TRY(check_points(field, positions, order, sorted, field.blocks));
  if (sorted) return check_overlap(field.blocks);
  std::vector<KeyedPoint> keyed = sort_points(order, count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t key = keyed[i].key;
    if (i > 0 && key == keyed[i - 1].key) {
      const auto [a, b] = std::minmax(keyed[i - 1].index, keyed[i].index);
      return {Errc::bad_data, "points " + std::to_string(a) + " and " + std::to_string(b) +
                                  " are at the same site"};
    }
    append_site(field.blocks, order.level_of(key), order.code_of(key), static_cast<uint32_t>(i));
  }
  VOXPACK_TRY(check_overlap(field.blocks));
  std::vector<uint32_t> sources(count);
  for (size_t i = 0; i < count; ++i) sources[i] = keyed[i].index;
  std::vector<KeyedPoint>().swap(keyed);
  reorder(field, sources);
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
