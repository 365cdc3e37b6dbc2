// Visibility on the CPU, and the part that all devices share.
#include <algorithm>
#include <atomic>
#include <new>
#include <string>

#include "core/interrupt.h"
#include "kernels/parallel_copy.h"
#include "kernels/visibility.h"
#include "kernels/visibility_math.h"

namespace voxpack {
namespace {

constexpr int kTileRays = 16;  // across

// Every second bit of the low 8 bits of v.
constexpr uint32_t gather_bits_2(uint64_t v) {
  return static_cast<uint32_t>((v & 1) | (v >> 1 & 2) | (v >> 2 & 4) | (v >> 3 & 8));
}

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

Status count_visibility_cpu(const Lattice& lattice, std::span<const float> density,
                            std::span<const Camera> cameras, int pixel_stride, RowCounts& counts) {
  const LatticeView view = lattice.view();
  const RayFrame frame = ray_frame(lattice);
  for (const Camera& camera : cameras) {
    VOXPACK_TRY(check_interrupt());
    // By tiles of rays in Morton order: rays near each other read and count the same rows.
    const int columns = (camera.width + pixel_stride - 1) / pixel_stride;
    const int rows = (camera.height + pixel_stride - 1) / pixel_stride;
    const int tiles_across = (columns + kTileRays - 1) / kTileRays;
    const int tile_count = tiles_across * ((rows + kTileRays - 1) / kTileRays);
#pragma omp parallel for schedule(dynamic, 8)
    for (int tile = 0; tile < tile_count; ++tile) {
      for (uint64_t i = 0; i < kTileRays * kTileRays; ++i) {
        const int x = tile % tiles_across * kTileRays + static_cast<int>(gather_bits_2(i));
        const int y = tile / tiles_across * kTileRays + static_cast<int>(gather_bits_2(i >> 1));
        if (x >= columns || y >= rows) continue;
        const Ray pixel = camera_ray(camera, x * pixel_stride + 0.5, y * pixel_stride + 0.5);
        const MarchRay ray = to_march_ray(frame, pixel.origin.data(), pixel.direction.data(), 0.5f);
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
    LargeVector<float> density(lattice.row_count());
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < density.size(); ++i) density[i] = rows[i * stride];
    update_empty_leaves(lattice, 1, density.data());
    RowCounts counts{make_zeros<uint64_t>(density.size()), make_zeros<uint32_t>(density.size())};
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
    LargeVector<float> density(lattice.row_count());
    density[0] = 0;
    copy_parallel(field.density.data(), field.density.size() * sizeof(float), density.data() + 1);
    resolve_hanging(lattice, 1, density.data());
    update_empty_leaves(lattice, 1, density.data());
    RowCounts counts{make_zeros<uint64_t>(density.size()), make_zeros<uint32_t>(density.size())};
    VOXPACK_TRY(count(lattice, density, cameras, pixel_stride, counts));
    share_hanging(lattice, counts);
    // In place: there may be little memory left.
    drop_first(counts.sum, field.point_count());
    drop_first(counts.max, field.point_count());
    return Visibility{std::move(counts.sum), std::move(counts.max)};
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory for the visibility of " +
                              std::to_string(field.point_count()) +
                              " points; free memory or use fewer points"};
  }
}

}  // namespace voxpack
