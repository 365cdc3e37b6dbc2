#include "stages/detect_metric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace voxpack {
namespace {

constexpr size_t kSamplePoints = 512;
constexpr int kSampleDirections = 12;
constexpr float kDelta = 1.0f / 64;

// Evenly spread unit vectors (golden-angle spiral).
std::array<std::array<float, 3>, kSampleDirections> sample_directions() {
  std::array<std::array<float, 3>, kSampleDirections> directions;
  for (int i = 0; i < kSampleDirections; ++i) {
    const double z = 1 - (2 * i + 1.0) / kSampleDirections;
    const double angle = i * std::numbers::pi * (3 - std::sqrt(5.0));
    const double r = std::sqrt(1 - z * z);
    directions[i] = {static_cast<float>(r * std::cos(angle)),
                     static_cast<float>(r * std::sin(angle)), static_cast<float>(z)};
  }
  return directions;
}

std::vector<float> network_gains(const Field& field) {
  const size_t channels = static_cast<size_t>(field.channels());
  const auto directions = sample_directions();
  std::vector<double> sums(channels, 0.0);
  std::vector<float> features(channels);
  const size_t step = std::max<size_t>(1, field.point_count() / kSamplePoints);
  size_t samples = 0;
  for (size_t i = step / 2; i < field.point_count(); i += step) {
    if (!(field.density[i] > 0)) continue;
    std::copy_n(field.features.begin() + static_cast<ptrdiff_t>(i * channels), channels,
                features.begin());
    for (const auto& direction : directions) {
      ++samples;
      for (size_t c = 0; c < channels; ++c) {
        const float kept = features[c];
        float above[3], below[3];
        features[c] = kept + kDelta;
        decode_appearance(field.appearance, features.data(), 1.0f, direction.data(), above);
        features[c] = kept - kDelta;
        decode_appearance(field.appearance, features.data(), 1.0f, direction.data(), below);
        features[c] = kept;
        for (int k = 0; k < 3; ++k) {
          const double slope = (above[k] - below[k]) / (2.0 * kDelta);
          sums[c] += slope * slope;
        }
      }
    }
  }
  std::vector<float> gains(channels, 1.0f);
  for (size_t c = 0; c < channels && samples > 0; ++c) {
    gains[c] = static_cast<float>(sums[c] / static_cast<double>(samples));
  }
  return gains;
}

}  // namespace

std::vector<float> feature_gains(const Field& field) {
  const size_t channels = static_cast<size_t>(field.channels());
  switch (field.appearance.kind) {
    case AppearanceKind::rgb:
      return std::vector<float>(channels, 1.0f);
    case AppearanceKind::sh1:
    case AppearanceKind::sh2:  // the basis is orthonormal over the sphere
      return std::vector<float>(channels, static_cast<float>(1 / (4 * std::numbers::pi)));
    case AppearanceKind::mlp:
      return network_gains(field);
  }
  return std::vector<float>(channels, 1.0f);
}

}  // namespace voxpack
