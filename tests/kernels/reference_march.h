// Rays through a field, slowly and in double, from docs/field-format.md sections 4 and 5.
// Shares no code with lib/kernels or lib/field/appearance.cpp.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "field/camera.h"
#include "kernels/reference_field.h"

namespace voxpack {

struct ReferenceSample {
  double t = 0;     // in units of h
  double step = 0;  // likewise
  Combination terms;
};

struct ReferenceRay {
  std::vector<ReferenceSample> samples;  // all of them, front to back, whatever their density
  // A sample lies so close to a seam between levels, or to the void, that rounding decides its
  // leaf.
  bool is_ambiguous = false;
};

// The samples of a world ray, at t = (k + offset) * step.
inline ReferenceRay sample_ray(const Field& field, const ReferenceField& reference, const Ray& ray,
                               double offset) {
  ReferenceRay out;
  const double h = field.cube.edge / field.resolution;
  Vec3 o, d = ray.direction;
  for (int a = 0; a < 3; ++a) o[a] = (ray.origin[a] - field.cube.origin[a]) / h;
  const double fastest = std::max({std::fabs(d[0]), std::fabs(d[1]), std::fabs(d[2])});
  const double finest = reference.leaves().empty() ? 0 : reference.leaves().front().level;
  const double margin = 2.5e-3 * std::exp2(finest) / fastest;
  const auto at = [&](double t) { return Vec3{o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]}; };
  for (const ReferenceLeaf& leaf : reference.leaves()) {
    double t_in = 0, t_out = 1e300;
    for (int a = 0; a < 3; ++a) {
      const double lower = leaf.lower(a) / 2.0 - o[a], upper = lower + leaf.size() / 2.0;
      if (d[a] == 0) {
        if (lower > 0 || upper <= 0) t_out = -1;
        continue;
      }
      t_in = std::max(t_in, std::min(lower / d[a], upper / d[a]));
      t_out = std::min(t_out, std::max(lower / d[a], upper / d[a]));
    }
    if (t_in > t_out) continue;
    const double step = std::exp2(leaf.level) / 2;
    for (double k = std::ceil((t_in - margin) / step - offset);; ++k) {
      const double t = (k + offset) * step;
      if (t > t_out + margin) break;
      if (t < 0) continue;
      if (std::fabs(t - t_in) < margin || std::fabs(t - t_out) < margin) {
        out.is_ambiguous |= reference.level_of(at(t - margin)) != leaf.level ||
                            reference.level_of(at(t + margin)) != leaf.level;
      }
      if (t >= t_in && t < t_out) out.samples.push_back({t, step, reference.at(leaf, at(t))});
    }
  }
  std::sort(out.samples.begin(), out.samples.end(),
            [](const ReferenceSample& a, const ReferenceSample& b) { return a.t < b.t; });
  return out;
}

// Y_0 .. Y_15 from docs/field-format.md.
inline std::array<double, 16> reference_harmonics(const Vec3& d) {
  const double x = d[0], y = d[1], z = d[2];
  return {0.28209479177387814,
          -0.48860251190291987 * y,
          0.48860251190291987 * z,
          -0.48860251190291987 * x,
          1.0925484305920792 * x * y,
          -1.0925484305920792 * y * z,
          0.31539156525252005 * (3 * z * z - 1),
          -1.0925484305920792 * x * z,
          0.5462742152960396 * (x * x - y * y),
          -0.5900435899266435 * y * (3 * x * x - y * y),
          2.890611442640554 * x * y * z,
          -0.4570457994644658 * y * (5 * z * z - 1),
          0.3731763325901154 * z * (5 * z * z - 3),
          -0.4570457994644658 * x * (5 * z * z - 1),
          1.445305721320277 * z * (x * x - y * y),
          -0.5900435899266435 * x * (x * x - 3 * y * y)};
}

struct ReferencePixel {
  std::array<double, 3> rgb{};       // premultiplied
  std::array<double, 3> residual{};  // the network's part of it
  double alpha = 0;
  double squared_weights = 0;       // sum over samples of w^2
  double smallest_density = 1e300;  // |density| next to the ReLU's kink
  double smallest_hidden = 1e300;   // |hidden unit| next to its kink
};

inline void reference_decode(const AppearanceModel& model, const std::vector<double>& features,
                             const Vec3& direction, ReferencePixel& pixel) {
  const std::array<double, 16> basis = reference_harmonics(direction);
  if (model.kind == AppearanceKind::sh1 || model.kind == AppearanceKind::sh2) {
    const size_t count = model.kind == AppearanceKind::sh1 ? 4 : 9;
    for (size_t k = 0; k < count; ++k) {
      for (size_t c = 0; c < 3; ++c) pixel.rgb[c] += basis[k] * features[3 * k + c];
    }
    return;
  }
  for (size_t c = 0; c < 3; ++c) pixel.rgb[c] = features[c];
  if (model.kind == AppearanceKind::rgb) return;
  std::vector<double> input = features;
  input.push_back(pixel.alpha);
  for (size_t k = 1; k < 16; ++k) input.push_back(pixel.alpha * basis[k]);
  const auto width = static_cast<size_t>(model.hidden_width);
  for (size_t j = 0; j < width; ++j) {
    double hidden = 0;
    for (size_t i = 0; i < input.size(); ++i)
      hidden += input[i] * double{model.weights[i * width + j]};
    pixel.smallest_hidden = std::min(pixel.smallest_hidden, std::fabs(hidden));
    for (size_t c = 0; c < 3 && hidden > 0; ++c) {
      pixel.residual[c] += hidden * double{model.weights[input.size() * width + j * 3 + c]};
    }
  }
  for (size_t c = 0; c < 3; ++c) pixel.rgb[c] += pixel.residual[c];
}

// The pixel of a ray with the values of `field`; the march stops below `stop`.
// `T` is the type of the values, so that tests can hand in doubles that they vary.
template <class Values>
ReferencePixel march_reference(const AppearanceModel& model, const Values& density,
                               const Values& features, const ReferenceRay& ray,
                               const Vec3& direction, double stop = 0) {
  const auto channels = static_cast<size_t>(model.channels());
  std::vector<double> sums(channels);
  ReferencePixel pixel;
  double remaining = 1;
  for (const ReferenceSample& sample : ray.samples) {
    double value = 0;
    for (const Term& term : sample.terms) value += term.weight * density[term.point];
    if (!sample.terms.empty())
      pixel.smallest_density = std::min(pixel.smallest_density, std::fabs(value));
    if (value <= 0) continue;
    const double weight = remaining * (1 - std::exp(-value * sample.step));
    for (const Term& term : sample.terms) {
      for (size_t c = 0; c < channels; ++c) {
        sums[c] += weight * term.weight * features[size_t{term.point} * channels + c];
      }
    }
    pixel.squared_weights += weight * weight;
    remaining -= weight;
    if (remaining < stop) break;
  }
  pixel.alpha = 1 - remaining;
  reference_decode(model, sums, direction, pixel);
  return pixel;
}

}  // namespace voxpack
