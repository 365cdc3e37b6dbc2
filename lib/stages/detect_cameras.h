// Virtual cameras around an object, for fields that come without views.
#pragma once

#include <vector>

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

inline constexpr int kSphereViewPixels = 448;  // width and height of a virtual view

// `count` pinhole cameras, evenly spread over the whole sphere of directions, that look at the middle of the
// box of the points with positive density (of the cube if there are none) and see all of it. count >= 1.
std::vector<Camera> sphere_cameras(const Field& field, int count);

}  // namespace voxpack
