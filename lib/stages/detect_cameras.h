// Virtual cameras around an object, for fields that come without views.
#pragma once

#include <vector>

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

// Width and height of a virtual view: as many pixels as the field has cells across, within these
// limits, so that no voxel is missed between the rays.
inline constexpr int kMinSphereViewPixels = 448;
inline constexpr int kMaxSphereViewPixels = 2048;

// `count` pinhole cameras, evenly spread over the whole sphere of directions, that look at the
// middle of the box of the points with positive density (of the cube if there are none) and see all
// of it. count >= 1.
std::vector<Camera> sphere_cameras(const Field& field, int count);

}  // namespace voxpack
