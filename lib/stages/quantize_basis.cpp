#include "stages/quantize_basis.h"

#include <algorithm>
#include <cmath>

#include "package/package.h"
#include "stages/symmetric_eigen.h"

namespace voxpack {
namespace {

constexpr size_t kSampleCount = 2048;
constexpr float kDirections[][3] = {{0.6f, 0.0f, 0.8f},
                                    {-0.6f, 0.64f, 0.48f},
                                    {0.0f, -0.8f, 0.6f},
                                    {0.8f, 0.36f, -0.48f},
                                    {-0.48f, -0.6f, 0.64f}};
// No channel is thought to matter less than this part of the one that matters most.
constexpr double kLeastShare = 1.0 / 32;
// Errors of the features lie alike in neighbouring points more often than those of the colours, so
// they count more than one by one; found on train views of lego.
constexpr double kFeatureShare = 1.5;
// Squared changes of R, G, B for a change of 1 of Y, Co, Cg (docs/format.md, section 9).
constexpr double kColourSquares[3][3] = {{1, 1, 1}, {0.25, 0, 0.25}, {0.25, 0.25, 0.25}};

// Mean over samples of the squared derivatives of the colour, [channel].
std::vector<double> network_metric(const Field& field) {
  constexpr float kDelta = 1.0f / 32;
  const int channels = field.channels();
  std::vector<double> metric(channels, 0.0);
  double weight_sum = 0;
  const size_t count = field.point_count();
  const size_t stride = std::max<size_t>(1, count / kSampleCount);
  std::vector<float> features(channels);
  for (size_t i = stride / 2; i < count; i += stride) {
    const double weight =
        field.importance.empty() ? 1.0 : static_cast<double>(field.importance[i]) + 1e-12;
    std::copy_n(field.features.data() + i * channels, channels, features.begin());
    for (const auto& direction : kDirections) {
      for (int c = 0; c < channels; ++c) {
        const float own = features[c];
        float above[3], below[3];
        features[c] = own + kDelta;
        decode_appearance(field.appearance, features.data(), 1.0f, direction, above);
        features[c] = own - kDelta;
        decode_appearance(field.appearance, features.data(), 1.0f, direction, below);
        features[c] = own;
        for (int k = 0; k < 3; ++k) {
          const double slope = static_cast<double>(above[k] - below[k]) / (2.0 * kDelta);
          metric[c] += weight * slope * slope;
        }
      }
      weight_sum += weight;
    }
  }
  for (double& m : metric) m /= std::max(weight_sum, 1e-30);
  return metric;
}

// Covariance of the features (channels 3 and up) around the means of their blocks, weighted with
// importance.
std::vector<double> feature_covariance(const Field& field, int n) {
  const size_t channels = static_cast<size_t>(field.channels());
  std::vector<double> sums(static_cast<size_t>(n) * n, 0.0), mean(n), difference(n);
  for (const Block& block : field.blocks) {
    const auto count = static_cast<size_t>(point_count(block));
    const float* first = field.features.data() + block.first_point * channels + 3;
    std::fill(mean.begin(), mean.end(), 0.0);
    for (size_t i = 0; i < count; ++i) {
      for (int c = 0; c < n; ++c) mean[c] += static_cast<double>(first[i * channels + c]);
    }
    for (double& m : mean) m /= static_cast<double>(count);
    for (size_t i = 0; i < count; ++i) {
      const double weight = field.importance.empty()
                                ? 1.0
                                : static_cast<double>(field.importance[block.first_point + i]);
      for (int c = 0; c < n; ++c)
        difference[c] = static_cast<double>(first[i * channels + c]) - mean[c];
      for (int a = 0; a < n; ++a) {
        for (int b = 0; b < n; ++b)
          sums[static_cast<size_t>(a) * n + b] += weight * difference[a] * difference[b];
      }
    }
  }
  return sums;
}

}  // namespace

Calibration make_calibration(const std::vector<float>& sensitivities, size_t point_count) {
  Calibration calibration;
  if (point_count == 0) return calibration;
  const size_t floats = sensitivities.size() / point_count;
  calibration.channel_metric.assign(floats - 1, 0.0);
  for (size_t i = 0; i < point_count; ++i) {
    const float* own = &sensitivities[i * floats];
    calibration.density_importance.push_back(own[0]);
    for (size_t c = 1; c < floats; ++c)
      calibration.channel_metric[c - 1] += static_cast<double>(own[c]);
  }
  return calibration;
}

std::vector<double> find_channel_metric(const Field& field, const Calibration& calibration) {
  std::vector<double> metric = network_metric(field);
  const std::vector<double>& seen = calibration.channel_metric;
  if (seen.empty() || !(seen[0] > 0)) return metric;
  const double scale = metric[0] / seen[0];
  const auto colours =
      static_cast<size_t>(3 * colour_triples(static_cast<uint8_t>(field.appearance.kind),
                                             static_cast<int>(metric.size())));
  for (size_t c = 0; c < metric.size(); ++c)
    metric[c] = scale * seen[c] * (c < colours ? 1.0 : kFeatureShare * kFeatureShare);
  return metric;
}

void turn_into_coding_basis(Field& field, std::vector<double>& metric) {
  if (field.appearance.kind != AppearanceKind::mlp) return;
  const int n = field.appearance.feature_count;
  const auto at = [n](int row, int column) { return static_cast<size_t>(row) * n + column; };
  const double largest = *std::max_element(metric.begin(), metric.end());
  if (!(largest > 0)) return;
  std::vector<double> scales(n);  // roots of the metric
  for (int c = 0; c < n; ++c)
    scales[c] = std::sqrt(std::max(metric[3 + c], largest * kLeastShare * kLeastShare));
  std::vector<double> covariance = feature_covariance(field, n);
  for (int a = 0; a < n; ++a) {
    for (int b = 0; b < n; ++b) covariance[at(a, b)] *= scales[a] * scales[b];
  }
  // New features are turn x scales x features.
  const std::vector<double> turn = symmetric_eigen(std::move(covariance), n).vectors;
  const size_t width = static_cast<size_t>(field.appearance.hidden_width);
  const auto weights = [&](int feature) {
    return field.appearance.weights.begin() + static_cast<ptrdiff_t>((3 + feature) * width);
  };
  std::vector<float> turned(static_cast<size_t>(n) * width);
  for (int i = 0; i < n; ++i) {
    for (size_t h = 0; h < width; ++h) {
      double sum = 0;
      for (int k = 0; k < n; ++k)
        sum +=
            turn[at(i, k)] / scales[k] * static_cast<double>(weights(k)[static_cast<ptrdiff_t>(h)]);
      turned[static_cast<size_t>(i) * width + h] = static_cast<float>(sum);
    }
  }
  std::copy(turned.begin(), turned.end(), weights(0));
  std::vector<float> matrix(turn.size());
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < n; ++k) matrix[at(i, k)] = static_cast<float>(turn[at(i, k)] * scales[k]);
  }
  const auto channels = static_cast<size_t>(field.channels());
  const auto count = static_cast<int64_t>(field.point_count());
  float* const values = field.features.edit().data();
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) {
    float* features = values + static_cast<size_t>(i) * channels + 3;
    float made[kMaxChannels];
    for (int c = 0; c < n; ++c) {
      made[c] = 0;
      for (int k = 0; k < n; ++k) made[c] += matrix[at(c, k)] * features[k];
    }
    std::copy_n(made, n, features);
  }
  std::fill(metric.begin() + 3, metric.end(), 1.0);
}

std::vector<float> coded_sensitivities(const AppearanceModel& appearance,
                                       const std::vector<double>& metric) {
  const int colours =
      3 * colour_triples(static_cast<uint8_t>(appearance.kind), static_cast<int>(metric.size()));
  std::vector<float> out;
  float largest = 0;
  for (int c = 0; c < static_cast<int>(metric.size()); ++c) {
    double square = metric[c];
    if (c < colours) {
      square = 0;
      for (int k = 0; k < 3; ++k)
        square += kColourSquares[c % 3][k] * metric[static_cast<size_t>(c / 3 * 3 + k)];
    }
    out.push_back(static_cast<float>(std::sqrt(square)));
    largest = std::max(largest, out.back());
  }
  const float least = std::max(1e-3f, largest * static_cast<float>(kLeastShare));
  for (float& v : out) v = std::clamp(v, least, 1e3f);
  return out;
}

}  // namespace voxpack
