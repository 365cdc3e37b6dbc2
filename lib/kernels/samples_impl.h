// The samples of one ray: march front to back, and the derivative back to front. Part of
// march_impl.h.
#pragma once

#include <cstring>

#include "kernels/march_view.h"
#include "kernels/traverse.h"
#include "kernels/view_fit.h"
#include "kernels/wide.h"

namespace voxpack {
namespace {

constexpr float kStopTransmittance = 1e-3f;        // training
constexpr float kStopTransmittanceRender = 1e-4f;  // rendering

// exp(x) for x <= 0: 2^n times a polynomial of degree 6 on [-ln2/2, ln2/2]; about 2e-7 relative.
inline float exp_negative(float x) {
  if (x < -80.0f) return 0.0f;
  const float scaled = x * 1.44269504f;
  const int n = static_cast<int>(scaled - 0.5f);
  const float r = x - static_cast<float>(n) * 0.693359375f + static_cast<float>(n) * 2.12194440e-4f;
  const float p =
      1.0f +
      r * (1.0f + r * (0.5f + r * (0.166666666f + r * (0.0416666666f + r * (0.00833333333f +
                                                                            r * 0.00138888889f)))));
  const int32_t bits = (n + 127) << 23;
  float power;
  std::memcpy(&power, &bits, 4);
  return p * power;
}

template <int S>
struct Sample {
  Wide<S> value;  // interpolated row
  const uint32_t* rows;
  float fraction[3];
  float alpha;
  float weight;
  float depth_step;  // d tau / d density
  float t;
  float cells_per_size;  // of its leaf
};
static_assert(sizeof(Sample<32>) <= kSampleBytes);

inline float first_sample(float t_in, float step, float offset) {
  const float k = t_in / step - offset;
  float whole = static_cast<float>(static_cast<int>(k));
  if (whole < k) whole += 1.0f;
  return (whole + offset) * step;
}

template <int S>
inline Wide<S> interpolate(const float* values, const uint32_t* rows, const float weights[8]) {
  Wide<S> sum = {};
  for (int c = 0; c < 8; ++c) {
    const uint64_t row = rows[corner_offset(c)];
    sum.add_product(Wide<S>::load(values + row * S), weights[c]);
  }
  return sum;
}

inline float step_of(const LatticeView& lattice, int leaf) {
  return 0.5f * static_cast<float>(1 << lattice.leaves[leaf].shift) *
         (lattice.finest_level < 0 ? 0.5f : static_cast<float>(1 << lattice.finest_level));
}

template <int S>
int march_samples(const LatticeView& lattice, const float* values, const MarchRay& ray,
                  Sample<S>* samples, Wide<S>& sums, float& transmittance) {
  int count = 0;
  Wide<S> total = {};
  float remaining = 1.0f;
  traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
    const float step = step_of(lattice, leaf);
    for (float t = first_sample(t_in, step, ray.offset); t < t_out; t += step) {
      Sample<S>& sample = samples[count];
      locate(lattice, leaf, ray, t, sample.rows, sample.fraction);
      float weights[8];
      trilinear_weights(sample.fraction, weights);
      const Wide<S> value = interpolate<S>(values, sample.rows, weights);
      if (!(value.first() > 0.0f)) continue;
      sample.value = value;
      sample.depth_step = step;
      sample.t = t;
      sample.cells_per_size = 4.0f / lattice.leaves[leaf].size;
      sample.alpha = 1.0f - exp_negative(-value.first() * step);
      sample.weight = remaining * sample.alpha;
      total.add_product(value, sample.weight);
      remaining -= sample.weight;
      if (++count == kMaxSamples || remaining < kStopTransmittance) return false;
    }
    return true;
  });
  sums = total;
  transmittance = remaining;
  return count;
}

// Derivatives of the loss along the axes at a sample, per fine cell, from the gradient of its
// value.
template <int S>
void slope_at(const Sample<S>& sample, const float* values, Wide<S> gradient, float slope[3]) {
  float slopes[8][3];
  trilinear_slopes(sample.fraction, slopes);
  for (int c = 0; c < 8; ++c) {
    const uint64_t row = sample.rows[corner_offset(c)];
    const float along = sum_of(gradient * Wide<S>::load(values + row * S));
    for (int a = 0; a < 3; ++a) slope[a] += slopes[c][a] * along * sample.cells_per_size;
  }
}

// What scatter() needs of a ray beside its samples.
struct ScatterRay {
  const TrainRay& train;
  const float* values;
  float d_alpha;
  float transmittance;
  float concentration;
  float centre;
};

template <int S>
void scatter(const Sample<S>* samples, int count, Wide<S> d_sums, const ScatterRay& ray,
             TrainLane& lane) {
  // behind = sum over later samples of w_j g_j, with g_j = dL / dw_j.
  float behind = 0;
  float after = ray.transmittance;  // transmittance behind sample i
  float force[3] = {}, torque[3] = {};
  for (int i = count - 1; i >= 0; --i) {
    const Sample<S>& sample = samples[i];
    const float g = ray.d_alpha - 2.0f * ray.concentration * sample.weight +
                    sum_of(sample.value * d_sums);  // float 0 of d_sums is zero
    const float d_depth = after * g - behind;
    behind += sample.weight * g;
    after += sample.weight;
    Wide<S> gradient = d_sums * sample.weight;
    gradient.set_first(d_depth * sample.depth_step);
    float weights[8];
    trilinear_weights(sample.fraction, weights);
    for (int c = 0; c < 8; ++c) {
      const uint32_t row = sample.rows[corner_offset(c)];
      lane.touched_pages[row / kRowsPerPage] = 1;
      float* at = lane.row_gradients + static_cast<uint64_t>(row) * S;
      Wide<S> sum = Wide<S>::load(at);
      sum.add_product(gradient, weights[c]);
      sum.store(at);
    }
    if (lane.view_gradients == nullptr) continue;
    float slope[3] = {};
    slope_at<S>(sample, ray.values, gradient, slope);
    add_force(ray.train.ray, sample.t, ray.centre, slope, force, torque);
  }
  if (lane.view_gradients == nullptr) return;
  float* parameters = lane.view_gradients + uint64_t{ray.train.view} * kViewParameters;
  for (int a = 0; a < 3; ++a) {
    parameters[kViewRotation + a] += torque[a];
    parameters[kViewTranslation + a] += force[a] * (2.0f * ray.centre);
  }
}

}  // namespace
}  // namespace voxpack
