// Forward and backward march on the GPU: one tile of `stride` lanes per ray, a lane per float of a
// row.
//
// The backward pass walks the ray again instead of storing samples: with the total of w_j g_j
// known, what lies behind a sample is the total less what came before.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

#include "kernels/march_cuda.cuh"
#include "kernels/traverse.h"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

namespace cg = cooperative_groups;

constexpr int kThreads = 256;
constexpr float kTrainStop = 1e-3f;

__device__ inline float step_of(const LatticeView& lattice, int leaf) {
  return 0.5f * static_cast<float>(1 << lattice.leaves[leaf].shift) *
         (lattice.finest_level < 0 ? 0.5f : static_cast<float>(1 << lattice.finest_level));
}

// A sample with density, as a lane of a tile sees it.
struct LaneSample {
  uint32_t own_row;  // of this lane's corner
  float fraction[3], weights[8];
  float value;  // this lane's float of the interpolated row
  float weight, remaining;
  float t, step;
  float cells_per_size;
};

// Calls use(sample) for every sample with density.
template <int S, class Use>
__device__ void for_samples(const cg::thread_block_tile<S>& tile, const LatticeView& lattice,
                            const float* values, const MarchRay& ray, float stop, Use&& use) {
  const int lane = tile.thread_rank();
  float remaining = 1.0f;
  int count = 0;
  traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
    const float step = step_of(lattice, leaf);
    float whole = ceilf(t_in / step - ray.offset);
    for (float t = (whole + ray.offset) * step; t < t_out; t += step) {
      const uint32_t* rows;
      LaneSample sample;
      locate(lattice, leaf, ray, t, rows, sample.fraction);
      trilinear_weights(sample.fraction, sample.weights);
      sample.own_row = rows[corner_offset(lane & 7)];
      sample.value = 0;
#pragma unroll
      for (int c = 0; c < 8; ++c) {
        const uint32_t row = tile.shfl(sample.own_row, c);
        sample.value += sample.weights[c] * values[static_cast<uint64_t>(row) * S + lane];
      }
      const float density = tile.shfl(sample.value, 0);
      if (!(density > 0.0f)) continue;
      sample.weight = remaining * (1.0f - __expf(-density * step));
      remaining -= sample.weight;
      sample.remaining = remaining;
      sample.t = t;
      sample.step = step;
      sample.cells_per_size = 4.0f / lattice.leaves[leaf].size;
      use(sample);
      if (++count == kMaxSamples || remaining < stop) return false;
    }
    return true;
  });
}

template <int S>
__global__ void __launch_bounds__(kThreads)
    forward_kernel(LatticeView lattice, const float* values, const char* rays, int ray_stride,
                   int ray_count, float stop, float* sums, float* squares,
                   unsigned long long* sample_count) {
  const auto tile = cg::tiled_partition<S>(cg::this_thread_block());
  const int r = blockIdx.x * (kThreads / S) + threadIdx.x / S;
  if (r >= ray_count) return;
  const MarchRay ray =
      *reinterpret_cast<const MarchRay*>(rays + static_cast<size_t>(r) * ray_stride);
  float total = 0, square = 0, alpha = 0;
  unsigned count = 0;
  for_samples<S>(tile, lattice, values, ray, stop, [&](const LaneSample& sample) {
    total += sample.weight * sample.value;
    square += sample.weight * sample.weight;
    ++count;
    alpha = 1.0f - sample.remaining;
  });
  sums[static_cast<size_t>(r) * S + tile.thread_rank()] = tile.thread_rank() == 0 ? alpha : total;
  if (tile.thread_rank() != 0) return;
  if (squares != nullptr) squares[r] = square;
  if (sample_count != nullptr) atomicAdd(sample_count, static_cast<unsigned long long>(count));
}

template <int S, bool kFitsViews>
__global__ void __launch_bounds__(kThreads)
    backward_kernel(LatticeView lattice, const float* values, const TrainRay* rays, int ray_count,
                    const float* sums, const float* squares, const float* d_sums,
                    BackwardOutputs out) {
  const auto tile = cg::tiled_partition<S>(cg::this_thread_block());
  const int lane = tile.thread_rank();
  const int r = blockIdx.x * (kThreads / S) + threadIdx.x / S;
  if (r >= ray_count) return;
  const MarchRay ray = rays[r].ray;
  const float own = d_sums[static_cast<size_t>(r) * S + lane];
  const float d_alpha = tile.shfl(own, 0);
  const float d_feature = lane == 0 ? 0.0f : own;
  const float sum = sums[static_cast<size_t>(r) * S + lane];
  float behind =
      cg::reduce(tile, own * sum, cg::plus<float>()) - 2.0f * out.concentration * squares[r];
  float force[3] = {}, torque[3] = {};
  for_samples<S>(tile, lattice, values, ray, kTrainStop, [&](const LaneSample& sample) {
    const float g = cg::reduce(tile, d_feature * sample.value, cg::plus<float>()) + d_alpha -
                    2.0f * out.concentration * sample.weight;
    behind -= sample.weight * g;
    const float d_depth = sample.remaining * g - behind;
    const float gradient = lane == 0 ? d_depth * sample.step : sample.weight * d_feature;
    if (lane < 8) out.touched_pages[sample.own_row / kRowsPerPage] = 1;
    float slope[3] = {};
    float slopes[8][3];
    if constexpr (kFitsViews) trilinear_slopes(sample.fraction, slopes);
#pragma unroll
    for (int c = 0; c < 8; ++c) {
      const uint64_t at = static_cast<uint64_t>(tile.shfl(sample.own_row, c)) * S + lane;
      atomicAdd(out.row_gradients + at, sample.weights[c] * gradient);
      if constexpr (kFitsViews) {
        const float along = gradient * values[at] * sample.cells_per_size;
        for (int a = 0; a < 3; ++a) slope[a] += slopes[c][a] * along;
      }
    }
    if constexpr (kFitsViews) add_force(ray, sample.t, out.centre, slope, force, torque);
  });
  if constexpr (kFitsViews) {
    float* parameters = out.view_gradients + static_cast<size_t>(rays[r].view) * kViewParameters;
    for (int a = 0; a < 3; ++a) {
      const float turn = cg::reduce(tile, torque[a], cg::plus<float>());
      const float move = cg::reduce(tile, force[a], cg::plus<float>());
      if (lane != 0) continue;
      atomicAdd(parameters + kViewRotation + a, turn);
      atomicAdd(parameters + kViewTranslation + a, move * (2.0f * out.centre));
    }
  }
}

template <int S>
void launch_backward_of(const LatticeView& lattice, const float* values, const TrainRay* rays,
                        int ray_count, const float* sums, const float* squares, const float* d_sums,
                        const BackwardOutputs& out) {
  const int blocks = (ray_count * S + kThreads - 1) / kThreads;
  if (out.view_gradients != nullptr) {
    backward_kernel<S, true>
        <<<blocks, kThreads>>>(lattice, values, rays, ray_count, sums, squares, d_sums, out);
  } else {
    backward_kernel<S, false>
        <<<blocks, kThreads>>>(lattice, values, rays, ray_count, sums, squares, d_sums, out);
  }
}
}  // namespace

Status launch_forward(const LatticeView& lattice, const float* values, int stride,
                      const MarchRay* rays, int ray_stride_bytes, int ray_count, float stop,
                      float* sums, float* squares, unsigned long long* sample_count) {
  const auto* bytes = reinterpret_cast<const char*>(rays);
  const int blocks = (ray_count * stride + kThreads - 1) / kThreads;
  if (stride == 8)
    forward_kernel<8><<<blocks, kThreads>>>(lattice, values, bytes, ray_stride_bytes, ray_count,
                                            stop, sums, squares, sample_count);
  if (stride == 16)
    forward_kernel<16><<<blocks, kThreads>>>(lattice, values, bytes, ray_stride_bytes, ray_count,
                                             stop, sums, squares, sample_count);
  if (stride == 32)
    forward_kernel<32><<<blocks, kThreads>>>(lattice, values, bytes, ray_stride_bytes, ray_count,
                                             stop, sums, squares, sample_count);
  return launched("forward march");
}

Status launch_backward(const LatticeView& lattice, const float* values, int stride,
                       const TrainRay* rays, int ray_count, const float* sums, const float* squares,
                       const float* d_sums, const BackwardOutputs& out) {
  if (stride == 8)
    launch_backward_of<8>(lattice, values, rays, ray_count, sums, squares, d_sums, out);
  if (stride == 16)
    launch_backward_of<16>(lattice, values, rays, ray_count, sums, squares, d_sums, out);
  if (stride == 32)
    launch_backward_of<32>(lattice, values, rays, ray_count, sums, squares, d_sums, out);
  return launched("backward march");
}
}  // namespace voxpack
