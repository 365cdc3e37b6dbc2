// Visibility of the rows of a lattice on the GPU. For .cu files only.
#pragma once

#include <span>
#include <vector>

#include "kernels/lattice_cuda.cuh"
#include "kernels/visibility.h"

namespace voxpack {

// Adds what a camera sees to the sums (null: only the maxima are wanted) and maxima of the rows;
// `density` has one float per row, `lattice` its empty leaves marked.
Status launch_visibility(const DeviceLattice& lattice, const float* density,
                         const DeviceCamera& camera, int pixel_stride, unsigned long long* sums,
                         uint32_t* maxima);

// The CountVisibility of CUDA.
Status count_visibility_cuda(const Lattice& lattice, std::span<const float> density,
                             std::span<const Camera> cameras, int pixel_stride, RowCounts& counts);

}  // namespace voxpack
