// Cameras on a circle around an object, for pictures of it without a data set.
#pragma once

#include <vector>

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

struct OrbitOptions {
  int count = 8;    // cameras, 1..10000, evenly around the z axis
  int width = 800;  // pixels, 1..16384
  int height = 800;
  double elevation_deg = 25;  // above the horizontal plane, -89..89
};

// Cameras that look at the middle of the box of the points with density > 0 (of the whole cube if
// there are none), far enough to see all of it; 40 degrees across the shorter side. Named
// "orbit_000" and on.
std::vector<View> orbit_views(const Field& field, const OrbitOptions& options);

}  // namespace voxpack
