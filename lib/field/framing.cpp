#include "field/framing.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/morton.h"

namespace voxpack {

Sphere seen_sphere(const Field& field) {
  double low[3], high[3];
  for (int axis = 0; axis < 3; ++axis) low[axis] = field.cube.edge, high[axis] = 0;
#pragma omp parallel for schedule(static) reduction(min : low[:3]) reduction(max : high[:3])
  for (size_t b = 0; b < field.blocks.size(); ++b) {
    const Block& block = field.blocks[b];
    const double spacing = std::ldexp(field.spacing(), block.level);
    uint32_t point = block.first_point;
    for (uint64_t mask = block.mask; mask != 0; mask &= mask - 1, ++point) {
      if (!(field.density[point] > 0)) continue;
      const auto code = static_cast<uint64_t>(std::countr_zero(mask));
      const uint32_t site[3] = {block.x * 4u + gather_bits_3(code),
                                block.y * 4u + gather_bits_3(code >> 1),
                                block.z * 4u + gather_bits_3(code >> 2)};
      for (int axis = 0; axis < 3; ++axis) {
        low[axis] = std::min(low[axis], (site[axis] - 1.0) * spacing);
        high[axis] = std::max(high[axis], (site[axis] + 1.0) * spacing);
      }
    }
  }
  Sphere sphere;
  for (int axis = 0; axis < 3; ++axis) {
    if (low[axis] > high[axis]) low[axis] = 0, high[axis] = field.cube.edge;
    sphere.centre[axis] = field.cube.origin[axis] + (low[axis] + high[axis]) / 2;
    sphere.radius += (high[axis] - low[axis]) * (high[axis] - low[axis]) / 4;
  }
  sphere.radius = std::sqrt(sphere.radius);
  return sphere;
}

Camera framing_camera(const Sphere& sphere, double azimuth_rad, double sin_elevation, int width,
                      int height, double margin) {
  constexpr double kViewAngle = 40.0 * std::numbers::pi / 180.0;
  const double distance = margin * sphere.radius / std::sin(kViewAngle / 2);
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fx = camera.fy = std::min(width, height) / (2 * std::tan(kViewAngle / 2));
  camera.cx = width / 2.0;
  camera.cy = height / 2.0;
  const double c = std::cos(azimuth_rad), s = std::sin(azimuth_rad);
  const double se = sin_elevation, ce = std::sqrt(1 - se * se);
  const Vec3 right = {-s, c, 0}, up = {-c * se, -s * se, ce}, back = {c * ce, s * ce, se};
  for (size_t axis = 0; axis < 3; ++axis) {
    camera.camera_to_world[4 * axis] = right[axis];
    camera.camera_to_world[4 * axis + 1] = up[axis];
    camera.camera_to_world[4 * axis + 2] = back[axis];
    camera.camera_to_world[4 * axis + 3] = sphere.centre[axis] + distance * back[axis];
  }
  return camera;
}

}  // namespace voxpack
