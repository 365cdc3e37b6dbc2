// Means of the densities by shape.
#include <algorithm>
#include <cmath>

#include "codec/enc_attributes.h"
#include "codec/point_shape.h"

namespace voxpack {

ShapeFit fit_shapes(const Tree& tree, std::span<float> numbers, size_t stride,
                    std::span<const float> weights) {
  constexpr double kLevels = 64;     // of offsets in a standard deviation
  constexpr double kLeastBits = 64;  // that a shape must save
  ShapeFit fit;
  const std::vector<uint16_t> shapes = point_shapes(tree);
  struct Sums {
    double weight = 0, value = 0, count = 0;
  };
  std::vector<Sums> sums(kShapeCount);
  double weight_sum = 0, sum = 0, square = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : static_cast<double>(weights[i]) + 1e-9;
    const double value = static_cast<double>(numbers[i * stride]);
    Sums& s = sums[shapes[i]];
    s.weight += weight;
    s.value += weight * value;
    s.count += 1;
    weight_sum += weight;
    sum += weight * value;
    square += weight * value * value;
  }
  if (shapes.empty()) return fit;
  const double mean = sum / weight_sum;
  const double variance = square / weight_sum - mean * mean;
  if (!(variance > 1e-12)) return fit;
  fit.step = static_cast<float>(std::clamp(std::sqrt(variance) / kLevels, 1e-9, 1e6));
  std::vector<float> offset_of(kShapeCount, 0.0f);
  for (int shape = 0; shape < kShapeCount; ++shape) {
    const Sums& s = sums[shape];
    if (s.count == 0) continue;
    const double away = s.value / s.weight - mean;
    // Half a bit a point for each halving of the error, to first order.
    if (s.count * away * away / variance * 0.72 < kLeastBits) continue;
    const double offset =
        std::clamp(std::nearbyint(away / static_cast<double>(fit.step)), -32767.0, 32767.0);
    fit.offsets.push_back({static_cast<uint16_t>(shape), static_cast<int16_t>(offset)});
    offset_of[shape] = static_cast<float>(offset * static_cast<double>(fit.step));
  }
  for (size_t i = 0; i < shapes.size(); ++i) numbers[i * stride] -= offset_of[shapes[i]];
  return fit;
}

}  // namespace voxpack
