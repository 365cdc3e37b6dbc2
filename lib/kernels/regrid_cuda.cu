// New points for the optimiser on the GPU: their values, and which of the old ones are seen.
// Without contraction: the bits of the CPU.
#include "core/interrupt.h"
#include "kernels/march_cuda.cuh"
#include "kernels/regrid_cuda.cuh"
#include "kernels/regrid_math.h"
#include "kernels/visibility_cuda.cuh"

namespace voxpack {
namespace {

constexpr int kRegridThreads = 256;

__global__ void regrid_kernel(LatticeView old, const float* old_values, const Block* blocks,
                              int factor, int stride, float density_scale, float* values) {
  const Block block = blocks[blockIdx.x];
  for (int i = threadIdx.x; i < 64 * stride; i += kRegridThreads) {
    const int bit = i / stride, k = i % stride;
    if (!(block.mask >> bit & 1)) continue;
    int site[3];
    site_of_bit(bit, site);
    site[0] += kBlockCells * block.x;
    site[1] += kBlockCells * block.y;
    site[2] += kBlockCells * block.z;
    const uint64_t row =
        uint64_t{1} + block.first_point + __popcll(block.mask & ((uint64_t{1} << bit) - 1));
    values[row * stride + k] =
        regrid_one(site_taps(old, site, factor), old_values, stride, k, density_scale);
  }
}

__global__ void densities_kernel(const float* values, int stride, uint64_t row_count,
                                 float* densities) {
  const uint64_t row = blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  if (row < row_count) densities[row] = values[row * stride];
}

__global__ void share_hanging_kernel(const HangingRow* hanging, uint32_t first, uint32_t last,
                                     uint64_t row_base, uint32_t* maxima) {
  const uint64_t index = first + blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  if (index >= last) return;
  for (int c = 0; c < 8; ++c) {
    const auto share = static_cast<uint64_t>(hanging[index].weights[c] * 0x1p24f);
    const auto units = static_cast<uint32_t>(maxima[row_base + index] * share >> 24);
    atomicMax(maxima + hanging[index].sources[c], units);
  }
}

// One warp per block of the field, two sites per lane.
__global__ void seen_kernel(const Block* blocks, uint64_t block_count, const uint32_t* maxima,
                            uint32_t threshold, uint64_t* masks) {
  const uint64_t index = (blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x) / 32;
  if (index >= block_count) return;
  const Block block = blocks[index];
  uint64_t seen = 0;
  for (int half = 0; half < 2; ++half) {
    const int bit = half * 32 + threadIdx.x % 32;
    const uint64_t row =
        uint64_t{1} + block.first_point + __popcll(block.mask & ((uint64_t{1} << bit) - 1));
    const bool is_seen = (block.mask >> bit & 1) && maxima[row] >= threshold;
    seen |= static_cast<uint64_t>(__ballot_sync(0xffffffffu, is_seen)) << (half * 32);
  }
  if (threadIdx.x % 32 == 0) masks[index] = seen;
}

unsigned blocks_of(uint64_t threads) { return static_cast<unsigned>((threads + 255) / 256); }

// As share_hanging(): the runs of hanging rows from the last to the first.
Status launch_share_hanging(const DeviceLattice& lattice, uint32_t* maxima) {
  for (size_t i = lattice.hanging_rounds.size(); i-- > 0;) {
    const uint32_t first = i == 0 ? 0 : lattice.hanging_rounds[i - 1];
    const uint32_t last = lattice.hanging_rounds[i];
    if (last == first) continue;
    share_hanging_kernel<<<blocks_of(last - first), 256>>>(lattice.hanging.get(), first, last,
                                                           1 + lattice.point_count, maxima);
  }
  return launched("visibility of hanging rows");
}

}  // namespace

Status launch_regrid(const DeviceLattice& old, const float* old_values,
                     const DeviceArray<Block>& blocks, const Regrid& regrid, float* values) {
  if (blocks.size() == 0) return {};
  regrid_kernel<<<static_cast<unsigned>(blocks.size()), kRegridThreads>>>(
      old.view, old_values, blocks.get(), regrid.factor, regrid.stride, regrid.density_scale,
      values);
  return launched("new points");
}

Status find_seen_sites_cuda(const DeviceLattice& lattice, const DeviceArray<Block>& blocks,
                            const float* values, int stride, const SeenQuery& query,
                            std::vector<uint64_t>& masks) {
  DeviceArray<float> densities;
  DeviceArray<uint32_t> maxima;
  VOXPACK_TRY(densities.allocate(lattice.row_count));
  VOXPACK_TRY(maxima.allocate(lattice.row_count));
  VOXPACK_TRY(maxima.zero());
  densities_kernel<<<blocks_of(lattice.row_count), 256>>>(values, stride, lattice.row_count,
                                                          densities.get());
  VOXPACK_TRY(launched("densities"));
  VOXPACK_TRY(launch_empty_leaves(lattice.view, lattice.leaves.get(),
                                  static_cast<int>(lattice.leaves.size()), densities.get(), 1));
  for (const DeviceCamera& camera : query.cameras) {
    VOXPACK_TRY(check_interrupt());
    VOXPACK_TRY(launch_visibility(lattice, densities.get(), camera, query.pixel_stride, nullptr,
                                  maxima.get()));
  }
  VOXPACK_TRY(launch_share_hanging(lattice, maxima.get()));
  masks.resize(blocks.size());
  if (masks.empty()) return {};
  DeviceArray<uint64_t> device_masks;
  VOXPACK_TRY(device_masks.allocate(masks.size()));
  seen_kernel<<<blocks_of(masks.size() * 32), 256>>>(blocks.get(), masks.size(), maxima.get(),
                                                     query.threshold, device_masks.get());
  VOXPACK_TRY(launched("seen sites"));
  return device_masks.download(masks.data(), masks.size());
}

}  // namespace voxpack
