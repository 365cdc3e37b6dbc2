// Lens models forward and backward, and the rays of pixels.
#include "field/camera.h"

#include <algorithm>
#include <cmath>

namespace voxpack {
namespace {

constexpr int kNewtonSteps = 30;
constexpr double kConverged = 1e-13;  // in units of the focal length
constexpr double kPi = 3.14159265358979323846;

struct Point2 {
  double x = 0, y = 0;
};

// Distorted position of (x, y) on the plane at distance 1; `jacobian` (row-major 2 x 2) may be
// null.
Point2 distort_opencv(const Camera& c, Point2 p, double* jacobian) {
  const double x = p.x, y = p.y, r2 = x * x + y * y;
  const double radial = 1 + r2 * (c.k1 + r2 * (c.k2 + r2 * (c.k3 + r2 * c.k4)));
  if (jacobian) {
    const double slope = c.k1 + r2 * (2 * c.k2 + r2 * (3 * c.k3 + r2 * 4 * c.k4));  // d radial/d r2
    const double mixed = 2 * x * y * slope + 2 * c.p1 * x + 2 * c.p2 * y;
    jacobian[0] = radial + 2 * x * x * slope + 2 * c.p1 * y + 6 * c.p2 * x;
    jacobian[1] = mixed;
    jacobian[2] = mixed;
    jacobian[3] = radial + 2 * y * y * slope + 6 * c.p1 * y + 2 * c.p2 * x;
  }
  return {x * radial + 2 * c.p1 * x * y + c.p2 * (r2 + 2 * x * x),
          y * radial + c.p1 * (r2 + 2 * y * y) + 2 * c.p2 * x * y};
}

// The undistorted position; where the lens polynomial has no inverse (beyond its fold), the last
// iterate.
Point2 undistort_opencv(const Camera& c, Point2 target) {
  Point2 p = target;
  for (int step = 0; step < kNewtonSteps; ++step) {
    double j[4];
    const Point2 now = distort_opencv(c, p, j);
    const double ex = now.x - target.x, ey = now.y - target.y;
    const double determinant = j[0] * j[3] - j[1] * j[2];
    if (!(determinant > 1e-9)) break;
    const Point2 next = {p.x - (j[3] * ex - j[1] * ey) / determinant,
                         p.y - (j[0] * ey - j[2] * ex) / determinant};
    if (!std::isfinite(next.x) || !std::isfinite(next.y)) break;
    const double moved = std::max(std::fabs(next.x - p.x), std::fabs(next.y - p.y));
    p = next;
    if (moved < kConverged) break;
  }
  return p;
}

double distort_fisheye(const Camera& c, double theta) {
  const double t2 = theta * theta;
  return theta * (1 + t2 * (c.k1 + t2 * (c.k2 + t2 * (c.k3 + t2 * c.k4))));
}

// The angle from the axis, 0..pi, whose image lies at `radius` from the principal point.
double undistort_fisheye(const Camera& c, double radius) {
  double theta = std::min(radius, kPi);
  for (int step = 0; step < kNewtonSteps; ++step) {
    const double t2 = theta * theta;
    const double slope = 1 + t2 * (3 * c.k1 + t2 * (5 * c.k2 + t2 * (7 * c.k3 + t2 * 9 * c.k4)));
    if (!(slope > 1e-9)) break;
    const double next = std::clamp(theta - (distort_fisheye(c, theta) - radius) / slope, 0.0, kPi);
    const double moved = std::fabs(next - theta);
    theta = next;
    if (moved < kConverged) break;
  }
  return theta;
}

}  // namespace

Ray camera_ray(const Camera& camera, double x, double y) {
  // Lens models work in the axes of vision (y down, looking along +z), poses in those of OpenGL.
  Point2 p = {(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy};
  Vec3 local;
  if (camera.lens == LensModel::fisheye) {
    const double radius = std::hypot(p.x, p.y);
    const double theta = undistort_fisheye(camera, radius);
    const double scale = radius > 1e-12 ? std::sin(theta) / radius : 1.0;
    local = {p.x * scale, -p.y * scale, -std::cos(theta)};
  } else {
    if (camera.lens == LensModel::opencv) p = undistort_opencv(camera, p);
    local = {p.x, -p.y, -1.0};
  }
  const auto& m = camera.camera_to_world;
  Ray ray;
  double length2 = 0;
  for (int i = 0; i < 3; ++i) {
    ray.direction[i] = m[i * 4] * local[0] + m[i * 4 + 1] * local[1] + m[i * 4 + 2] * local[2];
    length2 += ray.direction[i] * ray.direction[i];
    ray.origin[i] = m[i * 4 + 3];
  }
  const double inverse = 1 / std::sqrt(length2);
  for (double& value : ray.direction) value *= inverse;
  return ray;
}

bool project_point(const Camera& camera, const Vec3& point, double& x, double& y) {
  const auto& m = camera.camera_to_world;
  Vec3 local{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) local[i] += m[j * 4 + i] * (point[j] - m[j * 4 + 3]);
  }
  const double right = local[0], down = -local[1], depth = -local[2];
  Point2 p;
  if (camera.lens == LensModel::fisheye) {
    const double across = std::hypot(right, down);
    if (!(across > 0) && !(depth > 0)) return false;
    const double radius = distort_fisheye(camera, std::atan2(across, depth));
    const double scale = across > 0 ? radius / across : 0;
    p = {right * scale, down * scale};
  } else {
    if (!(depth > 0)) return false;
    p = {right / depth, down / depth};
    if (camera.lens == LensModel::opencv) p = distort_opencv(camera, p, nullptr);
  }
  x = p.x * camera.fx + camera.cx;
  y = p.y * camera.fy + camera.cy;
  return true;
}

}  // namespace voxpack
