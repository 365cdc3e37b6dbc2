// Coarsening on a CUDA device, with the bits of the CPU.
#pragma once

#include "kernels/coarsen.h"

namespace voxpack {

// Kernels::coarsen() without the check of the input. Fails with `device`.
Status coarsen_cuda(const CoarsenInput& input, CoarsenOutput& output);

}  // namespace voxpack
