#include <cooperative_groups.h>

#include "kernels/pages_cuda.cuh"
#include "kernels/regrid_math.h"

namespace voxpack {
namespace {

namespace cg = cooperative_groups;

constexpr int kListThreads = 256;
constexpr int kFlagsPerThread = 16;        // one 16-byte load
constexpr unsigned kPageBlocks = 132 * 8;  // of the kernels that share out the list

__global__ void row_sites_kernel(const Block* blocks, uint32_t* row_sites) {
  const Block block = blocks[blockIdx.x];
  const int bit = threadIdx.x;
  if (!(block.mask >> bit & 1)) return;
  int site[3];
  site_of_bit(bit, site);
  const uint64_t row =
      uint64_t{1} + block.first_point + __popcll(block.mask & ((uint64_t{1} << bit) - 1));
  row_sites[row] = blockIdx.x << 6 | static_cast<uint32_t>((site[2] * 4 + site[1]) * 4 + site[0]);
}

__global__ void list_pages_kernel(const uint8_t* flags, uint64_t flag_count, uint32_t* list,
                                  uint32_t* count) {
  __shared__ uint32_t block_count, block_first;
  if (threadIdx.x == 0) block_count = 0;
  __syncthreads();
  const uint64_t first =
      (blockIdx.x * static_cast<uint64_t>(kListThreads) + threadIdx.x) * kFlagsPerThread;
  uint8_t own[kFlagsPerThread] = {};
  uint32_t found = 0;
  if (first < flag_count) {
    *reinterpret_cast<uint4*>(own) = *reinterpret_cast<const uint4*>(flags + first);
    for (const uint8_t flag : own) found += flag;
  }
  uint32_t place = found > 0 ? atomicAdd(&block_count, found) : 0;
  __syncthreads();
  if (threadIdx.x == 0 && block_count > 0) block_first = atomicAdd(count, block_count);
  __syncthreads();
  if (found == 0) return;
  place += block_first;
  for (int i = 0; i < kFlagsPerThread; ++i) {
    if (own[i]) list[place++] = static_cast<uint32_t>(first + i);
  }
}

// A block of threads takes pages in turn; a thread is one float of a row.
template <int S>
__global__ void adam_rows_kernel(float* values, float* first, float* second, float* gradients,
                                 uint8_t* flags, const uint32_t* list, const uint32_t* count,
                                 uint64_t row_count, AdamSettings adam) {
  const auto tile = cg::tiled_partition<S>(cg::this_thread_block());
  for (uint32_t i = blockIdx.x; i < *count; i += gridDim.x) {
    const uint64_t page = list[i];
    if (threadIdx.x == 0) flags[page] = 0;
    const uint64_t row = page * kRowsPerPage + threadIdx.x / S;
    if (row >= row_count) continue;
    const uint64_t at = row * S + tile.thread_rank();
    const float gradient = gradients[at];
    if (!tile.any(gradient != 0.0f)) continue;
    gradients[at] = 0;
    if (row == 0) continue;  // stands for empty sites and stays zero
    adam_step(values[at], first[at], second[at], gradient, adam.rate[tile.thread_rank()], adam);
  }
}

__global__ void add_squares_kernel(float* sums, float* gradients, uint8_t* flags,
                                   const uint32_t* list, const uint32_t* count,
                                   uint64_t float_count) {
  for (uint32_t i = blockIdx.x; i < *count; i += gridDim.x) {
    if (threadIdx.x == 0) flags[list[i]] = 0;
    const uint64_t at = static_cast<uint64_t>(list[i]) * blockDim.x + threadIdx.x;
    if (at >= float_count) continue;
    const float gradient = gradients[at];
    gradients[at] = 0;
    sums[at] += gradient * gradient;
  }
}

// As adam_rows_kernel(); a thread is the pairs of one float of a row, which is their lower site.
template <int S>
__global__ void smoothness_kernel(LatticeView lattice, SmoothnessPass pass, const float* values,
                                  const uint8_t* flags, const uint32_t* list, const uint32_t* count,
                                  const uint32_t* row_sites, float* gradients) {
  const int k = static_cast<int>(threadIdx.x % S);
  const float weight = k == 0 ? pass.density_weight : pass.feature_weight;
  for (uint32_t i = blockIdx.x; i < *count; i += gridDim.x) {
    const uint64_t row = static_cast<uint64_t>(list[i]) * kRowsPerPage + threadIdx.x / S;
    if (!pass.is_point(static_cast<uint32_t>(row))) continue;
    const uint32_t leaf = row_sites[row] >> 6;
    if (leaf % kSmoothInterval != pass.first_leaf) continue;
    const uint32_t* corner = lattice.corner_rows + static_cast<uint64_t>(leaf) * kCornersPerLeaf +
                             corner_of_site(static_cast<int>(row_sites[row] & 63));
    if (corner[0] != row) continue;  // a coarser neighbour decides there
    const float own = values[row * S + k];
    float sum = 0;
    for (int axis = 0, step = 1; axis < 3; ++axis, step *= 5) {
      const uint32_t other = corner[step];
      if (!pass.is_point(other)) continue;
      const float pull = weight * (values[static_cast<uint64_t>(other) * S + k] - own);
      sum += pull;
      if (flags[other / kRowsPerPage] && pull != 0)
        atomicAdd(gradients + static_cast<uint64_t>(other) * S + k, pull);
    }
    if (sum != 0) atomicAdd(gradients + row * S + k, -sum);
  }
}

}  // namespace

Status TouchedPages::start(const DeviceArray<Block>& blocks, const DeviceLattice& lattice) {
  const uint64_t page_count = (lattice.row_count + kRowsPerPage - 1) / kRowsPerPage;
  VOXPACK_TRY(
      flags.allocate((page_count + kFlagsPerThread - 1) / kFlagsPerThread * kFlagsPerThread));
  VOXPACK_TRY(flags.zero());
  VOXPACK_TRY(list.allocate(page_count));
  VOXPACK_TRY(count.allocate(1));
  VOXPACK_TRY(count.zero());
  VOXPACK_TRY(row_sites.allocate(1 + lattice.point_count));
  if (blocks.size() == 0) return {};
  row_sites_kernel<<<static_cast<unsigned>(blocks.size()), 64>>>(blocks.get(), row_sites.get());
  return launched("sites of the rows");
}

Status TouchedPages::clear() {
  VOXPACK_TRY(flags.allocate(0));
  for (DeviceArray<uint32_t>* array : {&list, &count, &row_sites}) VOXPACK_TRY(array->allocate(0));
  return {};
}

Status launch_list_pages(TouchedPages& pages) {
  VOXPACK_TRY(cuda_status(cudaMemsetAsync(pages.count.get(), 0, sizeof(uint32_t)), "page list"));
  constexpr uint64_t kPerBlock = kListThreads * kFlagsPerThread;
  const auto blocks = static_cast<unsigned>((pages.flags.size() + kPerBlock - 1) / kPerBlock);
  list_pages_kernel<<<blocks, kListThreads>>>(pages.flags.get(), pages.flags.size(),
                                              pages.list.get(), pages.count.get());
  return launched("page list");
}

Status launch_smoothness(const LatticeView& lattice, const SmoothnessPass& pass,
                         const float* values, int stride, const TouchedPages& pages,
                         float* gradients) {
  const auto launch = [&](auto kernel) {
    kernel<<<kPageBlocks, kRowsPerPage * stride>>>(lattice, pass, values, pages.flags.get(),
                                                   pages.list.get(), pages.count.get(),
                                                   pages.row_sites.get(), gradients);
  };
  if (stride == 8) launch(smoothness_kernel<8>);
  if (stride == 16) launch(smoothness_kernel<16>);
  if (stride == 32) launch(smoothness_kernel<32>);
  return launched("smoothness");
}

Status launch_adam_rows(float* values, float* first, float* second, float* gradients,
                        TouchedPages& pages, uint64_t row_count, int stride,
                        const AdamSettings& adam) {
  const auto launch = [&](auto kernel) {
    kernel<<<kPageBlocks, kRowsPerPage * stride>>>(values, first, second, gradients,
                                                   pages.flags.get(), pages.list.get(),
                                                   pages.count.get(), row_count, adam);
  };
  if (stride == 8) launch(adam_rows_kernel<8>);
  if (stride == 16) launch(adam_rows_kernel<16>);
  if (stride == 32) launch(adam_rows_kernel<32>);
  return launched("Adam");
}

Status launch_add_squares(float* sums, float* gradients, TouchedPages& pages, uint64_t row_count,
                          int stride) {
  add_squares_kernel<<<kPageBlocks, kRowsPerPage * stride>>>(
      sums, gradients, pages.flags.get(), pages.list.get(), pages.count.get(), row_count * stride);
  return launched("squares");
}

}  // namespace voxpack
