// The tree that prune chooses from: the levels of the field and their coarser descriptions, with
// costs.
#pragma once

#include <vector>

#include "stages/detect.h"
#include "stages/detect_pyramid.h"
#include "stages/prune_select.h"

namespace voxpack {

struct PruneTree {
  std::vector<PyramidLevel> levels;     // finest first
  std::vector<SelectLevel> selections;  // the same blocks and sites
};

// The levels from the field's finest to the coarser one of `coarsest_level` and the field's
// coarsest. masks[b]: the sites of block b of the field that take part. Without detail.detail the
// errors of the field's points are measured here. `field`, `detail` and
// `masks` must outlive the tree. Fails with interrupted, with device if the device fails.
Result<PruneTree> make_prune_tree(const Field& field, const DetailMap& detail,
                                  const std::vector<uint64_t>& masks, int coarsest_level,
                                  Kernels& kernels);

}  // namespace voxpack
