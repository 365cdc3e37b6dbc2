// The parts of validate() that assign_points() needs too. Internal to the room.
#pragma once

#include <cstdint>
#include <span>

#include "core/morton.h"
#include "core/status.h"
#include "field/field.h"

namespace voxpack {

inline uint64_t block_code(const Block& block) { return morton_code(block.x, block.y, block.z); }

// Ranges of cube and resolution.
Status check_lattice(const Field& field);

// Lengths of the arrays against each other; the appearance must be valid.
Status check_sizes(const Field& field);

// Fails with bad_data if a block lies inside a coarser one. `blocks` must be in field order.
Status check_overlap(std::span<const Block> blocks);

}  // namespace voxpack
