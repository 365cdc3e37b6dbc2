// Corrections of the views that are optimised with the field: a small rigid motion of the object
// before each camera (errors of the poses, a turntable that wobbles) and an exposure per colour
// channel. Shared by every build of the optimiser; only + - * / and square roots.
#pragma once

#include "kernels/march_view.h"

namespace voxpack {
namespace {

// Parameters of a view: rotation about the centre of the cube (vector, radians, world axes; exact
// to first order), translation (edges of the cube), logarithms of the gains of R, G, B.
inline constexpr int kViewParameters = 9;
inline constexpr int kViewRotation = 0;
inline constexpr int kViewTranslation = 3;
inline constexpr int kViewGain = 6;

// Rotation matrix of the quaternion (1, v / 2), normalised: the rotation vector v up to third
// order.
VOXPACK_HOST_DEVICE inline void small_rotation(const float v[3], float m[9]) {
  const float x = 0.5f * v[0], y = 0.5f * v[1], z = 0.5f * v[2];
  const float s = 2.0f / (1.0f + x * x + y * y + z * z);
  m[0] = 1.0f - s * (y * y + z * z);
  m[1] = s * (x * y - z);
  m[2] = s * (x * z + y);
  m[3] = s * (x * y + z);
  m[4] = 1.0f - s * (x * x + z * z);
  m[5] = s * (y * z - x);
  m[6] = s * (x * z - y);
  m[7] = s * (y * z + x);
  m[8] = 1.0f - s * (x * x + y * y);
}

// Moves a ray by the parameters of its view; `centre` is the centre of the cube on each axis, fine
// cells.
VOXPACK_HOST_DEVICE inline void move_ray(const float* parameters, float centre, MarchRay& ray) {
  float m[9];
  small_rotation(parameters + kViewRotation, m);
  const MarchRay from = ray;
  for (int a = 0; a < 3; ++a) {
    float origin = centre + parameters[kViewTranslation + a] * (2.0f * centre);
    float step = 0, direction = 0;
    for (int b = 0; b < 3; ++b) {
      origin += m[a * 3 + b] * (from.origin[b] - centre);
      step += m[a * 3 + b] * from.step_direction[b];
      direction += m[a * 3 + b] * from.direction[b];
    }
    ray.origin[a] = origin;
    ray.step_direction[a] = step;
    ray.direction[a] = direction;
  }
}

// Gradient of a sample's place from the derivatives along the axes: force is that of a translation
// in fine cells, torque that of a rotation about the centre.
VOXPACK_HOST_DEVICE inline void add_force(const MarchRay& ray, float t, float centre,
                                          const float slope[3], float force[3], float torque[3]) {
  float arm[3];
  for (int a = 0; a < 3; ++a) {
    arm[a] = ray.origin[a] + t * ray.step_direction[a] - centre;
    force[a] += slope[a];
  }
  torque[0] += arm[1] * slope[2] - arm[2] * slope[1];
  torque[1] += arm[2] * slope[0] - arm[0] * slope[2];
  torque[2] += arm[0] * slope[1] - arm[1] * slope[0];
}

// Derivatives of trilinear interpolation along the axes: of corner c (x fastest) with respect to
// fraction a, in slopes[c][a].
VOXPACK_HOST_DEVICE inline void trilinear_slopes(const float f[3], float slopes[8][3]) {
  for (int c = 0; c < 8; ++c) {
    const float x = c & 1 ? f[0] : 1.0f - f[0];
    const float y = c >> 1 & 1 ? f[1] : 1.0f - f[1];
    const float z = c >> 2 ? f[2] : 1.0f - f[2];
    slopes[c][0] = (c & 1 ? y : -y) * z;
    slopes[c][1] = (c >> 1 & 1 ? z : -z) * x;
    slopes[c][2] = (c >> 2 ? x : -x) * y;
  }
}

}  // namespace
}  // namespace voxpack
