#include "orbit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/morton.h"
#include "size_text.h"

namespace voxpack {
namespace {

constexpr double kViewAngle = 40.0 * std::numbers::pi / 180.0;
constexpr double kMargin = 1.05;

struct Sphere {
  Vec3 centre{};
  double radius = 0;
};

// Around the box of the points that can be seen.
Sphere bounding_sphere(const Field& field) {
  Vec3 low, high;
  low.fill(field.cube.edge);
  high.fill(0);
  for (const Block& block : field.blocks) {
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

}  // namespace

std::vector<View> orbit_views(const Field& field, const OrbitOptions& options) {
  const Sphere sphere = bounding_sphere(field);
  const double distance = kMargin * sphere.radius / std::sin(kViewAngle / 2);
  const double up_angle = options.elevation_deg * std::numbers::pi / 180.0;
  const double focal = std::min(options.width, options.height) / (2 * std::tan(kViewAngle / 2));
  std::vector<View> views(static_cast<size_t>(options.count));
  for (size_t i = 0; i < views.size(); ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / options.count;
    const double c = std::cos(angle), s = std::sin(angle);
    const double ce = std::cos(up_angle), se = std::sin(up_angle);
    const Vec3 right = {-s, c, 0}, up = {-c * se, -s * se, ce}, back = {c * ce, s * ce, se};
    Camera& camera = views[i].camera;
    camera.width = options.width;
    camera.height = options.height;
    camera.fx = camera.fy = focal;
    camera.cx = options.width / 2.0;
    camera.cy = options.height / 2.0;
    for (size_t axis = 0; axis < 3; ++axis) {
      camera.camera_to_world[4 * axis] = right[axis];
      camera.camera_to_world[4 * axis + 1] = up[axis];
      camera.camera_to_world[4 * axis + 2] = back[axis];
      camera.camera_to_world[4 * axis + 3] = sphere.centre[axis] + distance * back[axis];
    }
    views[i].name = format("orbit_%03zu", i);
  }
  return views;
}

}  // namespace voxpack
