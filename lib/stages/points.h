// Changes to the set of points of a field.
#pragma once

#include <cstdint>
#include <vector>

#include "field/field.h"

namespace voxpack {

// The field with only the points whose keep[i] != 0; keep.size() must be point_count().
Field select_points(const Field& field, const std::vector<uint8_t>& keep);

// The field with only the sites in `masks`, one mask per block. A field without values stays one.
Field select_sites(const Field& field, const std::vector<uint64_t>& masks);

// The points of `field` at twice the resolution, without values: a site at every lattice position
// of the cube whose trilinear interpolation involves a point. All points of `field`, whose values
// are not looked at, must be at level 0. Fails with `device` if there would be too many points.
Result<Field> double_resolution(const Field& field);

}  // namespace voxpack
