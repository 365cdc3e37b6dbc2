// The rows at the corners of the leaves of a lattice, hanging ones included. Internal to
// lattice.cpp.
#pragma once

#include <cstdint>
#include <span>

#include "field/field.h"
#include "kernels/lattice.h"

namespace voxpack {

// Fills corner_rows and hanging of a lattice whose leaves, top grid and tables are done.
void find_corner_rows(const Field& field, Lattice& lattice);

// Sets used[point] of the points at the corners of the leaves of such a lattice. [point_count]
void mark_corner_points(const Field& field, Lattice& lattice, std::span<uint8_t> used);

}  // namespace voxpack
