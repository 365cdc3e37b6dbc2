// detect-high-frequency: per point, how much the views see of it and what a coarser level would
// lose there.
#pragma once

#include <span>
#include <vector>

#include "core/log.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/protect.h"

namespace voxpack {

// One entry per point of the field it was made from, in field order.
struct DetailMap {
  FloatArray visibility_sum;  // sum over pixels of transmittance x alpha x interpolation weight
  FloatArray visibility_max;  // largest such share in one pixel, 0..1
  FloatArray detail;  // squared rendered-colour error that the next coarser level would make here
};

struct DetectOptions {
  int view_stride = 1;      // use every n-th camera, >= 1
  int pixel_stride = 2;     // march every n-th pixel in x and y, >= 1
  int sphere_views = 64;    // virtual cameras around the object when `cameras` is empty
  Protection protect = {};  // raises visibility_sum, and detail with it
};

// The detail map of `field` as `cameras` see it, or as a sphere of virtual ones does if there are
// none.
//
//   detail[i] = V_i * sum_c g_c (f_ic - f'_ic)^2  +  W_i * k * (a(d_i) - a(d'_i))^2
//
// V_i: visibility_sum. f', d': the point's features and raw density as the next coarser level
// interpolates them; the coarse values are a visibility-weighted least-squares fit to the points
// around. g_c: mean squared gain of the decoder for channel c. a(d) = d / sqrt(1 + d^2): alpha of
// one cell, continued below zero so that it sees shifts of the silhouette. W_i: V_i, or a tenth of
// the largest V among the 26 neighbours where that is more. k: squared contrast with what lies
// behind (kernels/coarsen_math.h).
//
// Sums stand for all pixels of the cameras used, also with a pixel stride. The same for any number
// of threads and on every device. Empty for a field without points. Fails with usage if an option
// is below 1, with bad_data if `field` is not valid, with device if memory is short, with
// interrupted after Ctrl-C.
Result<DetailMap> run_detect(const Field& field, std::span<const Camera> cameras,
                             const DetectOptions& options, Kernels& kernels, Log& log);

}  // namespace voxpack
