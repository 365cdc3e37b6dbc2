// Pinhole cameras with lens distortion, and the rays of their pixels.
// Poses follow the NeRF convention: camera to world, OpenGL axes (x right, y up, looking along -z).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "field/image.h"

namespace voxpack {

using Vec3 = std::array<double, 3>;

enum class LensModel {
  pinhole,
  opencv,   // radial k1..k3 and tangential p1 p2 (Brown-Conrady, as in OpenCV and COLMAP); k4: r^8
            // term
  fisheye,  // equidistant with k1..k4 (OPENCV_FISHEYE)
};

struct Camera {
  int width = 0;  // pixels
  int height = 0;
  double fx = 0;  // focal lengths, pixels
  double fy = 0;
  double cx = 0;  // principal point, pixels; the centre of the first pixel is (0.5, 0.5)
  double cy = 0;
  LensModel lens = LensModel::pinhole;
  double k1 = 0, k2 = 0, k3 = 0, k4 = 0, p1 = 0, p2 = 0;
  std::array<double, 12> camera_to_world{};  // row-major 3 x 4: rotation and position
};

struct Ray {
  Vec3 origin{};
  Vec3 direction{};  // unit length
};

// The ray through the image position (x, y) in pixels; lens distortion is undone by Newton
// iteration.
Ray camera_ray(const Camera& camera, double x, double y);

// The image position of a world point in pixels, with lens distortion; it may lie outside the
// image. False, with x and y untouched, behind the camera (fisheye: on the axis behind it).
bool project_point(const Camera& camera, const Vec3& point, double& x, double& y);

inline Vec3 camera_position(const Camera& camera) {
  return {camera.camera_to_world[3], camera.camera_to_world[7], camera.camera_to_world[11]};
}

// A posed photo. `image` may be empty where only the camera matters.
struct View {
  std::string name;  // as the data set calls it, "r_4"
  Camera camera;
  Image image;
};

}  // namespace voxpack
