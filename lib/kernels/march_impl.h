// Forward and backward march of the optimiser and the renderer. Included once by each
// march_<isa>.cpp, which names the build with VOXPACK_ISA; contraction and fast instructions are
// welcome here (docs/numerics.md).
//
// Per ray: samples front to back (emission-absorption, Max 1995), one decode of the accumulated
// features, then the analytic derivative back to front and a scatter to the 8 corners of each
// sample.
#include <cstring>

#include "field/harmonics.h"
#include "kernels/march_view.h"
#include "kernels/traverse.h"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

template <int S>
struct Wide {
  typedef float type __attribute__((vector_size(S * 4)));
};
typedef float V16 __attribute__((vector_size(64)));

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
  typename Wide<S>::type value;  // interpolated row
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
inline typename Wide<S>::type interpolate(const float* values, const uint32_t* rows,
                                          const float weights[8]) {
  using V = typename Wide<S>::type;
  V sum = {};
  for (int c = 0; c < 8; ++c) {
    const V row =
        *reinterpret_cast<const V*>(values + static_cast<uint64_t>(rows[corner_offset(c)]) * S);
    sum += row * weights[c];
  }
  return sum;
}

inline float step_of(const LatticeView& lattice, int leaf) {
  return 0.5f * static_cast<float>(1 << lattice.leaves[leaf].shift) *
         (lattice.finest_level < 0 ? 0.5f : static_cast<float>(1 << lattice.finest_level));
}

inline float sum16(V16 v) {
  float s = 0;
  for (int i = 0; i < 16; ++i) s += v[i];
  return s;
}

// Colour of the accumulated features, and what backward() needs again.
struct Decoded {
  float rgb[3];
  float residual[3];
  float inputs[64];
  V16 hidden[4];
  float harmonics[16];
};

inline void decode(const NetworkView& net, const float* features, float alpha, const float d[3],
                   Decoded& out) {
  for (int c = 0; c < 3; ++c) {
    out.rgb[c] = features[c];
    out.residual[c] = 0;
  }
  if (net.kind == 0) return;
  harmonics16(d, out.harmonics);
  if (net.kind != 3) {
    const int count = net.kind == 1 ? 4 : 9;
    for (int c = 0; c < 3; ++c) {
      float sum = 0;
      for (int k = 0; k < count; ++k) sum += out.harmonics[k] * features[k * 3 + c];
      out.rgb[c] = sum;
    }
    return;
  }
  for (int i = 0; i < net.channels; ++i) out.inputs[i] = features[i];
  out.inputs[net.channels] = alpha;
  for (int k = 1; k < 16; ++k) out.inputs[net.channels + k] = alpha * out.harmonics[k];
  const int blocks = net.hidden / 16;
  for (int b = 0; b < blocks; ++b) {
    V16 sum = {};
    for (int i = 0; i < net.inputs; ++i) {
      sum +=
          *reinterpret_cast<const V16*>(net.weights_in + i * net.hidden + b * 16) * out.inputs[i];
    }
    out.hidden[b] = sum > 0.0f ? sum : V16{};
  }
  for (int c = 0; c < 3; ++c) {
    V16 sum = {};
    for (int b = 0; b < blocks; ++b) {
      sum +=
          out.hidden[b] * *reinterpret_cast<const V16*>(net.weights_out + c * net.hidden + b * 16);
    }
    out.residual[c] = sum16(sum);
    out.rgb[c] += out.residual[c];
  }
}

// Gradients of the accumulated features and alpha from those of the colour and of the residual.
inline void decode_backward(const NetworkView& net, const Decoded& decoded, const float d_rgb[3],
                            const float d_residual[3], TrainLane& lane, float* d_features,
                            float& d_alpha) {
  for (int i = 0; i < net.channels; ++i) d_features[i] = 0;
  d_alpha = 0;
  if (net.kind == 1 || net.kind == 2) {
    const int count = net.kind == 1 ? 4 : 9;
    for (int k = 0; k < count; ++k) {
      for (int c = 0; c < 3; ++c) d_features[k * 3 + c] = decoded.harmonics[k] * d_rgb[c];
    }
    return;
  }
  for (int c = 0; c < 3; ++c) d_features[c] = d_rgb[c];
  if (net.kind == 0) return;
  const int blocks = net.hidden / 16;
  for (int b = 0; b < blocks; ++b) {
    V16 d_hidden = {};
    for (int c = 0; c < 3; ++c) {
      const int at = c * net.hidden + b * 16;
      const float d_out = d_rgb[c] + d_residual[c];
      d_hidden += *reinterpret_cast<const V16*>(net.weights_out + at) * d_out;
      *reinterpret_cast<V16*>(lane.gradients_out + at) += decoded.hidden[b] * d_out;
    }
    d_hidden = decoded.hidden[b] > 0.0f ? d_hidden : V16{};
    for (int i = 0; i < net.inputs; ++i) {
      const int at = i * net.hidden + b * 16;
      *reinterpret_cast<V16*>(lane.gradients_in + at) += d_hidden * decoded.inputs[i];
      const float d_input = sum16(*reinterpret_cast<const V16*>(net.weights_in + at) * d_hidden);
      if (i < net.channels) {
        d_features[i] += d_input;
      } else if (i == net.channels) {
        d_alpha += d_input;
      } else {
        d_alpha += d_input * decoded.harmonics[i - net.channels];
      }
    }
  }
}

template <int S>
int march_samples(const LatticeView& lattice, const float* values, const MarchRay& ray,
                  Sample<S>* samples, typename Wide<S>::type& sums, float& transmittance) {
  using V = typename Wide<S>::type;
  int count = 0;
  V total = {};
  float remaining = 1.0f;
  traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
    const float step = step_of(lattice, leaf);
    for (float t = first_sample(t_in, step, ray.offset); t < t_out; t += step) {
      Sample<S>& sample = samples[count];
      locate(lattice, leaf, ray, t, sample.rows, sample.fraction);
      float weights[8];
      trilinear_weights(sample.fraction, weights);
      const V value = interpolate<S>(values, sample.rows, weights);
      if (!(value[0] > 0.0f)) continue;
      sample.value = value;
      sample.depth_step = step;
      sample.t = t;
      sample.cells_per_size = 4.0f / lattice.leaves[leaf].size;
      sample.alpha = 1.0f - exp_negative(-value[0] * step);
      sample.weight = remaining * sample.alpha;
      total += value * sample.weight;
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
void slope_at(const Sample<S>& sample, const float* values, typename Wide<S>::type gradient,
              float slope[3]) {
  using V = typename Wide<S>::type;
  float slopes[8][3];
  trilinear_slopes(sample.fraction, slopes);
  for (int c = 0; c < 8; ++c) {
    const uint64_t row = sample.rows[corner_offset(c)];
    const V product = gradient * *reinterpret_cast<const V*>(values + row * S);
    float along = 0;
    for (int k = 0; k < S; ++k) along += product[k];
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
void scatter(const Sample<S>* samples, int count, typename Wide<S>::type d_sums,
             const ScatterRay& ray, TrainLane& lane) {
  using V = typename Wide<S>::type;
  // behind = sum over later samples of w_j g_j, with g_j = dL / dw_j.
  float behind = 0;
  float after = ray.transmittance;  // transmittance behind sample i
  float force[3] = {}, torque[3] = {};
  for (int i = count - 1; i >= 0; --i) {
    const Sample<S>& sample = samples[i];
    const V product = sample.value * d_sums;  // float 0 of d_sums is zero
    float g = ray.d_alpha - 2.0f * ray.concentration * sample.weight;
    for (int k = 0; k < S; ++k) g += product[k];
    const float d_depth = after * g - behind;
    behind += sample.weight * g;
    after += sample.weight;
    V gradient = d_sums * sample.weight;
    gradient[0] = d_depth * sample.depth_step;
    float weights[8];
    trilinear_weights(sample.fraction, weights);
    for (int c = 0; c < 8; ++c) {
      const uint32_t row = sample.rows[corner_offset(c)];
      lane.touched_pages[row / kRowsPerPage] = 1;
      *reinterpret_cast<V*>(lane.row_gradients + static_cast<uint64_t>(row) * S) +=
          gradient * weights[c];
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

template <int S>
void train_rays(const LatticeView& lattice, const float* values, const NetworkView& net,
                const TrainRay* rays, int ray_count, const TrainSettings& settings,
                TrainLane& lane) {
  using V = typename Wide<S>::type;
  auto* samples = static_cast<Sample<S>*>(lane.samples);
  for (int r = 0; r < ray_count; ++r) {
    const TrainRay& train = rays[r];
    V sums;
    float transmittance;
    const int count = march_samples<S>(lattice, values, train.ray, samples, sums, transmittance);
    const float alpha = 1.0f - transmittance;
    Decoded decoded;
    float features[S];
    for (int k = 0; k + 1 < S; ++k) features[k] = sums[k + 1];
    decode(net, features, alpha, train.ray.direction, decoded);
    float d_rgb[3], d_residual[3];
    float d_alpha_background = 0;
    for (int c = 0; c < 3; ++c) {
      const float shown = train.gain[c] * decoded.rgb[c];
      const float error = shown + transmittance * train.background[c] - train.target[c];
      lane.squared_error += error * error;
      const float d_shown = 2.0f * error * settings.gradient_scale;
      d_rgb[c] = d_shown * train.gain[c];
      d_residual[c] =
          2.0f * settings.residual_penalty * decoded.residual[c] * settings.gradient_scale;
      d_alpha_background -= d_shown * train.background[c];
      if (lane.view_gradients != nullptr) {
        lane.view_gradients[uint64_t{train.view} * kViewParameters + kViewGain + c] +=
            d_shown * shown;
      }
    }
    lane.sample_count += count;
    if (count == 0) continue;
    float d_features[S];
    float d_alpha;
    decode_backward(net, decoded, d_rgb, d_residual, lane, d_features, d_alpha);
    V d_sums = {};
    for (int k = 0; k < net.channels; ++k) d_sums[k + 1] = d_features[k];
    scatter<S>(samples, count, d_sums,
               {train, values, d_alpha + d_alpha_background, transmittance,
                settings.concentration * settings.gradient_scale, settings.centre},
               lane);
  }
}

template <int S>
void accumulate_rays(const LatticeView& lattice, const float* values, const MarchRay* rays,
                     int ray_count, float* sums) {
  using V = typename Wide<S>::type;
  for (int r = 0; r < ray_count; ++r) {
    const MarchRay& ray = rays[r];
    V total = {};
    float remaining = 1.0f;
    traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
      const float step = step_of(lattice, leaf);
      for (float t = first_sample(t_in, step, ray.offset); t < t_out; t += step) {
        const uint32_t* rows;
        float fraction[3], weights[8];
        locate(lattice, leaf, ray, t, rows, fraction);
        trilinear_weights(fraction, weights);
        const V value = interpolate<S>(values, rows, weights);
        if (!(value[0] > 0.0f)) continue;
        const float weight = remaining * (1.0f - exp_negative(-value[0] * step));
        total += value * weight;
        remaining -= weight;
        if (remaining < kStopTransmittanceRender) return false;
      }
      return true;
    });
    total[0] = 1.0f - remaining;
    std::memcpy(sums + static_cast<uint64_t>(r) * S, &total, sizeof(V));
  }
}

template <int S>
void adam_rows(float* values, float* first, float* second, float* const* lanes, int lane_count,
               int row_count, const AdamSettings& adam) {
  using V = typename Wide<S>::type;
  V rate;
  std::memcpy(&rate, adam.rate, sizeof(V));
  for (int r = 0; r < row_count; ++r) {
    V gradient = {};
    for (int lane = 0; lane < lane_count; ++lane) {
      V& part = *reinterpret_cast<V*>(lanes[lane] + r * S);
      gradient += part;
      part = V{};
    }
    bool any = false;
    for (int k = 0; k < S; ++k) any |= gradient[k] != 0.0f;
    if (!any) continue;
    V& m = *reinterpret_cast<V*>(first + r * S);
    V& v = *reinterpret_cast<V*>(second + r * S);
    V& x = *reinterpret_cast<V*>(values + r * S);
    m = m * adam.beta1 + gradient * (1.0f - adam.beta1);
    v = v * adam.beta2 + gradient * gradient * (1.0f - adam.beta2);
    V root;
    const V scaled = v * adam.correction2;
    for (int k = 0; k < S; ++k) root[k] = __builtin_sqrtf(scaled[k]);
    x -= rate * (m * adam.correction1) / (root + adam.epsilon);
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

}  // namespace

const MarchTable& VOXPACK_ISA_FUNCTION() {
  static const MarchTable table{VOXPACK_ISA_NAME, train, accumulate, adam_page};
  return table;
}

}  // namespace voxpack
