// Visibility of the rows of a lattice on the GPU.
#pragma once

#include <span>
#include <vector>

#include "kernels/visibility.h"

namespace voxpack {

// The CountVisibility of CUDA.
Status count_visibility_cuda(const Lattice& lattice, const std::vector<float>& density,
                             std::span<const Camera> cameras, int pixel_stride, RowCounts& counts);

}  // namespace voxpack
