// How the places around a point are occupied, from which part of its density follows
// (docs/format.md, "Shapes").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/coded_field.h"
#include "codec/octree.h"

namespace voxpack {

// The shape of every point, [point_count], each below kShapeCount. The same for all rotations and
// mirror images of the places around.
std::vector<uint16_t> point_shapes(const Tree& tree);

// What each point's shape adds to its density, in shape_step; 0 for shapes not in `offsets`. Empty
// if `offsets` is.
std::vector<int16_t> point_offsets(const Tree& tree, std::span<const ShapeOffset> offsets);

}  // namespace voxpack
