// Small fields and pictures for the tests of detect and prune.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/detect_cameras.h"

namespace voxpack {

using ColourAt = std::function<std::array<float, 3>(double, double, double)>;

// A ball around the middle of a unit cube: raw density is `slope` per voxel of depth, stored from
// `outside` voxels above the surface to `inside` below it.
inline Field make_ball(int resolution, double radius, double outside, double inside,
                       const ColourAt& colour, int level = 0) {
  constexpr double kSlope = 2.0;
  Field field;
  field.cube = {{0, 0, 0}, 1.0};
  field.resolution = resolution;
  field.appearance.kind = AppearanceKind::rgb;
  std::vector<uint16_t> positions;
  const double voxel = std::ldexp(1.0 / resolution, level);
  const int sites = sites_per_axis(resolution, level);
  for (int z = 0; z < sites; ++z) {
    for (int y = 0; y < sites; ++y) {
      for (int x = 0; x < sites; ++x) {
        const double p[3] = {x * voxel - 0.5, y * voxel - 0.5, z * voxel - 0.5};
        const double depth = (radius - std::hypot(p[0], p[1], p[2])) / voxel;
        if (depth < -outside || depth > inside) continue;
        for (const int c : {x, y, z}) positions.push_back(static_cast<uint16_t>(c));
        field.density.edit().push_back(static_cast<float>(kSlope * depth));
        for (const float c : colour(p[0], p[1], p[2])) field.features.edit().push_back(c);
      }
    }
  }
  const std::vector<int8_t> levels(field.density.size(), static_cast<int8_t>(level));
  if (!assign_points(field, positions, levels).ok()) return {};
  return field;
}

inline std::array<float, 3> flat(double, double, double) { return {0.6f, 0.5f, 0.3f}; }

// Waves of about 6 voxels at resolution 64.
inline std::array<float, 3> textured(double x, double y, double z) {
  const auto wave = [](double v) { return static_cast<float>(0.5 + 0.4 * std::sin(v * 65)); };
  return {wave(x), wave(y), wave(z)};
}

// PSNR of `field` against `reference` from `count` cameras around, white background, in decibels.
inline double compare_pictures(const Field& reference, const Field& field, Kernels& kernels,
                               int count = 6) {
  auto a = kernels.make_renderer(reference), b = kernels.make_renderer(field);
  if (!a.ok() || !b.ok()) return -1;
  double sum = 0;
  size_t values = 0;
  for (Camera camera : sphere_cameras(reference, count)) {
    const double scale = 200.0 / camera.width;
    camera.width = camera.height = 200;
    camera.fx *= scale, camera.fy *= scale, camera.cx = camera.cy = 100;
    PictureF one, two;
    if (!a.value()->render(camera, one).ok() || !b.value()->render(camera, two).ok()) return -1;
    for (size_t i = 0; i < one.pixels.size(); i += 4) {
      for (size_t c = 0; c < 3; ++c) {
        const double difference =
            (one.pixels[i + c] - one.pixels[i + 3]) - (two.pixels[i + c] - two.pixels[i + 3]);
        sum += difference * difference;
        ++values;
      }
    }
  }
  return -10 * std::log10(sum / static_cast<double>(values) + 1e-12);
}

}  // namespace voxpack
