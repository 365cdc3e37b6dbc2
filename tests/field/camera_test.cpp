#include "field/camera.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace voxpack {
namespace {

Camera plain_camera() {
  Camera camera;
  camera.width = 640;
  camera.height = 480;
  camera.fx = 500;
  camera.fy = 510;
  camera.cx = 321.5;
  camera.cy = 239.25;
  camera.camera_to_world = {1, 0, 0, 7, 0, 1, 0, 8, 0, 0, 1, 9};
  return camera;
}

Camera opencv_camera() {
  Camera camera = plain_camera();
  camera.lens = LensModel::opencv;
  camera.k1 = -0.21;
  camera.k2 = 0.07;
  camera.k3 = -0.004;
  camera.p1 = 0.0012;
  camera.p2 = -0.0007;
  return camera;
}

Camera fisheye_camera() {
  Camera camera = plain_camera();
  camera.lens = LensModel::fisheye;
  camera.fx = camera.fy = 210;  // about 180 degrees over the diagonal
  camera.k1 = 0.03;
  camera.k2 = -0.006;
  camera.k3 = 0.001;
  camera.k4 = -0.0001;
  return camera;
}

// The lens models from their definitions (OpenCV's documentation), on a local direction with x
// right, y up, -z forward; no code of the library.
void reference_project(const Camera& c, const Vec3& d, double& u, double& v) {
  const double x = d[0] / -d[2], y = -d[1] / -d[2], r2 = x * x + y * y;
  double xd, yd;
  if (c.lens == LensModel::fisheye) {
    const double r = std::sqrt(d[0] * d[0] + d[1] * d[1]);
    const double t = std::atan2(r, -d[2]);
    const double td = t + c.k1 * std::pow(t, 3) + c.k2 * std::pow(t, 5) + c.k3 * std::pow(t, 7) +
                      c.k4 * std::pow(t, 9);
    xd = r > 0 ? d[0] / r * td : 0;
    yd = r > 0 ? -d[1] / r * td : 0;
  } else {
    const double radial = 1 + c.k1 * r2 + c.k2 * r2 * r2 + c.k3 * r2 * r2 * r2;
    xd = x * radial + 2 * c.p1 * x * y + c.p2 * (r2 + 2 * x * x);
    yd = y * radial + c.p1 * (r2 + 2 * y * y) + 2 * c.p2 * x * y;
  }
  u = c.fx * xd + c.cx;
  v = c.fy * yd + c.cy;
}

double length(const Vec3& v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

TEST(Camera, CentreLooksAlongMinusZ) {
  for (const Camera& camera : {plain_camera(), opencv_camera(), fisheye_camera()}) {
    const Ray ray = camera_ray(camera, camera.cx, camera.cy);
    EXPECT_NEAR(ray.direction[0], 0, 1e-12);
    EXPECT_NEAR(ray.direction[1], 0, 1e-12);
    EXPECT_NEAR(ray.direction[2], -1, 1e-12);
    EXPECT_EQ(ray.origin, (Vec3{7, 8, 9}));
  }
}

TEST(Camera, AxesAreRightAndUp) {
  const Camera camera = plain_camera();
  const Ray right = camera_ray(camera, camera.cx + 500, camera.cy);
  EXPECT_NEAR(right.direction[0], std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(right.direction[2], -std::sqrt(0.5), 1e-12);
  const Ray up = camera_ray(camera, camera.cx, camera.cy - 510);
  EXPECT_NEAR(up.direction[1], std::sqrt(0.5), 1e-12);
}

TEST(Camera, PoseTurnsTheRay) {
  Camera camera = plain_camera();
  // A quarter turn about z: camera x is world y.
  camera.camera_to_world = {0, -1, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3};
  const Ray ray = camera_ray(camera, camera.cx + 500, camera.cy);
  EXPECT_NEAR(ray.direction[0], 0, 1e-12);
  EXPECT_NEAR(ray.direction[1], std::sqrt(0.5), 1e-12);
  EXPECT_EQ(camera_position(camera), (Vec3{1, 2, 3}));
}

TEST(Camera, RaysOfAllLensesProjectBack) {
  for (const Camera& camera : {plain_camera(), opencv_camera(), fisheye_camera()}) {
    for (double y = 0.5; y < camera.height; y += 13) {
      for (double x = 0.5; x < camera.width; x += 13) {
        const Ray ray = camera_ray(camera, x, y);
        ASSERT_NEAR(length(ray.direction), 1, 1e-12);
        double u = 0, v = 0;
        reference_project(camera, ray.direction, u, v);
        ASSERT_NEAR(u, x, 1e-6);
        ASSERT_NEAR(v, y, 1e-6);
      }
    }
  }
}

TEST(Camera, ProjectPointIsTheInverseOfTheRay) {
  std::mt19937 random(1);
  for (Camera camera : {plain_camera(), opencv_camera(), fisheye_camera()}) {
    camera.camera_to_world = {0.36, 0.48, -0.8, 1, -0.8, 0.6, 0, 2, 0.48, 0.64, 0.6, 3};
    for (int i = 0; i < 1000; ++i) {
      const double x = random() % 640, y = random() % 480, t = 0.1 + random() % 100;
      const Ray ray = camera_ray(camera, x, y);
      const Vec3 point = {ray.origin[0] + t * ray.direction[0],
                          ray.origin[1] + t * ray.direction[1],
                          ray.origin[2] + t * ray.direction[2]};
      double u = 0, v = 0;
      ASSERT_TRUE(project_point(camera, point, u, v));
      ASSERT_NEAR(u, x, 1e-6);
      ASSERT_NEAR(v, y, 1e-6);
    }
    if (camera.lens == LensModel::fisheye) continue;
    const Ray axis = camera_ray(camera, camera.cx, camera.cy);
    const Vec3 behind = {axis.origin[0] - axis.direction[0], axis.origin[1] - axis.direction[1],
                         axis.origin[2] - axis.direction[2]};
    double u = -1, v = -1;
    EXPECT_FALSE(project_point(camera, behind, u, v));
    EXPECT_EQ(u, -1);
  }
}

TEST(Camera, FisheyeSeesBeyondNinetyDegrees) {
  Camera camera = fisheye_camera();
  camera.k1 = camera.k2 = camera.k3 = camera.k4 = 0;
  const double angle = 2.0;  // radians
  const Ray ray = camera_ray(camera, camera.cx + camera.fx * angle, camera.cy);
  EXPECT_NEAR(ray.direction[0], std::sin(angle), 1e-12);
  EXPECT_NEAR(ray.direction[2], -std::cos(angle), 1e-12);
}

TEST(Camera, HopelessDistortionStaysFinite) {
  Camera camera = opencv_camera();
  camera.k1 = -5;  // folds back well inside the image
  for (const double x : {0.5, 100.0, 639.5, 1e6}) {
    const Ray ray = camera_ray(camera, x, 0.5);
    EXPECT_NEAR(length(ray.direction), 1, 1e-9) << x;
  }
  camera = fisheye_camera();
  camera.k1 = -5;
  for (const double x : {0.5, 100.0, 639.5, 1e6}) {
    EXPECT_NEAR(length(camera_ray(camera, x, 0.5).direction), 1, 1e-9) << x;
  }
}

}  // namespace
}  // namespace voxpack
