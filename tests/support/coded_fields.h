// Random quantised fields for tests of codec, package and decoder.
#pragma once

#include <algorithm>
#include <random>

#include "codec/octree.h"
#include "core/morton.h"

namespace voxpack {

struct RandomCodes {
  uint32_t seed = 1;
  int resolution = 32;
  int min_level = 0;
  int max_level = 0;
  double fill = 0.3;    // share of the sites of a block
  double blocks = 0.2;  // share of the places that have blocks
  int kind = 0;         // appearance
  int largest = 3;      // of most coefficients
};

// Blocks of one level per cube of the highest level, so that they never overlap; at least one
// point.
inline std::vector<CodedBlock> random_blocks(const RandomCodes& options) {
  std::mt19937 random(options.seed);
  const auto chance = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
  TreeShape shape{options.resolution, options.min_level, options.max_level};
  std::vector<CodedBlock> blocks;
  const int cubes = (shape.sites_per_axis(options.max_level) + 3) / 4;
  for (int cube = 0; cube < cubes * cubes * cubes; ++cube) {
    const int level = std::uniform_int_distribution<>(options.min_level, options.max_level)(random);
    const int per_axis = 1 << (options.max_level - level);
    for (int i = 0; i < per_axis * per_axis * per_axis; ++i) {
      if (!chance(options.blocks)) continue;
      CodedBlock block;
      block.level = static_cast<int8_t>(level);
      block.x = static_cast<uint16_t>(cube % cubes * per_axis + i % per_axis);
      block.y = static_cast<uint16_t>(cube / cubes % cubes * per_axis + i / per_axis % per_axis);
      block.z = static_cast<uint16_t>(cube / cubes / cubes * per_axis + i / per_axis / per_axis);
      for (int site = 0; site < 64; ++site) block.mask |= uint64_t{chance(options.fill)} << site;
      if (block.mask != 0 && block_in_lattice(shape, block)) blocks.push_back(block);
    }
  }
  if (blocks.empty()) blocks.push_back({static_cast<int8_t>(options.min_level), 0, 0, 0, 1});
  std::sort(blocks.begin(), blocks.end(), [](const CodedBlock& a, const CodedBlock& b) {
    if (a.level != b.level) return a.level > b.level;
    return morton_code(a.x, a.y, a.z) < morton_code(b.x, b.y, b.z);
  });
  return blocks;
}

inline CodedField random_codes(const RandomCodes& options) {
  CodedField field;
  std::mt19937 random(options.seed + 1000);
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<>(low, high)(random);
  };
  field.origin = {-1.5, 0.25, 3.0};
  field.edge = 2.5;
  field.resolution = static_cast<uint16_t>(options.resolution);
  field.appearance_kind = static_cast<uint8_t>(options.kind);
  field.level_weight_shift = static_cast<uint8_t>(pick(0, 3));
  field.colour_transform = static_cast<uint8_t>(pick(0, 1));
  field.blocks = random_blocks(options);
  size_t points = 0;
  for (const CodedBlock& block : field.blocks)
    points += static_cast<size_t>(__builtin_popcountll(block.mask));
  int channels = options.kind == 0 ? 3 : options.kind == 1 ? 12 : 27;
  if (options.kind == 3) {
    field.feature_count = 2;
    field.hidden_width = 4;
    channels = 5;
    for (const auto& [rows, columns] : {std::pair{channels + 16, 4}, std::pair{4, 3}}) {
      CodedMatrix matrix;
      matrix.rows = static_cast<uint16_t>(rows);
      matrix.columns = static_cast<uint16_t>(columns);
      matrix.bits = static_cast<uint8_t>(pick(2, 16));
      const int top = (1 << (matrix.bits - 1)) - 1;
      for (int r = 0; r < rows; ++r)
        matrix.scales.push_back(static_cast<float>(pick(0, 100)) / 64.0f);
      for (int i = 0; i < rows * columns; ++i)
        matrix.codes.push_back(static_cast<int16_t>(pick(-top, top)));
      field.network.push_back(std::move(matrix));
    }
  }
  const int depth = shape_of(options.resolution, field.blocks).depth();
  for (int c = 0; c <= channels; ++c) {
    CodedChannel channel;
    channel.curve = c == 0 ? ValueCurve::squared : ValueCurve::linear;
    channel.step = 0.01f * static_cast<float>(pick(1, 100));
    channel.bias_one = static_cast<uint8_t>(pick(0, kMaxBias));
    channel.bias_more = static_cast<uint8_t>(pick(0, kMaxBias));
    channel.root = pick(-100000, 100000);
    for (auto& axis : channel.context_weights) {
      for (uint8_t& weight : axis) weight = static_cast<uint8_t>(pick(0, 255));
    }
    for (int d = 0; d < depth; ++d)
      channel.prediction_gain.push_back(static_cast<uint8_t>(pick(0, 8)));
    for (size_t i = 1; i < points; ++i) {
      int32_t q = pick(-options.largest, options.largest);
      if (pick(0, 2) != 0) q = 0;
      if (pick(0, 2000) == 0) q = pick(-kMaxCoefficient, kMaxCoefficient);
      channel.coefficients.push_back(q);
    }
    field.channels.push_back(std::move(channel));
  }
  for (int shape = pick(0, 500); shape < kShapeCount; shape += pick(1, 2000)) {
    field.shape_offsets.push_back(
        {static_cast<uint16_t>(shape), static_cast<int16_t>(pick(-32768, 32767))});
  }
  field.shape_step = 0.001f;
  field.group_sizes = {1, 3};
  for (int left = channels - 3; left > 0; left -= 5)
    field.group_sizes.push_back(static_cast<uint8_t>(std::min(5, left)));
  for (int start = std::max(1, depth - 3); start < depth - 1; ++start) {
    field.layer_starts.push_back(static_cast<uint8_t>(start));
  }
  return field;
}

}  // namespace voxpack
