#include "stages/quantize_prepare.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "codec/colour_transform.h"
#include "codec/octree.h"
#include "package/package.h"
#include "stages/quantize_basis.h"

namespace voxpack {
namespace {

int triples_of(const AppearanceModel& model) {
  return colour_triples(static_cast<uint8_t>(model.kind), model.channels());
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

CodedField prepare_codes(const Field& field, const std::vector<double>& metric,
                         const QuantizeOptions& options) {
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
  const std::vector<float> sensitivities = coded_sensitivities(field.appearance, metric);
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

std::vector<float> companded_importance(const Field& field, const std::vector<float>& importance) {
  if (importance.empty()) return {field.importance.begin(), field.importance.end()};
  std::vector<float> out(importance);
  // The square of d raw / d companded.
  for (size_t i = 0; i < out.size(); ++i) out[i] *= 1.0f + std::fabs(field.density[i]);
  return out;
}

}  // namespace voxpack
