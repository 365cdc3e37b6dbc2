// Which blocks of a pyramid to keep and which of their points, for a budget of points:
// rate-distortion optimal pruning of the tree of blocks, one global lambda.
#pragma once

#include <cstdint>
#include <vector>

#include "core/large_vector.h"

namespace voxpack {

// One block of one level as the selection sees it.
struct SelectNode {
  uint32_t first_child;  // index in the next finer level
  uint32_t child_count;
  uint32_t first_site;  // its sites' drop costs in SelectLevel::drop_cost
  uint32_t site_count;
  float
      cost;  // error against the field if this block describes its region; 0 for the field's blocks
  bool can_be_leaf;  // it may describe its region
};

// Blocks of one level in Morton order. Every node but those of the last level is the child of one
// node of the next level.
struct SelectLevel {
  std::vector<SelectNode> nodes;
  LargeVector<float> drop_cost;  // per site; 0: never kept
};

// Kept sites: those of the chosen blocks whose drop cost is at least `threshold` of the block (and
// above 0).
struct ChosenBlock {
  uint32_t level;  // index in the list of levels
  uint32_t node;
  float threshold;
};

// The cheapest choice with at most `target` points, and as many as fit; levels are ordered finest
// first. Equal costs are broken by Morton order. The list is in order of levels and nodes.
std::vector<ChosenBlock> select_blocks(const std::vector<SelectLevel>& levels, uint64_t target);

}  // namespace voxpack
