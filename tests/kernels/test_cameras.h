// Cameras for the tests of kernels and stages.
#pragma once

#include <cmath>

#include "field/camera.h"

namespace voxpack {

// A pinhole camera at `position` that looks at `target`; `focal` in pixels.
inline Camera look_at(const Vec3& position, const Vec3& target, int width, int height,
                      double focal) {
  const auto normalised = [](Vec3 v) {
    const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    return Vec3{v[0] / length, v[1] / length, v[2] / length};
  };
  const auto cross = [](const Vec3& a, const Vec3& b) {
    return Vec3{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  };
  const Vec3 back =
      normalised({position[0] - target[0], position[1] - target[1], position[2] - target[2]});
  const Vec3 up = std::fabs(back[2]) > 0.99 ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
  const Vec3 right = normalised(cross(up, back));
  const Vec3 above = cross(back, right);
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fx = camera.fy = focal;
  camera.cx = width / 2.0;
  camera.cy = height / 2.0;
  for (size_t r = 0; r < 3; ++r) {
    camera.camera_to_world[r * 4] = right[r];
    camera.camera_to_world[r * 4 + 1] = above[r];
    camera.camera_to_world[r * 4 + 2] = back[r];
    camera.camera_to_world[r * 4 + 3] = position[r];
  }
  return camera;
}

// Directions spread evenly over the sphere (golden spiral): number `i` of `count`.
inline Vec3 spiral_direction(int i, int count) {
  const double z = 1 - (2 * i + 1.0) / count;
  const double angle = i * 2.399963229728653;
  const double r = std::sqrt(1 - z * z);
  return {r * std::cos(angle), r * std::sin(angle), z};
}

}  // namespace voxpack
