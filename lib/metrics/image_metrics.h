// Picture quality: PSNR, SSIM and edge PSNR of 8-bit pictures (the protocol of docs/benchmarks.md).
// Every sum is taken in double and in a fixed order: equal pictures give equal figures on any
// number of threads.
#pragma once

#include <cstddef>
#include <span>

#include "core/status.h"
#include "field/image.h"

namespace voxpack {

inline constexpr double kMaxPsnrDb = 100.0;  // of identical pictures; no PSNR is larger

struct ViewMetrics {
  double psnr_db = 0;       // over all pixels and the three channels, peak 255; at most kMaxPsnrDb
  double ssim = 0;          // -1..1
  double edge_psnr_db = 0;  // PSNR over the pixels at the edges of the reference
};

struct MetricsSummary {
  size_t view_count = 0;
  double psnr_mean_db = 0;  // mean of the views' decibels
  double psnr_min_db = 0;
  double ssim_mean = 0;
  double ssim_min = 0;
  double edge_psnr_mean_db = 0;
  double edge_psnr_min_db = 0;
};

// RGB: `image` with straight alpha over a white background, rounded to nearest; an image without
// alpha is returned as it is. `image` must have 3 or 4 channels.
Image composite_over_white(const Image& image);

// How far `picture` is from `reference`, both over white.
//
// SSIM: 11 x 11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, population variances; only windows
// that lie inside the picture; mean over windows and R, G, B. Along a side shorter than 11 pixels
// the window is the largest odd number of pixels that fits. Edge pixels: those whose Sobel
// magnitude of the Rec. 709 luma of `reference` (border replicated) is not below the one of rank
// ceil(pixels / 10), ties included, zero excluded; a reference without any edge counts all its
// pixels. Fails with `usage` if the pictures are empty or differ in size.
Result<ViewMetrics> measure_view(const Image& reference, const Image& picture);

// ViewMetrics::psnr_db alone. Fails as measure_view().
Result<double> measure_psnr(const Image& reference, const Image& picture);

// Mean and minimum in the order of `views`; all zeros for none.
MetricsSummary summarize(std::span<const ViewMetrics> views);

}  // namespace voxpack
