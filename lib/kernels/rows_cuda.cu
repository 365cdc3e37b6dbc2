// Kernels over rows and leaves on the GPU: gradients of hanging rows, empty leaves, Adam of the
// network and of the views.
#include "kernels/adam.h"
#include "kernels/march_cuda.cuh"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

__global__ void adam_network_kernel(float* weights, float* first, float* second,
                                    const float* gradients, int count, float rate, float keep,
                                    AdamSettings adam) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  adam_step(weights[i], first[i], second[i], gradients[i], rate, adam);
  weights[i] *= keep;
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

Status launch_adam_network(float* weights, float* first, float* second, const float* gradients,
                           int count, float rate, float keep, const AdamSettings& adam) {
  adam_network_kernel<<<(count + 255) / 256, 256>>>(weights, first, second, gradients, count, rate,
                                                    keep, adam);
  return launched("Adam of the network");
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
