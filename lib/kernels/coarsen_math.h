// The arithmetic of one block of coarsening on dense windows, exact: only + - * / and sqrt in a
// fixed order per value, so that any build and any device gives the same bits (docs/numerics.md).
//
// A coarse block has 4^3 sites. Its fine window is the 9^3 fine sites that they reach, from one
// before the block on; its coarse window the 6^3 coarse sites that interpolate those, from one
// before the block on. All windows have x fastest. T is float or a vector of floats.
#pragma once

#include <cmath>

#include "core/host_device.h"

namespace voxpack {

inline constexpr int kFineWindow = 9;
inline constexpr int kCoarseWindow = 6;
inline constexpr int kFineSites = kFineWindow * kFineWindow * kFineWindow;
inline constexpr int kCoarseSites = kCoarseWindow * kCoarseWindow * kCoarseWindow;

// Steps towards the fit, in parts of the mean residual. More of them change nothing that can be
// seen, longer ones go too far where empty sites come into play (measured).
inline constexpr int kCorrections = 3;
inline constexpr float kStep = 1.7f;
// A removed point darkens every sample around it in the same way, while the errors of a coarser
// level change sign from site to site and partly cancel along a ray: measured ratio.
inline constexpr float kDropFactor = 2.5f;
// Of the best seen site around: unseen sites decide only among themselves.
inline constexpr float kUnseenWeight = 1e-6f;
inline constexpr float kTinyWeight = 1e-30f;

// Squared change of colour, summed over R, G, B, for a change of alpha by 1 at one site. A full
// contrast of 0.5 a channel would be 0.75; part of it is lost because the sample behind takes over
// with a similar colour (measured).
inline constexpr float kBehindContrast = 0.5f;

// Alpha of one voxel length of raw density, continued antisymmetrically below zero: the place where
// an interpolated density crosses zero is the silhouette, and it depends on the negative side as
// much as on the positive. x / sqrt(1 + x^2) stays within 0.09 of 1 - exp(-x), and its derivative
// at 0 is the same; only exact operations.
VOXPACK_HOST_DEVICE inline float signed_alpha(float density) {
  return density / std::sqrt(1.0f + density * density);
}

// What a site of the fine window weighs in the fit. A site matters for the density with what is
// seen of it, or of its neighbours: empty and negative sites are not seen themselves, and what is
// behind the surface matters to nobody. Features of empty sites have weight 0.
struct FitWeights {
  float density, features;
};

// `own`: what is seen of the site; `around`: the most seen among it and its 26 neighbours.
VOXPACK_HOST_DEVICE inline FitWeights fit_weights(float own, float around, bool is_point,
                                                  float empty_weight) {
  const float empty = empty_weight * around;
  return {own > empty ? own : empty, is_point ? own + kUnseenWeight * around + kTinyWeight : 0.0f};
}

// The largest of three, in this order of comparisons.
VOXPACK_HOST_DEVICE inline float largest_of(float before, float own, float behind) {
  const float ends = before > behind ? before : behind;
  return ends > own ? ends : own;
}

// Raw density as the fit takes it.
VOXPACK_HOST_DEVICE inline float clip_density(float density, float lowest, float highest) {
  return density < lowest ? lowest : highest < density ? highest : density;
}

// An empty site looks the same with any negative density.
VOXPACK_HOST_DEVICE inline float residual_density(bool is_point, float residual) {
  return is_point || residual < 0 ? residual : 0.0f;
}

// A coarse number after one step of the fit: it moves by kStep x the mean residual of the fine
// sites that it interpolates.
template <class T>
VOXPACK_HOST_DEVICE inline T step_of_fit(T now, T residual_sum, T weight_sum) {
  return now + kStep * residual_sum / weight_sum;
}

struct SiteCosts {
  float site_error, drop_cost;
};

// Costs of a point (CoarsenOutput). `changed` and `whole`: squared change of its features, and the
// features squared, with the gains. Densities in h per cell of the level.
VOXPACK_HOST_DEVICE inline SiteCosts site_costs(float seen, float density_weight, float changed,
                                                float whole, float density, float interpolated) {
  const float own = signed_alpha(density);
  const float change = own - signed_alpha(interpolated);
  const float weight = kBehindContrast * density_weight;
  // A negative density is not seen itself; it counts with what it keeps transparent.
  const float alpha_weight = own < 0 ? weight : kBehindContrast * seen;
  return {seen * changed + weight * change * change,
          kDropFactor * (seen * whole + alpha_weight * own * own)};
}

// Cost of an empty site with that interpolated density, in h per cell; below zero it is as empty as
// zero.
VOXPACK_HOST_DEVICE inline float empty_cost(float density_weight, float interpolated) {
  if (!(interpolated > 0)) return 0;
  const float change = signed_alpha(interpolated);
  return kBehindContrast * density_weight * change * change;
}

// Between sites 2 i and 2 i + 2 of the fine window lies site i + 1 of the coarse one. Reads 6
// values of `coarse`, `pitch` apart, and writes 9 of `fine`.
template <class T>
VOXPACK_HOST_DEVICE inline void upsample_line(const T* coarse, int coarse_pitch, T* fine,
                                              int fine_pitch) {
  for (int i = 0; i < kCoarseWindow - 1; ++i) {
    const T a = coarse[i * coarse_pitch], b = coarse[(i + 1) * coarse_pitch];
    fine[2 * i * fine_pitch] = 0.5f * (a + b);
    if (i + 2 < kCoarseWindow) fine[(2 * i + 1) * fine_pitch] = b;
  }
}

// The transpose of interpolation: reads 9 values and writes those of the block's 4 coarse sites.
template <class T>
VOXPACK_HOST_DEVICE inline void downsample_line(const T* fine, int fine_pitch, T* coarse,
                                                int coarse_pitch) {
  for (int i = 0; i < 4; ++i) {
    const T ends = fine[2 * i * fine_pitch] + fine[(2 * i + 2) * fine_pitch];
    coarse[i * coarse_pitch] = fine[(2 * i + 1) * fine_pitch] + 0.5f * ends;
  }
}

// Trilinear interpolation of a coarse window [6^3] at all sites of the fine window [9^3].
template <class T>
inline void upsample_window(const T* coarse, T* fine) {
  T planes[9 * 6 * 6], rows[9 * 9 * 6];
  for (int i = 0; i < 36; ++i) upsample_line(coarse + i, 36, planes + i, 36);
  for (int z = 0; z < 9; ++z) {
    for (int i = 0; i < 6; ++i) upsample_line(planes + z * 36 + i, 6, rows + z * 54 + i, 6);
  }
  for (int i = 0; i < 81; ++i) upsample_line(rows + i * 6, 1, fine + i * 9, 1);
}

// Sums of a fine window [9^3] with the weights of that interpolation, for the block's own coarse
// sites [4^3].
template <class T>
inline void downsample_window(const T* fine, T* coarse) {
  T rows[9 * 9 * 4], planes[9 * 4 * 4];
  for (int i = 0; i < 81; ++i) downsample_line(fine + i * 9, 1, rows + i * 4, 1);
  for (int z = 0; z < 9; ++z) {
    for (int i = 0; i < 4; ++i) downsample_line(rows + z * 36 + i, 4, planes + z * 16 + i, 4);
  }
  for (int i = 0; i < 16; ++i) downsample_line(planes + i, 16, coarse + i, 16);
}

}  // namespace voxpack
