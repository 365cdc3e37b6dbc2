// Changes to the set of points of a field.
#pragma once

#include <cstdint>
#include <vector>

#include "field/field.h"

namespace voxpack {

// The field with only the points whose keep[i] != 0; keep.size() must be point_count().
Field select_points(const Field& field, const std::vector<uint8_t>& keep);

// The field at twice the resolution: a site at every lattice position of the cube whose trilinear
// interpolation involves a point, with the interpolated values; raw density is multiplied by
// `density_scale`. All points of `field` must be at level 0. Fails with `device` if there would be
// too many points.
Result<Field> upsample(const Field& field, float density_scale);

}  // namespace voxpack
