#include "stages/detect_cameras.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/morton.h"

namespace voxpack {
namespace {

constexpr double kFieldOfView = 40.0 * std::numbers::pi / 180.0;
constexpr double kMargin = 1.03;

struct Ball {
  Vec3 centre{};
  double radius = 0;
};

Ball ball_around(const Field& field) {
  Vec3 low, high;
  low.fill(field.cube.edge);
  high.fill(0);
  for (const Block& block : field.blocks) {
    const double spacing = std::ldexp(field.spacing(), block.level);
    uint32_t point = block.first_point;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      if (!(field.density[point] > 0)) continue;
      const auto code = static_cast<uint64_t>(std::countr_zero(left));
      const uint32_t site[3] = {block.x * 4u + gather_bits_3(code),
                                block.y * 4u + gather_bits_3(code >> 1),
                                block.z * 4u + gather_bits_3(code >> 2)};
      for (int a = 0; a < 3; ++a) {
        low[a] = std::min(low[a], (site[a] - 1.0) * spacing);
        high[a] = std::max(high[a], (site[a] + 1.0) * spacing);
      }
    }
  }
  Ball ball;
  for (int a = 0; a < 3; ++a) {
    if (low[a] > high[a]) low[a] = 0, high[a] = field.cube.edge;
    ball.centre[a] = field.cube.origin[a] + (low[a] + high[a]) / 2;
    ball.radius += (high[a] - low[a]) * (high[a] - low[a]) / 4;
  }
  ball.radius = std::sqrt(ball.radius);
  return ball;
}

}  // namespace

std::vector<Camera> sphere_cameras(const Field& field, int count) {
  const Ball ball = ball_around(field);
  const double distance = kMargin * ball.radius / std::sin(kFieldOfView / 2);
  const int pixels = std::clamp(field.resolution, kMinSphereViewPixels, kMaxSphereViewPixels);
  std::vector<Camera> cameras(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    Camera& camera = cameras[static_cast<size_t>(i)];
    camera.width = camera.height = pixels;
    camera.fx = camera.fy = pixels / (2 * std::tan(kFieldOfView / 2));
    camera.cx = camera.cy = pixels / 2.0;
    // Golden-angle spiral; the offset by half a turn's step keeps cameras off the poles.
    const double cos_polar = 1 - (2 * i + 1.0) / count;
    const double sin_polar = std::sqrt(1 - cos_polar * cos_polar);
    const double angle = i * std::numbers::pi * (3 - std::sqrt(5.0));
    const double c = std::cos(angle), s = std::sin(angle);
    const Vec3 back = {sin_polar * c, sin_polar * s, cos_polar};
    const Vec3 right = {-s, c, 0};
    const Vec3 up = {-cos_polar * c, -cos_polar * s, sin_polar};
    for (size_t a = 0; a < 3; ++a) {
      camera.camera_to_world[4 * a] = right[a];
      camera.camera_to_world[4 * a + 1] = up[a];
      camera.camera_to_world[4 * a + 2] = back[a];
      camera.camera_to_world[4 * a + 3] = ball.centre[a] + distance * back[a];
    }
  }
  return cameras;
}

}  // namespace voxpack
