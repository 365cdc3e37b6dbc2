// Cameras that frame a field, for pictures and visibility without a data set.
#pragma once

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

struct Sphere {
  Vec3 centre{};  // world units
  double radius = 0;
};

// Around the box of the points with density > 0; around the whole cube if there are none.
Sphere seen_sphere(const Field& field);

// A pinhole camera, 40 degrees across its shorter side, that looks at the centre from the azimuth
// (about the z axis) and the sine of the elevation given, from where the sphere fills 1 / margin of
// that angle. margin >= 1.
Camera framing_camera(const Sphere& sphere, double azimuth_rad, double sin_elevation, int width,
                      int height, double margin);

}  // namespace voxpack
