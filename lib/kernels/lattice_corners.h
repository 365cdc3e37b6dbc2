// The rows at the corners of the leaves of a lattice, hanging ones included. Internal to
// lattice.cpp.
#pragma once

#include "field/field.h"
#include "kernels/lattice.h"

namespace voxpack {

// Fills corner_rows and hanging of a lattice whose leaves, top grid and tables are done.
void find_corner_rows(const Field& field, Lattice& lattice);

}  // namespace voxpack
