#include "stages/quantize_prepare.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "codec/colour_transform.h"
#include "codec/octree.h"
#include "package/package.h"

namespace voxpack {
namespace {

constexpr size_t kSampleCount = 2048;
constexpr float kDirections[][3] = {{0.6f, 0.0f, 0.8f},
                                    {-0.6f, 0.64f, 0.48f},
                                    {0.0f, -0.8f, 0.6f},
                                    {0.8f, 0.36f, -0.48f},
                                    {-0.48f, -0.6f, 0.64f}};
// No channel is thought to matter less than this part of the one that matters most.
constexpr float kLeastSensitivity = 1.0f / 32;

// Changes of R, G, B for a change of 1 of Y, Co, Cg (docs/format.md, section 9).
constexpr float kColourColumns[3][3] = {{1, 1, 1}, {0.5f, 0, -0.5f}, {-0.5f, 0.5f, -0.5f}};

int triples_of(const AppearanceModel& model) {
  return colour_triples(static_cast<uint8_t>(model.kind), model.channels());
}

// Squared change of the colour when coded channel `c` moves by `delta`.
double squared_change(const AppearanceModel& model, const std::vector<float>& features, int c,
                      float delta, const float direction[3], const float before[3]) {
  float moved[kMaxChannels];
  std::copy(features.begin(), features.end(), moved);
  if (c < 3 * triples_of(model)) {
    for (int k = 0; k < 3; ++k) moved[c / 3 * 3 + k] += delta * kColourColumns[c % 3][k];
  } else {
    moved[c] += delta;
  }
  float rgb[3];
  decode_appearance(model, moved, 1.0f, direction, rgb);
  double sum = 0;
  for (int k = 0; k < 3; ++k) {
    const double change = static_cast<double>(rgb[k]) - static_cast<double>(before[k]);
    sum += change * change;
  }
  return sum;
}

// Rows of a weight matrix, each with a scale of its own.
CodedMatrix quantize_matrix(std::span<const float> weights, int rows, int columns, int bits) {
  CodedMatrix matrix;
  matrix.rows = static_cast<uint16_t>(rows);
  matrix.columns = static_cast<uint16_t>(columns);
  matrix.bits = static_cast<uint8_t>(bits);
  const auto top = static_cast<float>((1 << (bits - 1)) - 1);
  for (int r = 0; r < rows; ++r) {
    const auto row = weights.subspan(static_cast<size_t>(r) * columns, columns);
    float largest = 0;
    for (const float w : row) largest = std::max(largest, std::fabs(w));
    const float scale = std::min(largest / top, 1e6f);
    matrix.scales.push_back(scale);
    for (const float w : row) {
      const float code = scale > 0 ? std::clamp(std::rint(w / scale), -top, top) : 0.0f;
      matrix.codes.push_back(static_cast<int16_t>(code));
    }
  }
  return matrix;
}

}  // namespace

std::vector<float> feature_sensitivities(const Field& field) {
  constexpr float kDelta = 1.0f / 32;
  const int channels = field.channels();
  std::vector<double> sums(channels, 0.0);
  double weight_sum = 0;
  const size_t count = field.point_count();
  const size_t stride = std::max<size_t>(1, count / kSampleCount);
  std::vector<float> features(channels);
  for (size_t i = stride / 2; i < count; i += stride) {
    const double weight =
        field.importance.empty() ? 1.0 : static_cast<double>(field.importance[i]) + 1e-12;
    std::copy_n(field.features.data() + i * channels, channels, features.begin());
    for (const auto& direction : kDirections) {
      float before[3];
      decode_appearance(field.appearance, features.data(), 1.0f, direction, before);
      for (int c = 0; c < channels; ++c) {
        sums[c] += weight * 0.5 *
                   (squared_change(field.appearance, features, c, kDelta, direction, before) +
                    squared_change(field.appearance, features, c, -kDelta, direction, before));
      }
      weight_sum += weight;
    }
  }
  std::vector<float> out(channels, 1.0f);
  float largest = 0;
  for (int c = 0; c < channels; ++c) {
    if (weight_sum > 0) out[c] = static_cast<float>(std::sqrt(sums[c] / weight_sum)) / kDelta;
    largest = std::max(largest, out[c]);
  }
  const float floor = std::max(1e-3f, largest * kLeastSensitivity);
  for (float& v : out) v = std::clamp(v, floor, 1e3f);
  return out;
}

CodedField prepare_codes(const Field& field, const QuantizeOptions& options) {
  CodedField codes;
  codes.origin = field.cube.origin;
  codes.edge = field.cube.edge;
  codes.resolution = static_cast<uint16_t>(field.resolution);
  codes.appearance_kind = static_cast<uint8_t>(field.appearance.kind);
  codes.feature_count = static_cast<uint8_t>(field.appearance.feature_count);
  codes.hidden_width = static_cast<uint8_t>(field.appearance.hidden_width);
  codes.colour_transform = 1;
  codes.level_weight_shift = static_cast<uint8_t>(options.level_weight_shift);
  for (const Block& block : field.blocks) {
    codes.blocks.push_back({block.level, block.x, block.y, block.z, block.mask});
  }
  const auto depth = static_cast<size_t>(shape_of(field.resolution, codes.blocks).depth());
  const std::vector<float> sensitivities = feature_sensitivities(field);
  for (int c = 0; c <= field.channels(); ++c) {
    CodedChannel channel;
    channel.curve = c == 0 ? ValueCurve::squared : ValueCurve::linear;
    channel.step = 1.0f / (c == 0 ? options.density_sensitivity : sensitivities[c - 1]);
    channel.prediction_gain.assign(depth, kMaxPredictionGain);
    codes.channels.push_back(std::move(channel));
  }
  // Density, the first colour (all kinds start with one), then colours or fours: small enough for
  // threads, large enough for contexts across channels.
  codes.group_sizes = {1, 3};
  const int size = field.appearance.kind == AppearanceKind::mlp ? 4 : 3;
  for (int left = field.channels() - 3; left > 0; left -= size) {
    codes.group_sizes.push_back(static_cast<uint8_t>(std::min(size, left)));
  }
  if (field.appearance.kind == AppearanceKind::mlp) {
    const std::span<const float> weights = field.appearance.weights;
    const int inputs = field.appearance.input_count(), hidden = field.appearance.hidden_width;
    const size_t first = static_cast<size_t>(inputs) * hidden;
    codes.network.push_back(
        quantize_matrix(weights.first(first), inputs, hidden, options.network_bits));
    codes.network.push_back(
        quantize_matrix(weights.subspan(first), hidden, 3, options.network_bits));
  }
  return codes;
}

std::vector<float> companded_numbers(const Field& field, const QuantizeOptions& options) {
  const size_t channels = static_cast<size_t>(field.channels());
  const auto triples = static_cast<size_t>(triples_of(field.appearance));
  std::vector<float> numbers(field.point_count() * (channels + 1));
  for (size_t i = 0; i < field.point_count(); ++i) {
    float* out = &numbers[i * (channels + 1)];
    const float density = std::clamp(field.density[i], options.min_density, options.max_density);
    const float companded = 2.0f * (std::sqrt(1.0f + std::fabs(density)) - 1.0f);
    out[0] = density < 0 ? -companded : companded;
    for (size_t c = 0; c < channels; ++c) out[1 + c] = field.features[i * channels + c];
    for (size_t k = 0; k < triples; ++k) to_y_co_cg(out + 1 + 3 * k);
  }
  return numbers;
}

}  // namespace voxpack
