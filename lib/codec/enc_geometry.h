// Encodes the tree of a field: which points exist.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/octree.h"

namespace voxpack {

// The geometry section. Deterministic; never fails on a tree of build_tree().
std::vector<uint8_t> encode_geometry(const Tree& tree);

// Bits that the nodes of each depth take in encode_geometry(): [tree depth].
std::vector<double> geometry_bits(const Tree& tree);

}  // namespace voxpack
