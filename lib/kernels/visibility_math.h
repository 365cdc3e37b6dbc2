// One ray of visibility(): exact arithmetic (docs/numerics.md), so every device counts the same
// integers.
#pragma once

#include <cstring>

#include "kernels/march_view.h"
#include "kernels/traverse.h"

namespace voxpack {
namespace {

inline constexpr float kVisibilityUnit = 65536.0f;

// exp(x) for x <= 0 from + - * and bit moves only: the same bits on every machine, about 2e-7
// relative.
VOXPACK_HOST_DEVICE inline float exact_exp_negative(float x) {
  if (x < -80.0f) return 0.0f;
  const int n = static_cast<int>(x * 1.44269504f - 0.5f);
  const float r =
      (x - static_cast<float>(n) * 0.693359375f) + static_cast<float>(n) * 2.12194440e-4f;
  float p = 0.00138888889f;
  p = p * r + 0.00833333333f;
  p = p * r + 0.0416666666f;
  p = p * r + 0.166666666f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const int32_t bits = (n + 127) << 23;
  float power;
  std::memcpy(&power, &bits, 4);
  return p * power;
}

// Calls add(row, units) for every corner of every sample of the ray that is seen, units =
// round(weight * 2^16). `density` has `stride` floats per row, the density first.
template <class Add>
VOXPACK_HOST_DEVICE inline void visit_ray(const LatticeView& lattice, const float* density,
                                          int stride, const MarchRay& ray, Add&& add) {
  float remaining = 1.0f;
  traverse(lattice, ray, [&](int leaf, float t_in, float t_out) {
    float step = 0.5f * static_cast<float>(1 << lattice.leaves[leaf].shift);
    step *= lattice.finest_level < 0 ? 0.5f : static_cast<float>(1 << lattice.finest_level);
    const float k = t_in / step - ray.offset;
    float whole = static_cast<float>(static_cast<int>(k));
    if (whole < k) whole += 1.0f;
    for (float t = (whole + ray.offset) * step; t < t_out;
         whole += 1.0f, t = (whole + ray.offset) * step) {
      const uint32_t* rows;
      float fraction[3], weights[8];
      locate(lattice, leaf, ray, t, rows, fraction);
      trilinear_weights(fraction, weights);
      float value = 0.0f;
      for (int c = 0; c < 8; ++c) {
        value =
            value + density[static_cast<uint64_t>(rows[corner_offset(c)]) * stride] * weights[c];
      }
      if (!(value > 0.0f)) continue;
      const float seen = remaining * (1.0f - exact_exp_negative(-(value * step)));
      remaining = remaining - seen;
      for (int c = 0; c < 8; ++c) {
        const uint32_t units = static_cast<uint32_t>(seen * weights[c] * kVisibilityUnit + 0.5f);
        if (units != 0) add(rows[corner_offset(c)], units);
      }
      if (remaining < 1e-3f) return false;
    }
    return true;
  });
}

}  // namespace
}  // namespace voxpack
