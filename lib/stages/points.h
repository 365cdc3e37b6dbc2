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

// The field without the points that no corner of a leaf reads: those have no say in any picture
// (sites on the side of a block that faces a coarser leaf). Fails as make_lattice().
Result<Field> drop_unused(const Field& field);

// The points of `field` at twice the resolution, without values: a site at every lattice position
// of the cube whose trilinear interpolation involves a point. All points of `field`, whose values
// are not looked at, must be at level 0. Fails with `device` if there would be too many points.
Result<Field> double_resolution(const Field& field);

}  // namespace voxpack
