// Forward and backward march on the GPU: one tile of `stride` lanes per ray, a lane per float of a
// row.
//
// The backward pass walks the ray again instead of storing samples: with the total of w_j g_j
// known, what lies behind a sample is the total less what came before.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

#include "kernels/march_cuda.cuh"
#include "kernels/traverse.h"

namespace voxpack {
namespace {

namespace cg = cooperative_groups;

constexpr int kThreads = 256;
constexpr float kTrainStop = 1e-3f;

__device__ inline float step_of(const LatticeView& lattice, int leaf) {
  return 0.5f * static_cast<float>(1 << lattice.leaves[leaf].shift) *
         (lattice.finest_level < 0 ? 0.5f : static_cast<float>(1 << lattice.finest_level));
}

// Calls use(row of this lane's corner, corner weights, value of this lane, weight, remaining, step)
// for every sample with density.
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
      float fraction[3], weights[8];
      locate(lattice, leaf, ray, t, rows, fraction);
      trilinear_weights(fraction, weights);
      const uint32_t own_row = rows[corner_offset(lane & 7)];
      float value = 0;
#pragma unroll
      for (int c = 0; c < 8; ++c) {
        const uint32_t row = tile.shfl(own_row, c);
        value += weights[c] * values[static_cast<uint64_t>(row) * S + lane];
      }
      const float density = tile.shfl(value, 0);
      if (!(density > 0.0f)) continue;
      const float weight = remaining * (1.0f - __expf(-density * step));
      remaining -= weight;
      use(own_row, weights, value, weight, remaining, step);
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
  for_samples<S>(tile, lattice, values, ray, stop,
                 [&](uint32_t, const float*, float value, float weight, float remaining, float) {
                   total += weight * value;
                   square += weight * weight;
                   ++count;
                   alpha = 1.0f - remaining;
                 });
  sums[static_cast<size_t>(r) * S + tile.thread_rank()] = tile.thread_rank() == 0 ? alpha : total;
  if (tile.thread_rank() != 0) return;
  if (squares != nullptr) squares[r] = square;
  if (sample_count != nullptr) atomicAdd(sample_count, static_cast<unsigned long long>(count));
}

template <int S>
__global__ void __launch_bounds__(kThreads)
    backward_kernel(LatticeView lattice, const float* values, const TrainRay* rays, int ray_count,
                    const float* sums, const float* squares, const float* d_sums,
                    float concentration, float* row_gradients, uint8_t* touched_pages) {
  const auto tile = cg::tiled_partition<S>(cg::this_thread_block());
  const int lane = tile.thread_rank();
  const int r = blockIdx.x * (kThreads / S) + threadIdx.x / S;
  if (r >= ray_count) return;
  const MarchRay ray = rays[r].ray;
  const float own = d_sums[static_cast<size_t>(r) * S + lane];
  const float d_alpha = tile.shfl(own, 0);
  const float d_feature = lane == 0 ? 0.0f : own;
  const float sum = sums[static_cast<size_t>(r) * S + lane];
  float behind = cg::reduce(tile, own * sum, cg::plus<float>()) - 2.0f * concentration * squares[r];
  for_samples<S>(tile, lattice, values, ray, kTrainStop,
                 [&](uint32_t own_row, const float* weights, float value, float weight,
                     float remaining, float step) {
                   const float g = cg::reduce(tile, d_feature * value, cg::plus<float>()) +
                                   d_alpha - 2.0f * concentration * weight;
                   behind -= weight * g;
                   const float d_depth = remaining * g - behind;
                   const float gradient = lane == 0 ? d_depth * step : weight * d_feature;
                   if (lane < 8) touched_pages[own_row / kRowsPerPage] = 1;
#pragma unroll
                   for (int c = 0; c < 8; ++c) {
                     const uint32_t row = tile.shfl(own_row, c);
                     atomicAdd(row_gradients + static_cast<uint64_t>(row) * S + lane,
                               weights[c] * gradient);
                   }
                 });
}

// Real spherical harmonics of degree 0..3, as in march_impl.h.
__device__ void harmonics16(const float d[3], float y[16]) {
  const float x = d[0], v = d[1], z = d[2];
  const float x2 = x * x, y2 = v * v, z2 = z * z;
  y[0] = 0.28209479f;
  y[1] = -0.48860251f * v;
  y[2] = 0.48860251f * z;
  y[3] = -0.48860251f * x;
  y[4] = 1.09254843f * x * v;
  y[5] = -1.09254843f * v * z;
  y[6] = 0.31539157f * (2.0f * z2 - x2 - y2);
  y[7] = -1.09254843f * x * z;
  y[8] = 0.54627422f * (x2 - y2);
  y[9] = -0.59004359f * v * (3.0f * x2 - y2);
  y[10] = 2.89061144f * x * v * z;
  y[11] = -0.45704580f * v * (4.0f * z2 - x2 - y2);
  y[12] = 0.37317633f * z * (2.0f * z2 - 3.0f * x2 - 3.0f * y2);
  y[13] = -0.45704580f * x * (4.0f * z2 - x2 - y2);
  y[14] = 1.44530572f * z * (x2 - y2);
  y[15] = -0.59004359f * x * (x2 - 3.0f * y2);
}

// Error of a pixel and its gradient with respect to colour and alpha.
__device__ float pixel_loss(const TrainRay& ray, const float rgb[3], const float residual[3],
                            float alpha, const TrainSettings& settings, float d_rgb[3],
                            float d_out[3], float& d_alpha) {
  float squared = 0;
  d_alpha = 0;
  for (int c = 0; c < 3; ++c) {
    const float error = rgb[c] + (1.0f - alpha) * ray.background[c] - ray.target[c];
    squared += error * error;
    d_rgb[c] = 2.0f * error * settings.gradient_scale;
    d_out[c] = d_rgb[c] + 2.0f * settings.residual_penalty * residual[c] * settings.gradient_scale;
    d_alpha -= d_rgb[c] * ray.background[c];
  }
  return squared;
}

// Kinds rgb, sh1, sh2.
__global__ void decode_linear_kernel(NetworkView net, const TrainRay* rays, int ray_count,
                                     int stride, const float* sums, TrainSettings settings,
                                     float* d_sums, double* squared_error) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= ray_count) return;
  const float* sum = sums + static_cast<size_t>(r) * stride;
  float* d_sum = d_sums + static_cast<size_t>(r) * stride;
  float y[16];
  harmonics16(rays[r].ray.direction, y);
  const int count = net.kind == 0 ? 1 : (net.kind == 1 ? 4 : 9);
  if (net.kind == 0) y[0] = 1;
  float rgb[3] = {}, residual[3] = {}, d_rgb[3], d_out[3], d_alpha;
  for (int c = 0; c < 3; ++c) {
    for (int k = 0; k < count; ++k) rgb[c] += y[k] * sum[1 + k * 3 + c];
  }
  const float squared = pixel_loss(rays[r], rgb, residual, sum[0], settings, d_rgb, d_out, d_alpha);
  for (int k = 0; k < stride; ++k) d_sum[k] = 0;
  d_sum[0] = d_alpha;
  for (int c = 0; c < 3; ++c) {
    for (int k = 0; k < count; ++k) d_sum[1 + k * 3 + c] = y[k] * d_rgb[c];
  }
  atomicAdd(squared_error, static_cast<double>(squared));
}

template <int H>
__global__ void decode_mlp_kernel(NetworkView net, const TrainRay* rays, int ray_count, int stride,
                                  const float* sums, TrainSettings settings, float* d_sums,
                                  DecodeBuffers buffers) {
  extern __shared__ float shared[];
  float* weights_in = shared;
  float* weights_out = shared + net.inputs * H;
  for (int i = threadIdx.x; i < net.inputs * H; i += blockDim.x) weights_in[i] = net.weights_in[i];
  for (int i = threadIdx.x; i < 3 * H; i += blockDim.x) weights_out[i] = net.weights_out[i];
  __syncthreads();
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= ray_count) return;
  const float* sum = sums + static_cast<size_t>(r) * stride;
  float* d_sum = d_sums + static_cast<size_t>(r) * stride;
  float* inputs = buffers.inputs + static_cast<size_t>(r) * net.inputs;
  const float alpha = sum[0];
  float y[16];
  harmonics16(rays[r].ray.direction, y);
  for (int i = 0; i < net.channels; ++i) inputs[i] = sum[1 + i];
  inputs[net.channels] = alpha;
#pragma unroll
  for (int k = 1; k < 16; ++k) inputs[net.channels + k] = alpha * y[k];
  float hidden[H];
#pragma unroll
  for (int j = 0; j < H; ++j) hidden[j] = 0;
  for (int i = 0; i < net.inputs; ++i) {
    const float x = inputs[i];
#pragma unroll
    for (int j = 0; j < H; ++j) hidden[j] += x * weights_in[i * H + j];
  }
  float rgb[3], residual[3] = {}, d_rgb[3], d_out[3], d_alpha;
#pragma unroll
  for (int j = 0; j < H; ++j) {
    hidden[j] = fmaxf(hidden[j], 0.0f);
    for (int c = 0; c < 3; ++c) residual[c] += hidden[j] * weights_out[c * H + j];
  }
  for (int c = 0; c < 3; ++c) rgb[c] = sum[1 + c] + residual[c];
  const float squared = pixel_loss(rays[r], rgb, residual, alpha, settings, d_rgb, d_out, d_alpha);
  float* stored = buffers.hidden + static_cast<size_t>(r) * H;
  float* d_stored = buffers.d_hidden + static_cast<size_t>(r) * H;
#pragma unroll
  for (int j = 0; j < H; ++j) {
    float d = 0;
    for (int c = 0; c < 3; ++c) d += weights_out[c * H + j] * d_out[c];
    stored[j] = hidden[j];
    hidden[j] = hidden[j] > 0 ? d : 0;
    d_stored[j] = hidden[j];
  }
  for (int c = 0; c < 3; ++c) buffers.d_outputs[static_cast<size_t>(r) * 3 + c] = d_out[c];
  for (int k = 1 + net.channels; k < stride; ++k) d_sum[k] = 0;
  for (int i = 0; i < net.channels; ++i) {
    float d = i < 3 ? d_rgb[i] : 0.0f;
#pragma unroll
    for (int j = 0; j < H; ++j) d += weights_in[i * H + j] * hidden[j];
    d_sum[1 + i] = d;
  }
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    float d = 0;
#pragma unroll
    for (int j = 0; j < H; ++j) d += weights_in[(net.channels + k) * H + j] * hidden[j];
    d_alpha += k == 0 ? d : d * y[k];
  }
  d_sum[0] = d_alpha;
  atomicAdd(buffers.squared_error, static_cast<double>(squared));
}

// Colour and alpha of a pixel, premultiplied, without loss: [ray][4].
__global__ void colours_kernel(NetworkView net, const MarchRay* rays, int ray_count, int stride,
                               const float* sums, float* pixels) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= ray_count) return;
  const float* sum = sums + static_cast<size_t>(r) * stride;
  float* pixel = pixels + static_cast<size_t>(r) * 4;
  pixel[3] = sum[0];
  for (int c = 0; c < 3; ++c) pixel[c] = 0;
  if (!(sum[0] > 0)) return;
  float y[16];
  harmonics16(rays[r].direction, y);
  const int count = net.kind == 1 ? 4 : (net.kind == 2 ? 9 : 1);
  if (count == 1) y[0] = 1;
  for (int c = 0; c < 3; ++c) {
    for (int k = 0; k < count; ++k) pixel[c] += y[k] * sum[1 + k * 3 + c];
  }
  if (net.kind != 3) return;
  y[0] = 1;
  for (int j = 0; j < net.hidden; ++j) {
    float hidden = 0;
    for (int i = 0; i < net.channels; ++i)
      hidden += sum[1 + i] * net.weights_in[i * net.hidden + j];
#pragma unroll
    for (int k = 0; k < 16; ++k)
      hidden += sum[0] * y[k] * net.weights_in[(net.channels + k) * net.hidden + j];
    hidden = fmaxf(hidden, 0.0f);
    for (int c = 0; c < 3; ++c) pixel[c] += hidden * net.weights_out[c * net.hidden + j];
  }
}

// One block per row of the input weights, then 3 for the output weights; fixed order of the sums.
template <int H>
__global__ void network_gradient_kernel(NetworkView net, int ray_count, DecodeBuffers buffers,
                                        float* gradients_in, float* gradients_out) {
  constexpr int kParts = 1024 / H;
  __shared__ float parts[kParts][H];
  const int j = threadIdx.x % H, part = threadIdx.x / H;
  const bool is_in = blockIdx.x < static_cast<unsigned>(net.inputs);
  const int row = is_in ? blockIdx.x : blockIdx.x - net.inputs;
  const float* scale = is_in ? buffers.inputs + row : buffers.d_outputs + row;
  const int pitch = is_in ? net.inputs : 3;
  const float* vectors = is_in ? buffers.d_hidden : buffers.hidden;
  float sum = 0;
  for (int r = part; r < ray_count; r += kParts) {
    sum += scale[static_cast<size_t>(r) * pitch] * vectors[static_cast<size_t>(r) * H + j];
  }
  parts[part][j] = sum;
  __syncthreads();
  if (part != 0) return;
  for (int p = 1; p < kParts; ++p) sum += parts[p][j];
  (is_in ? gradients_in : gradients_out)[row * H + j] = sum;
}

__device__ void adam_one(float& value, float& first, float& second, float gradient, float rate,
                         const AdamSettings& adam) {
  first = adam.beta1 * first + (1 - adam.beta1) * gradient;
  second = adam.beta2 * second + (1 - adam.beta2) * gradient * gradient;
  value -= rate * first * adam.correction1 / (sqrtf(second * adam.correction2) + adam.epsilon);
}

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
  adam_one(values[at], first[at], second[at], gradient, adam.rate[tile.thread_rank()], adam);
}

__global__ void adam_network_kernel(float* weights, float* first, float* second,
                                    const float* gradients, int count, float rate,
                                    AdamSettings adam) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) adam_one(weights[i], first[i], second[i], gradients[i], rate, adam);
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

__global__ void resolve_hanging_kernel(const HangingRow* hanging, uint32_t first, uint32_t last,
                                       uint64_t row_base, float* values, int stride) {
  const uint64_t i = blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  const uint64_t index = first + i / stride;
  if (index >= last) return;
  const int k = static_cast<int>(i % stride);
  float sum = 0;
  for (int c = 0; c < 8; ++c) {
    sum += hanging[index].weights[c] *
           values[static_cast<uint64_t>(hanging[index].sources[c]) * stride + k];
  }
  values[(row_base + index) * stride + k] = sum;
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

Status launched(const char* what) { return cuda_status(cudaGetLastError(), what); }

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
                       const float* d_sums, float concentration, float* row_gradients,
                       uint8_t* touched_pages) {
  const int blocks = (ray_count * stride + kThreads - 1) / kThreads;
  if (stride == 8)
    backward_kernel<8><<<blocks, kThreads>>>(lattice, values, rays, ray_count, sums, squares,
                                             d_sums, concentration, row_gradients, touched_pages);
  if (stride == 16)
    backward_kernel<16><<<blocks, kThreads>>>(lattice, values, rays, ray_count, sums, squares,
                                              d_sums, concentration, row_gradients, touched_pages);
  if (stride == 32)
    backward_kernel<32><<<blocks, kThreads>>>(lattice, values, rays, ray_count, sums, squares,
                                              d_sums, concentration, row_gradients, touched_pages);
  return launched("backward march");
}

Status launch_decode(const NetworkView& net, const TrainRay* rays, int ray_count, int stride,
                     const float* sums, const TrainSettings& settings, float* d_sums,
                     const DecodeBuffers& buffers) {
  const int blocks = (ray_count + 127) / 128;
  if (net.kind != 3) {
    decode_linear_kernel<<<blocks, 128>>>(net, rays, ray_count, stride, sums, settings, d_sums,
                                          buffers.squared_error);
    return launched("decode");
  }
  const size_t shared = static_cast<size_t>(net.inputs + 3) * net.hidden * sizeof(float);
  if (net.hidden == 16)
    decode_mlp_kernel<16>
        <<<blocks, 128, shared>>>(net, rays, ray_count, stride, sums, settings, d_sums, buffers);
  if (net.hidden == 32)
    decode_mlp_kernel<32>
        <<<blocks, 128, shared>>>(net, rays, ray_count, stride, sums, settings, d_sums, buffers);
  if (net.hidden == 48)
    decode_mlp_kernel<48>
        <<<blocks, 128, shared>>>(net, rays, ray_count, stride, sums, settings, d_sums, buffers);
  if (net.hidden == 64)
    decode_mlp_kernel<64>
        <<<blocks, 128, shared>>>(net, rays, ray_count, stride, sums, settings, d_sums, buffers);
  return launched("decode");
}

Status launch_colours(const NetworkView& net, const MarchRay* rays, int ray_count, int stride,
                      const float* sums, float* pixels) {
  colours_kernel<<<(ray_count + 127) / 128, 128>>>(net, rays, ray_count, stride, sums, pixels);
  return launched("colours");
}

Status launch_network_gradients(const NetworkView& net, int ray_count, const DecodeBuffers& buffers,
                                float* gradients_in, float* gradients_out) {
  const int blocks = net.inputs + 3;
  const int threads = 1024 / net.hidden * net.hidden;
  if (net.hidden == 16)
    network_gradient_kernel<16>
        <<<blocks, threads>>>(net, ray_count, buffers, gradients_in, gradients_out);
  if (net.hidden == 32)
    network_gradient_kernel<32>
        <<<blocks, threads>>>(net, ray_count, buffers, gradients_in, gradients_out);
  if (net.hidden == 48)
    network_gradient_kernel<48>
        <<<blocks, threads>>>(net, ray_count, buffers, gradients_in, gradients_out);
  if (net.hidden == 64)
    network_gradient_kernel<64>
        <<<blocks, threads>>>(net, ray_count, buffers, gradients_in, gradients_out);
  return launched("network gradients");
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
                           int count, float rate, const AdamSettings& adam) {
  adam_network_kernel<<<(count + 255) / 256, 256>>>(weights, first, second, gradients, count, rate,
                                                    adam);
  return launched("Adam of the network");
}

Status launch_empty_leaves(const LatticeView& lattice, LeafView* leaves, int leaf_count,
                           const float* values, int stride) {
  if (leaf_count == 0) return {};
  empty_leaves_kernel<<<(leaf_count + 7) / 8, 256>>>(lattice, leaves, leaf_count, values, stride);
  return launched("empty leaves");
}

Status launch_resolve_hanging(const DeviceLattice& lattice, float* values, int stride) {
  uint32_t first = 0;
  for (uint32_t last : lattice.hanging_rounds) {
    const uint64_t threads = static_cast<uint64_t>(last - first) * stride;
    if (threads > 0) {
      resolve_hanging_kernel<<<static_cast<unsigned>((threads + 255) / 256), 256>>>(
          lattice.hanging.get(), first, last, 1 + lattice.point_count, values, stride);
    }
    first = last;
  }
  return launched("hanging rows");
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
