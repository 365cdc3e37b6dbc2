// Visibility on the CPU, and the part that all devices share.
#include <algorithm>
#include <atomic>
#include <new>
#include <string>

#include "core/interrupt.h"
#include "kernels/visibility.h"
#include "kernels/visibility_math.h"

namespace voxpack {
namespace {

// Safe for any number of threads; integers, so the order does not matter.
void add(RowCounts& counts, uint32_t row, uint32_t units) {
  std::atomic_ref<uint64_t>(counts.sum[row]).fetch_add(units, std::memory_order_relaxed);
  std::atomic_ref<uint32_t> largest(counts.max[row]);
  uint32_t seen = largest.load(std::memory_order_relaxed);
  while (seen < units && !largest.compare_exchange_weak(seen, units, std::memory_order_relaxed)) {
  }
}

}  // namespace

// Weights are multiples of 2^-24.
void share_hanging(const Lattice& lattice, RowCounts& counts) {
  for (size_t i = lattice.hanging.size(); i-- > 0;) {
    const size_t row = 1 + lattice.point_count + i;
    for (int c = 0; c < 8; ++c) {
      const auto share = static_cast<uint64_t>(lattice.hanging[i].weights[c] * 0x1p24f);
      const uint32_t source = lattice.hanging[i].sources[c];
      counts.sum[source] += (counts.sum[row] * (share >> 8)) >> 16;
      counts.max[source] =
          std::max(counts.max[source], static_cast<uint32_t>(counts.max[row] * share >> 24));
    }
  }
}

Status count_visibility_cpu(const Lattice& lattice, const std::vector<float>& density,
                            std::span<const Camera> cameras, int pixel_stride, RowCounts& counts) {
  const LatticeView view = lattice.view();
  for (const Camera& camera : cameras) {
    VOXPACK_TRY(check_interrupt());
#pragma omp parallel for schedule(dynamic, 4)
    for (int y = 0; y < camera.height; y += pixel_stride) {
      for (int x = 0; x < camera.width; x += pixel_stride) {
        const MarchRay ray = to_march_ray(lattice, camera_ray(camera, x + 0.5, y + 0.5), 0.5f);
        visit_ray(view, density.data(), 1, ray,
                  [&](uint32_t row, uint32_t units) { add(counts, row, units); });
      }
    }
  }
  return {};
}

Result<std::vector<uint64_t>> find_seen_sites(const std::vector<Block>& blocks, Lattice& lattice,
                                              const float* rows, int stride,
                                              std::span<const Camera> cameras, int pixel_stride,
                                              uint32_t threshold) {
  if (pixel_stride < 1) return {Errc::usage, "pixel stride must be at least 1"};
  try {
    std::vector<float> density(lattice.row_count());
    for (size_t i = 0; i < density.size(); ++i) density[i] = rows[i * stride];
    update_empty_leaves(lattice, 1, density.data());
    RowCounts counts{std::vector<uint64_t>(density.size()), std::vector<uint32_t>(density.size())};
    VOXPACK_TRY(count_visibility_cpu(lattice, density, cameras, pixel_stride, counts));
    share_hanging(lattice, counts);
    std::vector<uint64_t> masks;
    masks.reserve(blocks.size());
    for (const Block& block : blocks) {
      uint64_t seen = 0;
      size_t row = size_t{1} + block.first_point;
      for (uint64_t left = block.mask; left != 0; left &= left - 1, ++row) {
        if (counts.max[row] >= threshold) seen |= left & -left;
      }
      masks.push_back(seen);
    }
    return masks;
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory for the visibility of " +
                              std::to_string(lattice.point_count) +
                              " points; free memory or use a lower resolution"};
  }
}

Result<Visibility> visibility_of(const Field& field, std::span<const Camera> cameras,
                                 int pixel_stride, CountVisibility count) {
  if (pixel_stride < 1) return {Errc::usage, "pixel stride must be at least 1"};
  try {
    VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
    std::vector<float> density(lattice.row_count(), 0.0f);
    std::copy(field.density.begin(), field.density.end(), density.begin() + 1);
    resolve_hanging(lattice, 1, density.data());
    update_empty_leaves(lattice, 1, density.data());
    RowCounts counts{std::vector<uint64_t>(density.size()), std::vector<uint32_t>(density.size())};
    VOXPACK_TRY(count(lattice, density, cameras, pixel_stride, counts));
    share_hanging(lattice, counts);
    const auto points = static_cast<ptrdiff_t>(field.point_count());
    return Visibility{{counts.sum.begin() + 1, counts.sum.begin() + 1 + points},
                      {counts.max.begin() + 1, counts.max.begin() + 1 + points}};
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory for the visibility of " +
                              std::to_string(field.point_count()) +
                              " points; free memory or use fewer points"};
  }
}

}  // namespace voxpack
