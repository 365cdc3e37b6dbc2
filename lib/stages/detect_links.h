// The sparse structure of a coarser level: which blocks and sites it has, and how its blocks lie to
// each other and to the fine ones.
#pragma once

#include "kernels/coarsen.h"
#include "stages/detect_pyramid.h"

namespace voxpack {

// Fills `coarse.blocks` and `coarse.index` with the blocks that describe the blocks of `fine`:
// those with a site that interpolates one of its points, and those above a block of the region of
// the field. Masks are set, `first` is the running sum.
CoarseLinks make_coarse_blocks(const PyramidLevel& fine, PyramidLevel& coarse);

}  // namespace voxpack
