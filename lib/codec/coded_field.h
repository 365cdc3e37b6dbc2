// A quantised field: exactly what a package holds, as plain integers. Packing and unpacking it is
// lossless.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace voxpack {

inline constexpr int kCodedMinLevel = -1;
inline constexpr int kCodedMaxLevel = 6;
inline constexpr int kCodedMinResolution = 4;
inline constexpr int kCodedMaxResolution = 16384;
inline constexpr int kCodedMaxChannels = 32;  // density and features
inline constexpr uint64_t kCodedMaxPoints = 0xfffffff0;
inline constexpr int kCodedMaxLayers = 4;

// 4 x 4 x 4 sites of one level; bit i of `mask` is the site with Morton code i inside the block.
struct CodedBlock {
  int8_t level = 0;              // kCodedMinLevel..kCodedMaxLevel
  uint16_t x = 0, y = 0, z = 0;  // in blocks of this level
  uint64_t mask = 0;             // never 0
  bool operator==(const CodedBlock&) const = default;
};

// How the stored value follows from the decoded number v (fixed point times step).
enum class ValueCurve : uint8_t {
  linear = 0,   // v
  squared = 1,  // v + v * |v| / 4: finer near 0, coarser far from it (densities)
};

// parent, neighbours, own, last, last_but_one, predicted, constant
inline constexpr int kContextFeatures = 7;
inline constexpr std::array<std::array<uint8_t, kContextFeatures>, 3> kDefaultContextWeights = {
    {{16, 22, 52, 24, 8, 48, 0xfb}, {16, 22, 52, 24, 8, 48, 0xfb}, {16, 22, 52, 24, 8, 48, 0xfb}}};

// One channel: channel 0 is the density, 1.. are the features.
struct CodedChannel {
  ValueCurve curve = ValueCurve::linear;
  float step = 1.0f;      // of an orthonormal coefficient, 1e-9..1e6
  uint8_t bias_one = 0;   // |coefficient| 1 is reconstructed at 1 - bias_one / 64; 0..31
  uint8_t bias_more = 0;  // larger n at n - bias_more / 64; 0..31
  int32_t root = 0;       // mean of the whole field in step / 256
  // How the magnitude of a coefficient is expected from what is known before it, [axis][feature]
  // (docs/format.md, "Coefficients"); the last feature is signed.
  std::array<std::array<uint8_t, kContextFeatures>, 3> context_weights = kDefaultContextWeights;
  std::vector<uint8_t> prediction_gain;  // [tree depth] in 1/8, 0..8
  std::vector<int32_t> coefficients;     // [point_count - 1] in coding order (docs/format.md); all
                                         // within +-kMaxCoefficient
  bool operator==(const CodedChannel&) const = default;
};

// What the decoded numbers of a channel's points lie in, in step / 256.
struct NumberRange {
  int32_t low = 0, high = 0;
  bool operator==(const NumberRange&) const = default;
};

// How the coefficients are divided among attribute sections: one for each group and layer, numbered
// layer * group count + group.
struct AttributeLayout {
  std::span<const uint8_t> group_sizes;   // channels per group
  std::span<const uint8_t> layer_starts;  // first tree depth of each layer, ascending from 0
};

inline constexpr int32_t kMaxCoefficient = 1 << 24;
inline constexpr int kMaxBias = 31;
inline constexpr int kMaxPredictionGain = 8;

// One matrix of the appearance network: value[r][c] = codes[r * columns + c] * scales[r].
struct CodedMatrix {
  uint16_t rows = 0;
  uint16_t columns = 0;
  uint8_t bits = 13;  // 2..16; |code| < 2^(bits - 1)
  std::vector<float> scales;
  std::vector<int16_t> codes;
  bool operator==(const CodedMatrix&) const = default;
};

// What a point whose surroundings have this shape adds to its density (docs/format.md, "Shapes").
inline constexpr int kShapeCount = 27 * 13 * 13 * 13;
struct ShapeOffset {
  uint16_t shape = 0;  // below kShapeCount
  int16_t offset = 0;  // in shape_step
  bool operator==(const ShapeOffset&) const = default;
};

struct CodedField {
  std::array<double, 3> origin{};
  double edge = 1;
  uint16_t resolution = 0;
  uint8_t appearance_kind = 0;
  uint8_t feature_count = 0;
  uint8_t hidden_width = 0;
  uint8_t level_weight_shift = 0;  // a point of level l weighs 2^(shift * (l - lowest level)); 0..3
  uint8_t colour_transform = 0;    // 1: colours among the features are coded as Y, Co, Cg
  std::vector<CodedBlock> blocks;  // level descending, then Morton order; they do not overlap
  std::vector<CodedChannel> channels;
  std::vector<uint8_t> group_sizes;  // channels per group, in order; sums to channels.size()
  // First tree depth of each layer, ascending from 0; at most kCodedMaxLayers. An attribute section
  // holds the coefficients of one group in one layer.
  std::vector<uint8_t> layer_starts = {0};
  float shape_step = 1.0f;                 // of the offsets, before the curve; 1e-9..1e6
  std::vector<ShapeOffset> shape_offsets;  // shapes ascending
  std::vector<CodedMatrix> network;
  AttributeLayout layout() const { return {group_sizes, layer_starts}; }
  bool operator==(const CodedField&) const = default;
};

}  // namespace voxpack
