// Forward and backward march of the optimiser and the renderer. Included once by each
// march_<isa>.cpp, which names the build with VOXPACK_ISA; contraction and fast instructions are
// welcome here (docs/numerics.md).
//
// Per ray: samples front to back (emission-absorption, Max 1995), one decode of the accumulated
// features (for a batch of rays together), then the analytic derivative back to front and a scatter
// to the 8 corners of each sample.
#include "kernels/decode_impl.h"
#include "kernels/march_view.h"
#include "kernels/samples_impl.h"
#include "kernels/smooth_impl.h"
#include "kernels/traverse.h"
#include "kernels/view_fit.h"
#include "kernels/wide.h"

namespace voxpack {
namespace {

// The rays of a batch between march and scatter.
template <int S>
struct MarchedRays {
  const TrainRay* rays[kBatchRays];
  const Sample<S>* samples[kBatchRays];
  int sample_counts[kBatchRays];
  float transmittances[kBatchRays];
  DecodeBatch decoded;
};

// Adds the error of a ray; returns the gradient of its alpha that comes from the background.
inline float compare(const TrainRay& train, float transmittance, const TrainSettings& settings,
                     DecodedRay& ray, TrainLane& lane) {
  float d_alpha = 0;
  for (int c = 0; c < 3; ++c) {
    const float shown = train.gain[c] * ray.rgb[c];
    const float error = shown + transmittance * train.background[c] - train.target[c];
    lane.squared_error += error * error;
    const float d_shown =
        settings.is_probe ? train.target[c] : 2.0f * error * settings.gradient_scale;
    ray.d_rgb[c] = d_shown * train.gain[c];
    ray.d_residual[c] =
        2.0f * settings.residual_penalty * ray.residual[c] * settings.gradient_scale;
    d_alpha -= d_shown * train.background[c];
    if (lane.view_gradients != nullptr) {
      lane.view_gradients[uint64_t{train.view} * kViewParameters + kViewGain + c] +=
          d_shown * shown;
    }
  }
  return d_alpha;
}

template <int S>
void train_batch(const float* values, const NetworkView& net, const TrainSettings& settings,
                 MarchedRays<S>& batch, TrainLane& lane) {
  DecodeBatch& decoded = batch.decoded;
  decode(net, decoded);
  float d_alpha[kBatchRays];
  for (int r = 0; r < decoded.count; ++r) {
    d_alpha[r] = compare(*batch.rays[r], batch.transmittances[r], settings, decoded.rays[r], lane);
  }
  decode_backward(net, decoded, lane);
  for (int r = 0; r < decoded.count; ++r) {
    const DecodedRay& ray = decoded.rays[r];
    float d_sums[S] = {};
    for (int k = 0; k < net.channels; ++k) d_sums[k + 1] = ray.d_features[k];
    scatter<S>(batch.samples[r], batch.sample_counts[r], Wide<S>::load(d_sums),
               {*batch.rays[r], values, d_alpha[r] + ray.d_alpha, batch.transmittances[r],
                settings.concentration * settings.gradient_scale, settings.centre},
               lane);
  }
  decoded.count = 0;
}

template <int S>
void train_rays(const LatticeView& lattice, const float* values, const NetworkView& net,
                const TrainRay* rays, int ray_count, const TrainSettings& settings,
                TrainLane& lane) {
  auto* const first = static_cast<Sample<S>*>(lane.samples);
  Sample<S>* next = first;
  MarchedRays<S> batch;
  batch.decoded.count = 0;
  for (int r = 0; r < ray_count; ++r) {
    if (batch.decoded.count == kBatchRays || next + kMaxSamples > first + kSampleSpace) {
      train_batch<S>(values, net, settings, batch, lane);
      next = first;
    }
    const TrainRay& train = rays[r];
    DecodedRay& decoded = batch.decoded.rays[batch.decoded.count];
    Wide<S> sums;
    float transmittance;
    const int count = march_samples<S>(lattice, values, train.ray, next, sums, transmittance);
    lane.sample_count += count;
    if (count == 0) {  // the background alone: no gradients
      for (int c = 0; c < 3; ++c) {
        const float error = train.background[c] - train.target[c];
        lane.squared_error += error * error;
      }
      continue;
    }
    float floats[S];
    sums.store(floats);
    for (int k = 0; k + 1 < S; ++k) decoded.features[k] = floats[k + 1];
    decoded.alpha = 1.0f - transmittance;
    decoded.direction = train.ray.direction;
    batch.rays[batch.decoded.count] = &train;
    batch.samples[batch.decoded.count] = next;
    batch.sample_counts[batch.decoded.count] = count;
    batch.transmittances[batch.decoded.count] = transmittance;
    ++batch.decoded.count;
    next += count;
  }
  train_batch<S>(values, net, settings, batch, lane);
}

template <int S>
void accumulate_rays(const LatticeView& lattice, const float* values, const MarchRay* rays,
                     int ray_count, float* sums) {
  for (int r = 0; r < ray_count; ++r) {
    const MarchRay& ray = rays[r];
    Wide<S> total = {};
    float remaining = 1.0f;
    traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
      const float step = step_of(lattice, leaf);
      for (float t = first_sample(t_in, step, ray.offset); t < t_out; t += step) {
        const uint32_t* rows;
        float fraction[3], weights[8];
        locate(lattice, leaf, ray, t, rows, fraction);
        trilinear_weights(fraction, weights);
        const Wide<S> value = interpolate<S>(values, rows, weights);
        if (!(value.first() > 0.0f)) continue;
        const float weight = remaining * (1.0f - exp_negative(-value.first() * step));
        total.add_product(value, weight);
        remaining -= weight;
        if (remaining < kStopTransmittanceRender) return false;
      }
      return true;
    });
    total.set_first(1.0f - remaining);
    total.store(sums + static_cast<uint64_t>(r) * S);
  }
}

template <int S>
void adam_rows(float* values, float* first, float* second, float* const* lanes, int lane_count,
               int row_count, const AdamSettings& adam) {
  const auto rate = Wide<S>::load(adam.rate);
  using Part = typename Wide<S>::Part;
  for (int r = 0; r < row_count; ++r) {
    Wide<S> gradient = {};
    for (int lane = 0; lane < lane_count; ++lane) {
      float* part = lanes[lane] + r * S;
      gradient += Wide<S>::load(part);
      Wide<S>{}.store(part);
    }
    if (is_zero(gradient)) continue;
    auto m = Wide<S>::load(first + r * S);
    auto v = Wide<S>::load(second + r * S);
    auto x = Wide<S>::load(values + r * S);
    for (int p = 0; p < Wide<S>::kParts; ++p) {
      const Part g = gradient.parts[p];
      m.parts[p] = m.parts[p] * adam.beta1 + g * (1.0f - adam.beta1);
      v.parts[p] = v.parts[p] * adam.beta2 + g * g * (1.0f - adam.beta2);
      const Part scaled = v.parts[p] * adam.correction2;
      Part root;
      for (int k = 0; k < Wide<S>::kFloats; ++k) root[k] = __builtin_sqrtf(scaled[k]);
      x.parts[p] -= rate.parts[p] * (m.parts[p] * adam.correction1) / (root + adam.epsilon);
    }
    m.store(first + r * S);
    v.store(second + r * S);
    x.store(values + r * S);
  }
}

void train(const LatticeView& lattice, const float* values, int stride, const NetworkView& net,
           const TrainRay* rays, int ray_count, const TrainSettings& settings, TrainLane& lane) {
  if (stride == 8) train_rays<8>(lattice, values, net, rays, ray_count, settings, lane);
  if (stride == 16) train_rays<16>(lattice, values, net, rays, ray_count, settings, lane);
  if (stride == 32) train_rays<32>(lattice, values, net, rays, ray_count, settings, lane);
}

void accumulate(const LatticeView& lattice, const float* values, int stride, const MarchRay* rays,
                int ray_count, float* sums) {
  if (stride == 8) accumulate_rays<8>(lattice, values, rays, ray_count, sums);
  if (stride == 16) accumulate_rays<16>(lattice, values, rays, ray_count, sums);
  if (stride == 32) accumulate_rays<32>(lattice, values, rays, ray_count, sums);
}

void adam_page(float* values, float* first, float* second, float* const* lanes, int lane_count,
               int stride, int row_count, const AdamSettings& adam) {
  if (stride == 8) adam_rows<8>(values, first, second, lanes, lane_count, row_count, adam);
  if (stride == 16) adam_rows<16>(values, first, second, lanes, lane_count, row_count, adam);
  if (stride == 32) adam_rows<32>(values, first, second, lanes, lane_count, row_count, adam);
}

void smooth_leaf(const uint32_t* corners, const SmoothnessPass& pass, const float* values,
                 int stride, const uint8_t* touched_pages, TrainLane& lane) {
  if (stride == 8) smooth_sites<8>(corners, pass, values, touched_pages, lane);
  if (stride == 16) smooth_sites<16>(corners, pass, values, touched_pages, lane);
  if (stride == 32) smooth_sites<32>(corners, pass, values, touched_pages, lane);
}

}  // namespace

const MarchTable& VOXPACK_ISA_FUNCTION() {
  static const MarchTable table{VOXPACK_ISA_NAME, train, accumulate, adam_page, smooth_leaf};
  return table;
}

}  // namespace voxpack
