// Decode of the accumulated features on the GPU: colours, loss, and the gradients of features and
// network.
#include "field/harmonics.h"
#include "kernels/march_cuda.cuh"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

// Error of a pixel and its gradient with respect to colour and alpha, and to the gains of the view.
__device__ float pixel_loss(const TrainRay& ray, const float rgb[3], const float residual[3],
                            float alpha, const TrainSettings& settings, float* view_gradients,
                            float d_rgb[3], float d_out[3], float& d_alpha) {
  float squared = 0;
  d_alpha = 0;
  for (int c = 0; c < 3; ++c) {
    const float shown = ray.gain[c] * rgb[c];
    const float error = shown + (1.0f - alpha) * ray.background[c] - ray.target[c];
    squared += error * error;
    const float d_shown =
        settings.is_probe ? ray.target[c] : 2.0f * error * settings.gradient_scale;
    d_rgb[c] = d_shown * ray.gain[c];
    d_out[c] = d_rgb[c] + 2.0f * settings.residual_penalty * residual[c] * settings.gradient_scale;
    d_alpha -= d_shown * ray.background[c];
    if (view_gradients != nullptr) {
      atomicAdd(view_gradients + static_cast<size_t>(ray.view) * kViewParameters + kViewGain + c,
                d_shown * shown);
    }
  }
  return squared;
}

// Kinds rgb, sh1, sh2.
__global__ void decode_linear_kernel(NetworkView net, const TrainRay* rays, int ray_count,
                                     int stride, const float* sums, TrainSettings settings,
                                     float* d_sums, double* squared_error, float* view_gradients) {
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
  const float squared =
      pixel_loss(rays[r], rgb, residual, sum[0], settings, view_gradients, d_rgb, d_out, d_alpha);
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
  const float squared = pixel_loss(rays[r], rgb, residual, alpha, settings, buffers.view_gradients,
                                   d_rgb, d_out, d_alpha);
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
}  // namespace

Status launch_decode(const NetworkView& net, const TrainRay* rays, int ray_count, int stride,
                     const float* sums, const TrainSettings& settings, float* d_sums,
                     const DecodeBuffers& buffers) {
  const int blocks = (ray_count + 127) / 128;
  if (net.kind != 3) {
    decode_linear_kernel<<<blocks, 128>>>(net, rays, ray_count, stride, sums, settings, d_sums,
                                          buffers.squared_error, buffers.view_gradients);
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
}  // namespace voxpack
