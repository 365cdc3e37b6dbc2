// New points for the optimiser on the GPU. For .cu files only.
#pragma once

#include <span>
#include <vector>

#include "field/field.h"
#include "kernels/lattice_cuda.cuh"

namespace voxpack {

struct Regrid {
  int factor;  // 1 or 2: new resolution / old resolution
  int stride;
  float density_scale;
};

// The values of the points of `blocks` [1 + point][stride] from those of the old lattice, as
// Optimizer::regrid() says. Row 0 is not touched.
Status launch_regrid(const DeviceLattice& old, const float* old_values,
                     const DeviceArray<Block>& blocks, const Regrid& regrid, float* values);

struct SeenQuery {
  std::span<const DeviceCamera> cameras;
  int pixel_stride;  // >= 1
  uint32_t threshold;
};

// Optimizer::seen_sites() for the values [row][stride] of the lattice, whose hanging rows are
// resolved. Marks the lattice's empty leaves.
Status find_seen_sites_cuda(const DeviceLattice& lattice, const DeviceArray<Block>& blocks,
                            const float* values, int stride, const SeenQuery& query,
                            std::vector<uint64_t>& masks);

}  // namespace voxpack
