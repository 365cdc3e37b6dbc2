// Decodes the tree of a field: which points exist.
#pragma once

#include <cstdint>
#include <span>

#include "codec/octree.h"

namespace voxpack {

// The tree of a geometry section. `point_count` and `shape` come from the field section; at most
// kMaxPointsPerByte points per byte are accepted before anything is allocated. Fails with bad_data
// if the section is cut, has bytes left over, or holds another number of points. May throw
// std::bad_alloc.
Result<Tree> decode_geometry(std::span<const uint8_t> section, const TreeShape& shape,
                             uint64_t point_count);

// The blocks of a decoded tree in field order. Fails with bad_data if one lies outside the lattice,
// or if no block has the lowest or the highest level of the shape.
Result<std::vector<CodedBlock>> list_blocks(const Tree& tree);

}  // namespace voxpack
