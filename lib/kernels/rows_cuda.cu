// Kernels over rows and leaves on the GPU: Adam, smoothness, gradients of hanging rows, empty
// leaves.
#include <cooperative_groups.h>

#include "kernels/adam.h"
#include "kernels/march_cuda.cuh"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

namespace cg = cooperative_groups;

template <int S>
__global__ void adam_rows_kernel(float* values, float* first, float* second, float* gradients,
                                 uint8_t* touched_pages, uint64_t row_count, AdamSettings adam) {
  const uint64_t page = blockIdx.x;
  if (!touched_pages[page]) return;
  __syncthreads();
  if (threadIdx.x == 0) touched_pages[page] = 0;
  const auto tile = cg::tiled_partition<S>(cg::this_thread_block());
  const uint64_t row = page * kRowsPerPage + threadIdx.x / S;
  if (row >= row_count) return;
  const uint64_t at = row * S + tile.thread_rank();
  const float gradient = gradients[at];
  if (!tile.any(gradient != 0.0f)) return;
  gradients[at] = 0;
  if (row == 0) return;  // stands for empty sites and stays zero
  adam_step(values[at], first[at], second[at], gradient, adam.rate[tile.thread_rank()], adam);
}

__global__ void adam_network_kernel(float* weights, float* first, float* second,
                                    const float* gradients, int count, float rate, float keep,
                                    AdamSettings adam) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  adam_step(weights[i], first[i], second[i], gradients[i], rate, adam);
  weights[i] *= keep;
}

// One thread per site of a leaf and float of its row.
template <int S>
__global__ void smoothness_kernel(LatticeView lattice, SmoothnessPass pass, const float* values,
                                  const uint8_t* touched_pages, float* gradients) {
  const uint64_t thread = blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  const uint64_t leaf = pass.first_leaf + thread / (64 * S) * kSmoothInterval;
  if (leaf >= pass.leaf_count) return;
  const uint32_t* corner = lattice.corner_rows + leaf * kCornersPerLeaf +
                           corner_of_site(static_cast<int>(thread / S % 64));
  const uint32_t row = corner[0];
  if (!pass.is_point(row) || !touched_pages[row / kRowsPerPage]) return;
  const int k = static_cast<int>(thread % S);
  const float weight = k == 0 ? pass.density_weight : pass.feature_weight;
  const float own = values[static_cast<uint64_t>(row) * S + k];
  float sum = 0;
  for (int axis = 0, step = 1; axis < 3; ++axis, step *= 5) {
    const uint32_t other = corner[step];
    if (!pass.is_point(other)) continue;
    const float pull = weight * (values[static_cast<uint64_t>(other) * S + k] - own);
    sum += pull;
    if (touched_pages[other / kRowsPerPage] && pull != 0)
      atomicAdd(gradients + static_cast<uint64_t>(other) * S + k, pull);
  }
  if (sum != 0) atomicAdd(gradients + static_cast<uint64_t>(row) * S + k, -sum);
}

__global__ void empty_leaves_kernel(LatticeView lattice, LeafView* leaves, int leaf_count,
                                    const float* values, int stride) {
  const int leaf = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  if (leaf >= leaf_count) return;
  const uint32_t* corners = lattice.corner_rows + static_cast<uint64_t>(leaf) * kCornersPerLeaf;
  bool full = false;
  for (int c = threadIdx.x % 32; c < kCornersPerLeaf; c += 32) {
    full |= values[static_cast<uint64_t>(corners[c]) * stride] > 0;
  }
  full = __any_sync(0xffffffffu, full);
  if (threadIdx.x % 32 == 0) leaves[leaf].is_empty = !full;
}

__global__ void scatter_hanging_kernel(const HangingRow* hanging, uint32_t first, uint32_t last,
                                       uint64_t row_base, float* gradients, int stride,
                                       uint8_t* touched_pages) {
  const uint64_t i = blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  const uint64_t index = first + i / stride;
  if (index >= last) return;
  const int k = static_cast<int>(i % stride);
  float& source = gradients[(row_base + index) * stride + k];
  if (source == 0) return;
  for (int c = 0; c < 8; ++c) {
    const float weight = hanging[index].weights[c];
    if (weight == 0) continue;
    const uint32_t row = hanging[index].sources[c];
    touched_pages[row / kRowsPerPage] = 1;
    atomicAdd(gradients + static_cast<uint64_t>(row) * stride + k, weight * source);
  }
  source = 0;
}

// One block: every thread takes views in turn, then nine threads take the means away.
__global__ void fit_views_kernel(float* parameters, float* first, float* second, float* gradients,
                                 int view_count, float pose_rate, float exposure_rate,
                                 AdamSettings adam) {
  const int count = view_count * kViewParameters;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const float rate = i % kViewParameters < kViewGain ? pose_rate : exposure_rate;
    view_step(parameters[i], first[i], second[i], gradients[i], rate, adam);
    gradients[i] = 0;
  }
  __syncthreads();
  if (threadIdx.x >= kViewParameters) return;
  float mean = 0;
  for (int i = threadIdx.x; i < count; i += kViewParameters) mean += parameters[i];
  mean /= static_cast<float>(view_count);
  for (int i = threadIdx.x; i < count; i += kViewParameters) parameters[i] -= mean;
}
}  // namespace

Status launch_fit_views(float* parameters, float* first, float* second, float* gradients,
                        int view_count, float pose_rate, float exposure_rate,
                        const AdamSettings& adam) {
  fit_views_kernel<<<1, 256>>>(parameters, first, second, gradients, view_count, pose_rate,
                               exposure_rate, adam);
  return launched("fit of the views");
}

Status launch_adam_rows(float* values, float* first, float* second, float* gradients,
                        uint8_t* touched_pages, uint64_t row_count, int stride,
                        const AdamSettings& adam) {
  const auto pages = static_cast<unsigned>((row_count + kRowsPerPage - 1) / kRowsPerPage);
  const int threads = kRowsPerPage * stride;
  if (stride == 8)
    adam_rows_kernel<8>
        <<<pages, threads>>>(values, first, second, gradients, touched_pages, row_count, adam);
  if (stride == 16)
    adam_rows_kernel<16>
        <<<pages, threads>>>(values, first, second, gradients, touched_pages, row_count, adam);
  if (stride == 32)
    adam_rows_kernel<32>
        <<<pages, threads>>>(values, first, second, gradients, touched_pages, row_count, adam);
  return launched("Adam");
}

Status launch_adam_network(float* weights, float* first, float* second, const float* gradients,
                           int count, float rate, float keep, const AdamSettings& adam) {
  adam_network_kernel<<<(count + 255) / 256, 256>>>(weights, first, second, gradients, count, rate,
                                                    keep, adam);
  return launched("Adam of the network");
}

Status launch_smoothness(const LatticeView& lattice, const SmoothnessPass& pass,
                         const float* values, int stride, const uint8_t* touched_pages,
                         float* gradients) {
  if (pass.leaf_count <= pass.first_leaf) return {};
  const uint64_t leaves =
      (pass.leaf_count - pass.first_leaf + kSmoothInterval - 1) / kSmoothInterval;
  const auto blocks = static_cast<unsigned>((leaves * 64 * stride + 255) / 256);
  if (stride == 8)
    smoothness_kernel<8><<<blocks, 256>>>(lattice, pass, values, touched_pages, gradients);
  if (stride == 16)
    smoothness_kernel<16><<<blocks, 256>>>(lattice, pass, values, touched_pages, gradients);
  if (stride == 32)
    smoothness_kernel<32><<<blocks, 256>>>(lattice, pass, values, touched_pages, gradients);
  return launched("smoothness");
}

Status launch_empty_leaves(const LatticeView& lattice, LeafView* leaves, int leaf_count,
                           const float* values, int stride) {
  if (leaf_count == 0) return {};
  empty_leaves_kernel<<<(leaf_count + 7) / 8, 256>>>(lattice, leaves, leaf_count, values, stride);
  return launched("empty leaves");
}

Status launch_scatter_hanging(const DeviceLattice& lattice, float* gradients, int stride,
                              uint8_t* touched_pages) {
  for (size_t i = lattice.hanging_rounds.size(); i-- > 0;) {
    const uint32_t first = i == 0 ? 0 : lattice.hanging_rounds[i - 1],
                   last = lattice.hanging_rounds[i];
    const uint64_t threads = static_cast<uint64_t>(last - first) * stride;
    if (threads == 0) continue;
    scatter_hanging_kernel<<<static_cast<unsigned>((threads + 255) / 256), 256>>>(
        lattice.hanging.get(), first, last, 1 + lattice.point_count, gradients, stride,
        touched_pages);
  }
  return launched("hanging gradients");
}

}  // namespace voxpack
