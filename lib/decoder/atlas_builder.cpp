#include "decoder/atlas_builder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "decoder/atlas_sites.h"

namespace voxpack {
namespace {

constexpr uint32_t kMaxLeaves = 1u << 24;
constexpr uint32_t kMaxTables = 0xff00;

uint32_t rows_for(uint64_t texels, uint32_t width) {
  return static_cast<uint32_t>(std::max<uint64_t>(1, (texels + width - 1) / width));
}

// What the points' densities are clamped to: the largest magnitude that one in a hundred exceeds,
// at least 4 (a cell of which nothing is seen through), in powers of two.
float choose_range(std::span<const uint16_t> densities) {
  constexpr int kSteps = 8;  // 4, 8 .. 512
  size_t beyond[kSteps] = {};
  for (const uint16_t density : densities) {
    const float d = std::fabs(atlas_float(density));
    for (int i = 0; i < kSteps && d > static_cast<float>(4 << i); ++i) ++beyond[i];
  }
  int i = 0;
  while (i + 1 < kSteps && beyond[i] * 100 > densities.size()) ++i;
  return static_cast<float>(4 << i);
}

int8_t density_code(float density, float range) {
  const float code = density * (127.0f / range);
  if (!(code > -127.0f)) return code < 0 ? int8_t{-127} : int8_t{0};  // NaN: 0
  return static_cast<int8_t>(code < 127.0f ? std::lrintf(code) : 127);
}

}  // namespace

Result<AtlasBuilder> AtlasBuilder::start(std::span<const CodedBlock> blocks, int channel_count,
                                         bool leads_with_colour, size_t max_bytes) {
  AtlasBuilder builder;
  VOXPACK_ASSIGN(builder.map_, make_leaf_map(blocks, max_bytes));
  for (const CodedBlock& block : blocks) {
    builder.point_count_ += static_cast<uint64_t>(std::popcount(block.mask));
  }
  builder.channel_count_ = static_cast<size_t>(channel_count);
  // Four planes of 16 bits make one texture, which holds up to 16 channels; eight make two.
  const int planes = channel_count <= 16 ? 4 : 8;
  int left = channel_count;
  if (leads_with_colour && channel_count > 3) {
    builder.group_sizes_.push_back(3);
    left -= 3;
  }
  const int rest = planes - static_cast<int>(builder.group_sizes_.size());
  const int size = (left + rest - 1) / rest;
  for (; left > 0; left -= size) builder.group_sizes_.push_back(std::min(size, left));
  return builder;
}

int AtlasBuilder::first_channel(int group) const {
  int first = 0;
  for (int g = 0; g < group; ++g) first += group_sizes_[static_cast<size_t>(g)];
  return first;
}

Status AtlasBuilder::set_densities(std::vector<uint16_t> densities) {
  if (point_count_ > kMaxSourcePoint) {
    return {Errc::unsupported, std::to_string(point_count_) + " points are too many to draw"};
  }
  const float range = choose_range(densities);
  std::vector<int8_t> codes(densities.size());
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = density_code(atlas_float(densities[i]), range);
  release(densities);
  corners_ = find_atlas_corners(map_, codes, range);
  measure_boxes(codes);
  return lay_out();
}

void AtlasBuilder::measure_boxes(std::span<const int8_t> densities) {
  std::array<float, 6> dense = {INFINITY, INFINITY, INFINITY, -INFINITY, -INFINITY, -INFINITY};
  std::array<float, 6> seen = dense;
  const auto grow = [](std::array<float, 6>& box, size_t axis, int32_t low, int32_t high) {
    box[axis] = std::min(box[axis], static_cast<float>(low));
    box[3 + axis] = std::max(box[3 + axis], static_cast<float>(high));
  };
  for (size_t i = 0; i < map_.leaves.size(); ++i) {
    const AtlasLeaf& leaf = map_.leaves[i];
    const auto low = map_.lower(leaf);
    for (size_t a = 0; corners_.is_dense[i] && a < 3; ++a) {
      grow(dense, a, low[a], low[a] + (4 << leaf.shift));
    }
    uint32_t point = leaf.first_point;
    for (uint64_t rest = leaf.mask; rest != 0; rest &= rest - 1, ++point) {
      if (!(densities[point] > 0)) continue;
      const int bit = std::countr_zero(rest);
      for (size_t a = 0; a < 3; ++a) {
        const int at = (bit >> a & 1) | (bit >> (2 + a) & 2);
        grow(seen, a, low[a] + ((at - 1) << leaf.shift), low[a] + ((at + 1) << leaf.shift));
      }
    }
  }
  if (dense[0] <= dense[3]) dense_box_ = dense;
  if (seen[0] <= seen[3]) seen_box_ = seen;
}

// Numbers the leaves with something to see, table by table, and measures the planes.
Status AtlasBuilder::lay_out() {
  const size_t count = map_.leaves.size();
  if (count >= kMaxLeaves || map_.table_count() >= kMaxTables) {
    return {Errc::unsupported, std::to_string(count) + " blocks are too many to draw"};
  }
  slots_.clear();
  slots_.reserve(corners_.dense_count);
  for (size_t t = 0; t < map_.table_count(); ++t) {
    table_slot_.push_back(static_cast<uint32_t>(slots_.size()));
    for (int i = 0; i < kAtlasTableSize; ++i) {
      const uint32_t entry = map_.tables[t * kAtlasTableSize + static_cast<size_t>(i)];
      if (entry == 0 || !corners_.is_dense[entry - 1]) continue;
      const auto low = map_.lower(map_.leaves[entry - 1]);
      const bool is_first = ((low[0] >> 2 & 7) == (i & 7)) && ((low[1] >> 2 & 7) == (i >> 3 & 7)) &&
                            ((low[2] >> 2 & 7) == i >> 6);
      if (is_first) slots_.push_back(entry - 1);
    }
  }
  for (uint32_t leaf = 0; leaf < count; ++leaf) {  // whole cells of the top grid
    if (map_.leaves[leaf].shift >= 3 && corners_.is_dense[leaf]) slots_.push_back(leaf);
  }
  site_count_ = 0;
  for (size_t i = 0; i < count; ++i) {
    site_count_ += static_cast<uint64_t>(std::popcount(map_.leaves[i].mask | corners_.own[i]) +
                                         std::popcount(corners_.apron[i]));
  }
  const auto top = static_cast<uint32_t>(map_.top_size);
  const uint32_t tables = rows_for(map_.table_count(), 256);
  const uint32_t layer = brick_columns_ * brick_rows_;
  planes_ = {{"top", "rg32ui", 8, top, top, top},
             {"tables", "r16ui", 2, 128, 128, 8 * tables},
             {"density", "r8snorm", 1, 5 * brick_columns_, 5 * brick_rows_,
              5 * rows_for(corners_.dense_count, layer)},
             {"rows", "r32ui", 4, kAtlasRowWidth,
              rows_for(25 * uint64_t{corners_.dense_count}, kAtlasRowWidth), 0}};
  const uint32_t point_rows = 4 * rows_for(site_count_, 4 * kAtlasPointWidth);
  for (int g = 0; g < group_count(); ++g) {
    planes_.push_back({"points" + std::to_string(g), "r16ui", 2, kAtlasPointWidth, point_rows, 0});
  }
  for (const AtlasPlane& plane : planes_) {
    if (plane.depth > kAtlasMaxDepth || (plane.depth == 0 && plane.height > kAtlasMaxHeight)) {
      return {Errc::unsupported, "the points need a texture (" + plane.name + ") of " +
                                     std::to_string(std::max(plane.depth, plane.height)) + " rows"};
    }
  }
  return {};
}

void AtlasBuilder::begin_group(int group) {
  group_ = group;
  values_.assign(point_count_ * static_cast<size_t>(group_size(group)), 0);
}

void AtlasBuilder::put_row(uint32_t point, const float* row) {
  const int size = group_size(group_);
  uint16_t* to = &values_[size_t{point} * static_cast<size_t>(size)];
  for (int c = 0; c < size; ++c) {
    to[c] = atlas_half(row[c]);
  }
}

namespace {

constexpr int kBits[4][4] = {{16, 0, 0, 0}, {8, 8, 0, 0}, {5, 6, 5, 0}, {4, 4, 4, 4}};

}  // namespace

// The range that leaves out one value in five thousand at each end; of many points some are
// counted.
AtlasRange AtlasBuilder::measure_range(int channel, int bits) const {
  constexpr size_t kBins = 4096;
  const size_t every = 1 + point_count_ / 400'000;
  const auto stride = static_cast<size_t>(group_size(group_));
  float low = INFINITY, high = -INFINITY;
  for (size_t i = static_cast<size_t>(channel); i < values_.size(); i += stride) {
    low = std::min(low, atlas_float(values_[i]));
    high = std::max(high, atlas_float(values_[i]));
  }
  if (!(low < high)) return {std::isfinite(low) ? low : 0.0f, 0.0f};
  std::vector<uint32_t> counts(kBins, 0);
  const float scale = static_cast<float>(kBins - 1) / (high - low);
  for (size_t i = static_cast<size_t>(channel); i < values_.size(); i += every * stride) {
    ++counts[static_cast<size_t>((atlas_float(values_[i]) - low) * scale)];
  }
  const size_t spare = values_.size() / stride / every / 5000;
  size_t first = 0, last = kBins - 1;
  for (size_t sum = counts[0]; sum <= spare && first < last; sum += counts[++first]) continue;
  for (size_t sum = counts[last]; sum <= spare && last > first; sum += counts[--last]) continue;
  const float bottom = low + static_cast<float>(first) / scale;
  const float top = low + static_cast<float>(last + 1) / scale;
  return {bottom, (top - bottom) / static_cast<float>((1 << bits) - 1)};
}

namespace {

// Values of a group to codes of 16 bits. Always four channels at a time, so that the loops unroll:
// those that a group does not have take no bits.
struct Quantizer {
  size_t size;
  float low[4] = {}, scale[4] = {}, top[4] = {};
  uint32_t bits[4] = {};

  Quantizer(const AtlasRange* ranges, int channels) : size(static_cast<size_t>(channels)) {
    for (size_t c = 0; c < size; ++c) {
      bits[c] = static_cast<uint32_t>(kBits[size - 1][c]);
      top[c] = static_cast<float>((1u << bits[c]) - 1);
      low[c] = ranges[c].low;
      scale[c] = ranges[c].step > 0 ? 1.0f / ranges[c].step : 0.0f;
    }
  }

  uint16_t code(const float* value) const {
    uint32_t code = 0;
    for (size_t c = 4; c-- > 0;) {
      const float x = std::min(std::max((value[c] - low[c]) * scale[c], 0.0f), top[c]);
      code = code << bits[c] | static_cast<uint32_t>(static_cast<int32_t>(x + 0.5f));
    }
    return static_cast<uint16_t>(code);
  }

  // First the corners that are sums of points, then every point in place of its values.
  std::vector<uint16_t> run(const AtlasCorners& corners, std::vector<uint16_t>& values) const {
    const size_t at[4] = {0, std::min<size_t>(1, size - 1), std::min<size_t>(2, size - 1),
                          size - 1};
    std::vector<uint16_t> extras(corners.first_source.size() - 1);
    for (size_t i = 0; i < extras.size(); ++i) {
      float sum[4] = {};
      const uint32_t end = corners.first_source[i + 1];
      for (uint32_t s = corners.first_source[i]; s < end; ++s) {
        const uint32_t source = corners.sources[s];
        const float weight = source_weight(source);
        const uint16_t* from = &values[(source >> 8) * size];
        for (size_t c = 0; c < 4; ++c) sum[c] += atlas_float(from[at[c]]) * weight;
      }
      extras[i] = code(sum);
    }
    const size_t count = values.size() / size;
    uint16_t* to = values.data();
    for (const uint16_t* from = to; to != values.data() + count; from += size) {
      float value[4];
      for (size_t c = 0; c < 4; ++c) value[c] = atlas_float(from[at[c]]);
      *to++ = code(value);
    }
    return extras;
  }
};

}  // namespace

std::vector<uint8_t> AtlasBuilder::end_group() {
  const int size = group_size(group_);
  AtlasRange* ranges = &ranges_[static_cast<size_t>(first_channel(group_))];
  for (int c = 0; c < size; ++c) ranges[c] = measure_range(c, kBits[size - 1][c]);
  const std::vector<uint16_t> extras = Quantizer(ranges, size).run(corners_, values_);
  struct Visitor {
    const uint16_t *points, *extras;
    uint8_t* out;
    uint32_t next = 0;

    void row(uint32_t, int, int) {}
    void own_rows(uint32_t) {}
    void point(uint32_t rank) { put(points[rank]); }
    void extra(uint32_t number) { put(extras[number]); }
    // Sixteen sites that follow each other lie in a square of 4 x 4 texels.
    void put(uint16_t texel) {
      const uint32_t square = next >> 4;
      const uint32_t x = (square & (kAtlasPointWidth / 4 - 1)) * 4 + (next & 3);
      const uint32_t y = square / (kAtlasPointWidth / 4) * 4 + (next >> 2 & 3);
      std::memcpy(out + 2 * (size_t{y} * kAtlasPointWidth + x), &texel, 2);
      ++next;
    }
  };
  const AtlasPlane& plane = planes_[planes_.size() - static_cast<size_t>(group_count() - group_)];
  std::vector<uint8_t> out(plane.bytes(), 0);
  visit_sites(Visitor{values_.data(), extras.data(), out.data()});
  release(values_);
  return out;
}

}  // namespace voxpack
