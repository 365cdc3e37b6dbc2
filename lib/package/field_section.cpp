#include "package/field_section.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "codec/haar_block.h"
#include "package/package.h"

namespace voxpack {
namespace {

constexpr double kMaxCoordinate = 1e9;
constexpr double kMinEdge = 1e-9;
constexpr float kMinStep = 1e-9f;
constexpr float kMaxStep = 1e6f;

Status bad(std::string message) { return {Errc::bad_data, std::move(message)}; }

Status check_channel(const CodedChannel& channel, size_t c, int depth) {
  const std::string name = "channel " + std::to_string(c);
  if (channel.curve != ValueCurve::linear && channel.curve != ValueCurve::squared) {
    return bad(name + ": unknown curve " + std::to_string(static_cast<int>(channel.curve)));
  }
  if (!(channel.step >= kMinStep && channel.step <= kMaxStep))
    return bad(name + ": step out of range");
  if (channel.bias_one > kMaxBias || channel.bias_more > kMaxBias)
    return bad(name + ": bias out of range");
  if (std::abs(int64_t{channel.root}) > kMaxNumber) return bad(name + ": mean out of range");
  if (channel.prediction_gain.size() != static_cast<size_t>(depth)) {
    return bad(name + ": " + std::to_string(channel.prediction_gain.size()) +
               " gains for a tree of depth " + std::to_string(depth));
  }
  for (const uint8_t gain : channel.prediction_gain) {
    if (gain > kMaxPredictionGain)
      return bad(name + ": gain " + std::to_string(gain) + " is out of range");
  }
  return {};
}

Status check_layers(std::span<const uint8_t> starts, int depth) {
  if (starts.empty() || starts.size() > kCodedMaxLayers || starts[0] != 0) {
    return bad(std::to_string(starts.size()) + " layers, or the first does not start at depth 0");
  }
  for (size_t i = 1; i < starts.size(); ++i) {
    if (starts[i] <= starts[i - 1] || starts[i] >= depth) {
      return bad("layer " + std::to_string(i) + " starts at depth " + std::to_string(starts[i]) +
                 " of " + std::to_string(depth));
    }
  }
  return {};
}

Status check_appearance(const CodedField& field) {
  const int channels = appearance_channels(field.appearance_kind, field.feature_count);
  if (channels < 0) return bad("unknown appearance kind " + std::to_string(field.appearance_kind));
  if (field.appearance_kind == kAppearanceMlp) {
    if (field.feature_count < 1 || field.feature_count > kMaxFeatureCount) {
      return bad("feature_count " + std::to_string(field.feature_count) + " is not 1..28");
    }
    if (field.hidden_width < 4 || field.hidden_width > kMaxHiddenWidth ||
        field.hidden_width % 4 != 0) {
      return bad("hidden_width " + std::to_string(field.hidden_width) + " is not 4, 8 .. 64");
    }
  } else if (field.feature_count != 0 || field.hidden_width != 0) {
    return bad("feature_count or hidden_width without a network");
  }
  if (field.channels.size() != static_cast<size_t>(channels) + 1) {
    return bad(std::to_string(field.channels.size()) + " channels, the appearance needs " +
               std::to_string(channels + 1));
  }
  return {};
}

}  // namespace

Status check_field_parameters(const CodedField& field, const TreeShape& shape) {
  for (const double v : field.origin) {
    if (!(std::fabs(v) <= kMaxCoordinate)) return bad("the origin is not three numbers in +-1e9");
  }
  if (!(field.edge >= kMinEdge && field.edge <= kMaxCoordinate))
    return bad("the edge is not a number in 1e-9..1e9");
  if (field.resolution < kCodedMinResolution || field.resolution > kCodedMaxResolution) {
    return bad("resolution " + std::to_string(field.resolution) + " is not 4..16384");
  }
  if (shape.min_level < kCodedMinLevel || shape.max_level > kCodedMaxLevel ||
      shape.min_level > shape.max_level) {
    return bad("levels " + std::to_string(shape.min_level) + ".." +
               std::to_string(shape.max_level) + " are not in -1..6");
  }
  if (field.level_weight_shift > 3) {
    return bad("level_weight_shift " + std::to_string(field.level_weight_shift) + " is not 0..3");
  }
  if (field.colour_transform > 1) {
    return bad("unknown colour transform " + std::to_string(field.colour_transform));
  }
  VOXPACK_TRY(check_appearance(field));
  size_t sum = 0;
  for (const uint8_t size : field.group_sizes) {
    if (size == 0) return bad("a group has no channels");
    sum += size;
  }
  if (sum != field.channels.size()) {
    return bad("the groups have " + std::to_string(sum) + " channels of " +
               std::to_string(field.channels.size()));
  }
  VOXPACK_TRY(check_layers(field.layer_starts, shape.depth()));
  if (!(field.shape_step >= kMinStep && field.shape_step <= kMaxStep)) {
    return bad("shape step out of range");
  }
  int last_shape = -1;
  for (const ShapeOffset& entry : field.shape_offsets) {
    if (entry.shape <= last_shape || entry.shape >= kShapeCount) {
      return bad("shape " + std::to_string(entry.shape) + " is out of order or range");
    }
    last_shape = entry.shape;
  }
  for (size_t c = 0; c < field.channels.size(); ++c) {
    VOXPACK_TRY(check_channel(field.channels[c], c, shape.depth()));
  }
  return {};
}

Status check_network(const CodedField& field) {
  if (field.appearance_kind != kAppearanceMlp) {
    return field.network.empty() ? Status() : bad("a network that the appearance does not use");
  }
  const int inputs = network_inputs(static_cast<int>(field.channels.size()) - 1);
  const int sizes[2][2] = {{inputs, field.hidden_width}, {field.hidden_width, 3}};
  if (field.network.size() != 2) {
    return bad("the network has " + std::to_string(field.network.size()) + " matrices, not 2");
  }
  for (int m = 0; m < 2; ++m) {
    const CodedMatrix& matrix = field.network[m];
    const std::string name = "network matrix " + std::to_string(m);
    if (matrix.rows != sizes[m][0] || matrix.columns != sizes[m][1]) {
      return bad(name + " is " + std::to_string(matrix.rows) + " x " +
                 std::to_string(matrix.columns) + ", the appearance needs " +
                 std::to_string(sizes[m][0]) + " x " + std::to_string(sizes[m][1]));
    }
    if (matrix.bits < 2 || matrix.bits > 16) return bad(name + ": bits out of range");
    const size_t count = size_t{matrix.rows} * matrix.columns;
    if (matrix.scales.size() != matrix.rows || matrix.codes.size() != count) {
      return bad(name + ": wrong number of scales or codes");
    }
    const int limit = 1 << (matrix.bits - 1);
    for (const int16_t code : matrix.codes) {
      if (std::abs(int{code}) >= limit)
        return bad(name + ": code " + std::to_string(code) + " is out of range");
    }
    for (const float scale : matrix.scales) {
      if (!(scale >= 0 && scale <= kMaxStep)) return bad(name + ": scale out of range");
    }
  }
  return {};
}

}  // namespace voxpack
