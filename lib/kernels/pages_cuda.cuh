// The pages of rows that an iteration touched, and the kernels that go over those alone: at 70
// million points an iteration touches one in a hundred. For .cu files only.
#pragma once

#include "kernels/adam.h"
#include "kernels/march_cuda.cuh"

namespace voxpack {

struct TouchedPages {
  DeviceArray<uint8_t> flags;   // [page], what the march marks; some more for whole vectors
  DeviceArray<uint32_t> list;   // pages found by launch_list_pages(), in any order
  DeviceArray<uint32_t> count;  // one number, their count
  DeviceArray<uint32_t>
      row_sites;  // [1 + point_count] leaf << 6 | site (x fastest); of row 0: none

  // For the points of `blocks`, which are the first leaves of the lattice.
  Status start(const DeviceArray<Block>& blocks, const DeviceLattice& lattice);
  // Gives the memory back.
  Status clear();
};

// Lists the marked pages.
Status launch_list_pages(TouchedPages& pages);

// Adds the pairs of `pass` to the gradients, see smoothness.h, for the listed pages.
Status launch_smoothness(const LatticeView& lattice, const SmoothnessPass& pass,
                         const float* values, int stride, const TouchedPages& pages,
                         float* gradients);

// One Adam step on the rows of the listed pages that have a gradient, which is cleared, as are the
// marks. Rows from `row_count` on are left as they are.
Status launch_adam_rows(float* values, float* first, float* second, float* gradients,
                        TouchedPages& pages, uint64_t row_count, int stride,
                        const AdamSettings& adam);

// Adds the squares of the gradients [row][stride] of the listed pages to `sums` and clears them, as
// well as the marks.
Status launch_add_squares(float* sums, float* gradients, TouchedPages& pages, uint64_t row_count,
                          int stride);

}  // namespace voxpack
