// What the views see of each point, exact on every device: a device counts rows, the rest is
// shared.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "field/camera.h"
#include "kernels/kernels.h"
#include "kernels/lattice.h"

namespace voxpack {

// Sums and maxima of the units of visit_ray() (visibility_math.h) per row.
struct RowCounts {
  LargeVector<uint64_t> sum;  // [row_count]
  LargeVector<uint32_t> max;
};

// Marches every camera's pixels at multiples of `pixel_stride`. `density` holds one value per row,
// and so do the arrays of `counts`, which are 0 before.
using CountVisibility = Status (*)(const Lattice& lattice, std::span<const float> density,
                                   std::span<const Camera> cameras, int pixel_stride,
                                   RowCounts& counts);

Status count_visibility_cpu(const Lattice& lattice, std::span<const float> density,
                            std::span<const Camera> cameras, int pixel_stride, RowCounts& counts);

// Visibility::max of rows [row][stride], of which float 0 is the density, against `threshold`: one
// mask per block of `blocks`, which are those of the lattice. Marks the lattice's empty leaves.
// Errors as Optimizer::seen_sites().
Result<std::vector<uint64_t>> find_seen_sites(const std::vector<Block>& blocks, Lattice& lattice,
                                              const float* rows, int stride,
                                              std::span<const Camera> cameras, int pixel_stride,
                                              uint32_t threshold);

// Hands the counts of hanging rows on to the rows they are made of.
void share_hanging(const Lattice& lattice, RowCounts& counts);

// Kernels::visibility() by way of `count`.
Result<Visibility> visibility_of(const Field& field, std::span<const Camera> cameras,
                                 int pixel_stride, CountVisibility count);

}  // namespace voxpack
