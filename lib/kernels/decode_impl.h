// The appearance decoder of the optimiser for a batch of rays, forward and backward. Part of
// march_impl.h. The network keeps one ray in each place of a vector, so that a weight is loaded
// once for all rays of the batch.
#pragma once

#include "field/harmonics.h"
#include "kernels/march_view.h"
#include "kernels/wide.h"

namespace voxpack {
namespace {

constexpr int kBatchRays = 16;
constexpr int kMaxInputs = 64;  // of the network, rounded up to 4
constexpr int kMaxHidden = 64;
using Rays = Wide<kBatchRays>;  // one float of each ray

struct DecodedRay {
  float features[32];  // accumulated
  float alpha;
  const float* direction;  // unit vector in the world
  float harmonics[16];
  float rgb[3], residual[3];      // what decode() finds
  float d_rgb[3], d_residual[3];  // what decode_backward() starts from
  float d_features[32], d_alpha;  // what it finds
};

// Floats of the places of a ray beyond `count` are zero.
struct DecodeBatch {
  DecodedRay rays[kBatchRays];
  int count;
  alignas(64) float inputs[kMaxInputs][kBatchRays];
  alignas(64) float hidden[kMaxHidden][kBatchRays];
};

// sums[j] = sum over k of weights[j][k * pitch] * vectors[k], j = 0..3.
inline void multiply_4(const float* const weights[4], int pitch, const float* vectors, int count,
                       Rays sums[4]) {
  Rays sum[4] = {};
  for (int k = 0; k < count; ++k) {
    const Rays vector = Rays::load(vectors + k * kBatchRays);
    for (int j = 0; j < 4; ++j) sum[j].add_product(vector, weights[j][k * pitch]);
  }
  for (int j = 0; j < 4; ++j) sums[j] = sum[j];
}

inline void decode_network(const NetworkView& net, DecodeBatch& batch) {
  std::memset(batch.inputs, 0, sizeof(batch.inputs));
  for (int r = 0; r < batch.count; ++r) {
    const DecodedRay& ray = batch.rays[r];
    for (int i = 0; i < net.channels; ++i) batch.inputs[i][r] = ray.features[i];
    batch.inputs[net.channels][r] = ray.alpha;
    for (int k = 1; k < 16; ++k) batch.inputs[net.channels + k][r] = ray.alpha * ray.harmonics[k];
  }
  Rays residual[3] = {};
  for (int h = 0; h < net.hidden; h += 4) {
    const float* const in = net.weights_in + h;
    const float* const weights[4] = {in, in + 1, in + 2, in + 3};
    Rays sums[4];
    multiply_4(weights, net.hidden, batch.inputs[0], net.inputs, sums);
    for (int j = 0; j < 4; ++j) {
      for (Rays::Part& part : sums[j].parts) part = part > 0.0f ? part : Rays::Part{};
      sums[j].store(batch.hidden[h + j]);
      for (int c = 0; c < 3; ++c) {
        residual[c].add_product(sums[j], net.weights_out[c * net.hidden + h + j]);
      }
    }
  }
  for (int c = 0; c < 3; ++c) {
    float floats[kBatchRays];
    residual[c].store(floats);
    for (int r = 0; r < batch.count; ++r) {
      batch.rays[r].residual[c] = floats[r];
      batch.rays[r].rgb[c] = batch.rays[r].features[c] + floats[r];
    }
  }
}

// Colours of the accumulated features of the batch.
inline void decode(const NetworkView& net, DecodeBatch& batch) {
  for (int r = 0; r < batch.count; ++r) {
    DecodedRay& ray = batch.rays[r];
    for (int c = 0; c < 3; ++c) {
      ray.rgb[c] = ray.features[c];
      ray.residual[c] = 0;
    }
    if (net.kind == 0) continue;
    harmonics16(ray.direction, ray.harmonics);
    if (net.kind == 3) continue;
    const int count = net.kind == 1 ? 4 : 9;
    for (int c = 0; c < 3; ++c) {
      float sum = 0;
      for (int k = 0; k < count; ++k) sum += ray.harmonics[k] * ray.features[k * 3 + c];
      ray.rgb[c] = sum;
    }
  }
  if (net.kind == 3) decode_network(net, batch);
}

// Adds the gradients of the input weights; d_hidden is [ray][hidden].
inline void add_input_gradients(const NetworkView& net, const DecodeBatch& batch,
                                const float* d_hidden, float* gradients) {
  for (int i = 0; i < net.inputs; i += 4) {
    for (int h = 0; h < net.hidden; h += 16) {
      Wide<16> sums[4] = {};
      for (int r = 0; r < batch.count; ++r) {
        const auto slope = Wide<16>::load(d_hidden + r * net.hidden + h);
        for (int j = 0; j < 4; ++j) sums[j].add_product(slope, batch.inputs[i + j][r]);
      }
      for (int j = 0; j < 4 && i + j < net.inputs; ++j) {
        float* at = gradients + (i + j) * net.hidden + h;
        sums[j] += Wide<16>::load(at);
        sums[j].store(at);
      }
    }
  }
}

inline void decode_network_backward(const NetworkView& net, DecodeBatch& batch, TrainLane& lane) {
  alignas(64) float d_out[3][kBatchRays] = {};
  for (int r = 0; r < batch.count; ++r) {
    for (int c = 0; c < 3; ++c) {
      d_out[c][r] = batch.rays[r].d_rgb[c] + batch.rays[r].d_residual[c];
    }
  }
  alignas(64) float d_hidden[kMaxHidden][kBatchRays];
  alignas(64) float d_hidden_of_rays[kBatchRays * kMaxHidden];
  for (int h = 0; h < net.hidden; ++h) {
    const Rays hidden = Rays::load(batch.hidden[h]);
    Rays slope = {};
    for (int c = 0; c < 3; ++c) {
      const Rays out = Rays::load(d_out[c]);
      slope.add_product(out, net.weights_out[c * net.hidden + h]);
      lane.gradients_out[c * net.hidden + h] += sum_of(hidden * out);
    }
    for (int p = 0; p < Rays::kParts; ++p) {
      slope.parts[p] = hidden.parts[p] > 0.0f ? slope.parts[p] : Rays::Part{};
    }
    slope.store(d_hidden[h]);
    for (int r = 0; r < batch.count; ++r) d_hidden_of_rays[r * net.hidden + h] = d_hidden[h][r];
  }
  add_input_gradients(net, batch, d_hidden_of_rays, lane.gradients_in);
  for (int i = 0; i < net.inputs; i += 4) {
    const float* weights[4];
    for (int j = 0; j < 4; ++j) {
      weights[j] = net.weights_in + (i + j < net.inputs ? i + j : i) * net.hidden;
    }
    Rays sums[4];
    multiply_4(weights, 1, d_hidden[0], net.hidden, sums);
    for (int j = 0; j < 4 && i + j < net.inputs; ++j) {
      float d_input[kBatchRays];
      sums[j].store(d_input);
      const int k = i + j - net.channels;  // 0: alpha, 1 and up: alpha times a harmonic
      for (int r = 0; r < batch.count; ++r) {
        DecodedRay& ray = batch.rays[r];
        if (k < 0) {
          ray.d_features[i + j] += d_input[r];
        } else {
          ray.d_alpha += k == 0 ? d_input[r] : d_input[r] * ray.harmonics[k];
        }
      }
    }
  }
}

// Gradients of the accumulated features and alphas from those of the colours and residuals; adds
// those of the network to the lane.
inline void decode_backward(const NetworkView& net, DecodeBatch& batch, TrainLane& lane) {
  for (int r = 0; r < batch.count; ++r) {
    DecodedRay& ray = batch.rays[r];
    ray.d_alpha = 0;
    for (float& d : ray.d_features) d = 0;
    for (int c = 0; c < 3; ++c) {
      if (net.kind == 0 || net.kind == 3) {
        ray.d_features[c] = ray.d_rgb[c];
        continue;
      }
      const int count = net.kind == 1 ? 4 : 9;
      for (int k = 0; k < count; ++k) ray.d_features[k * 3 + c] = ray.harmonics[k] * ray.d_rgb[c];
    }
  }
  if (net.kind == 3) decode_network_backward(net, batch, lane);
}

}  // namespace
}  // namespace voxpack
