// From the chosen blocks to a field.
#pragma once

#include <vector>

#include "stages/prune_tree.h"

namespace voxpack {

// The field of the chosen blocks and sites, with `importance`, and of the sites that close the
// cells of merged blocks: a cell on the upper side of a block has corners that belong to its
// neighbours, which may be finer or empty; where the coarse description has a value for such a
// corner that is worth `threshold` of the block, it is stored with them.
Field assemble(const Field& field, const PruneTree& tree, const std::vector<ChosenBlock>& chosen);

}  // namespace voxpack
