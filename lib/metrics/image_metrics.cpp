#include "metrics/image_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace voxpack {
namespace {

constexpr int kWindowRadius = 5;
constexpr double kWindowSigma = 1.5;
constexpr double kC1 = (0.01 * 255) * (0.01 * 255);
constexpr double kC2 = (0.03 * 255) * (0.03 * 255);
constexpr int kMoments = 5;  // x, y, x*x, y*y, x*y

double psnr_from(double squared_error, double count) {
  const double mse = squared_error / count;
  if (!(mse > 0)) return kMaxPsnrDb;
  return std::min(kMaxPsnrDb, 10.0 * std::log10(255.0 * 255.0 / mse));
}

// Half of the window: weights of the distances 0..radius; the whole window sums to 1.
std::vector<double> window_weights(int side) {
  const int radius = std::min(kWindowRadius, (side - 1) / 2);
  std::vector<double> weights(radius + 1);
  double sum = 0;
  for (int i = 0; i <= radius; ++i) {
    weights[i] = std::exp(-0.5 * i * i / (kWindowSigma * kWindowSigma));
    sum += i == 0 ? weights[i] : 2 * weights[i];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

// The moments of one row of one channel, filtered along x; `out` is [kMoments][windows].
void filter_row(const uint8_t* a, const uint8_t* b, int width, const std::vector<double>& weights,
                std::vector<double>& moments, double* out) {
  for (int x = 0; x < width; ++x) {
    const double u = a[x * 3], v = b[x * 3];
    moments[x] = u;
    moments[width + x] = v;
    moments[2 * width + x] = u * u;
    moments[3 * width + x] = v * v;
    moments[4 * width + x] = u * v;
  }
  const int radius = static_cast<int>(weights.size()) - 1;
  const int windows = width - 2 * radius;
  for (int m = 0; m < kMoments; ++m) {
    const double* in = moments.data() + static_cast<size_t>(m) * width + radius;
    double* row = out + static_cast<size_t>(m) * windows;
    for (int x = 0; x < windows; ++x) row[x] = weights[0] * in[x];
    for (int i = 1; i <= radius; ++i) {
      for (int x = 0; x < windows; ++x) row[x] += weights[i] * (in[x - i] + in[x + i]);
    }
  }
}

double ssim_of_window(double mean_a, double mean_b, double aa, double bb, double ab) {
  const double variance_a = aa - mean_a * mean_a;
  const double variance_b = bb - mean_b * mean_b;
  const double covariance = ab - mean_a * mean_b;
  return ((2 * mean_a * mean_b + kC1) * (2 * covariance + kC2)) /
         ((mean_a * mean_a + mean_b * mean_b + kC1) * (variance_a + variance_b + kC2));
}

// Sum of SSIM over the windows of one channel. Keeps the filtered rows of one window in a ring.
double ssim_sum(const uint8_t* a, const uint8_t* b, int width, int height) {
  const auto across = window_weights(width), down = window_weights(height);
  const int radius = static_cast<int>(down.size()) - 1;
  const int ring_rows = 2 * radius + 1;
  const int windows = width - 2 * (static_cast<int>(across.size()) - 1);
  const size_t row_size = static_cast<size_t>(kMoments) * windows;
  std::vector<double> moments(static_cast<size_t>(kMoments) * width);
  std::vector<double> ring(row_size * ring_rows), sums(row_size);
  double total = 0;
  for (int y = 0; y < height; ++y) {
    const size_t start = static_cast<size_t>(y) * width * 3;
    filter_row(a + start, b + start, width, across, moments,
               ring.data() + (y % ring_rows) * row_size);
    if (y < 2 * radius) continue;
    const int centre = y - radius;
    const double* middle = ring.data() + (centre % ring_rows) * row_size;
    for (size_t i = 0; i < row_size; ++i) sums[i] = down[0] * middle[i];
    for (int k = 1; k <= radius; ++k) {
      const double* above = ring.data() + ((centre - k) % ring_rows) * row_size;
      const double* below = ring.data() + ((centre + k) % ring_rows) * row_size;
      for (size_t i = 0; i < row_size; ++i) sums[i] += down[k] * (above[i] + below[i]);
    }
    const double* s = sums.data();
    for (int x = 0; x < windows; ++x) {
      total += ssim_of_window(s[x], s[windows + x], s[2 * windows + x], s[3 * windows + x],
                              s[4 * windows + x]);
    }
  }
  return total;
}

double ssim(const Image& a, const Image& b) {
  double total = 0;
  for (int channel = 0; channel < 3; ++channel) {
    total += ssim_sum(a.pixels.data() + channel, b.pixels.data() + channel, a.width, a.height);
  }
  const auto windows = [](int side) { return side - 2 * std::min(kWindowRadius, (side - 1) / 2); };
  return total / (3.0 * windows(a.width) * windows(a.height));
}

// Squared Sobel magnitude of the luma times 10000, exact.
std::vector<int64_t> sobel_squared(const Image& image) {
  const int width = image.width, height = image.height;
  std::vector<int64_t> luma(static_cast<size_t>(width) * height), out(luma.size());
  for (size_t i = 0; i < luma.size(); ++i) {
    const uint8_t* p = image.pixels.data() + 3 * i;
    luma[i] = 2126 * p[0] + 7152 * p[1] + 722 * p[2];
  }
  for (int y = 0; y < height; ++y) {
    const int64_t* rows[3] = {
        luma.data() + static_cast<size_t>(std::max(y - 1, 0)) * width,
        luma.data() + static_cast<size_t>(y) * width,
        luma.data() + static_cast<size_t>(std::min(y + 1, height - 1)) * width};
    for (int x = 0; x < width; ++x) {
      const int left = std::max(x - 1, 0), right = std::min(x + 1, width - 1);
      const int64_t gx = rows[0][right] - rows[0][left] + 2 * (rows[1][right] - rows[1][left]) +
                         rows[2][right] - rows[2][left];
      const int64_t gy = rows[2][left] - rows[0][left] + 2 * (rows[2][x] - rows[0][x]) +
                         rows[2][right] - rows[0][right];
      out[static_cast<size_t>(y) * width + x] = gx * gx + gy * gy;
    }
  }
  return out;
}

// The smallest squared magnitude that counts as an edge; 0 if there is none.
int64_t edge_threshold(std::vector<int64_t> magnitudes) {
  const size_t rank = (magnitudes.size() + 9) / 10;  // ceil(pixels / 10), at least 1
  const auto nth = magnitudes.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(magnitudes.begin(), nth, magnitudes.end(), std::greater<>());
  if (*nth > 0) return *nth;
  return *std::max_element(magnitudes.begin(), nth + 1) > 0 ? 1 : 0;
}

Status check_pair(const Image& a, const Image& b) {
  for (const Image* image : {&a, &b}) {
    const size_t size = static_cast<size_t>(std::max(image->width, 0)) *
                        static_cast<size_t>(std::max(image->height, 0)) *
                        static_cast<size_t>(image->channels);
    if ((image->channels != 3 && image->channels != 4) || size == 0 ||
        image->pixels.size() != size) {
      return {Errc::usage, "a picture to measure is empty or has " +
                               std::to_string(image->channels) + " channels, not 3 or 4"};
    }
  }
  if (a.width != b.width || a.height != b.height) {
    return {Errc::usage, "pictures of different size: " + std::to_string(a.width) + " x " +
                             std::to_string(a.height) + " and " + std::to_string(b.width) + " x " +
                             std::to_string(b.height) + " pixels"};
  }
  return {};
}

}  // namespace

Image composite_over_white(const Image& image) {
  if (image.channels != 4) return image;
  Image out{image.width, image.height, 3, {}};
  const size_t count = image.pixels.size() / 4;
  out.pixels.resize(count * 3);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* p = image.pixels.data() + 4 * i;
    for (int c = 0; c < 3; ++c) {
      const int sum = p[c] * p[3] + 255 * (255 - p[3]);
      out.pixels[3 * i + c] = static_cast<uint8_t>((sum + 127) / 255);
    }
  }
  return out;
}

Result<ViewMetrics> measure_view(const Image& reference, const Image& picture) {
  VOXPACK_TRY(check_pair(reference, picture));
  const Image a = composite_over_white(reference), b = composite_over_white(picture);
  const std::vector<int64_t> edges = sobel_squared(a);
  const int64_t threshold = edge_threshold(edges);
  uint64_t squared = 0, edge_squared = 0;
  size_t edge_count = 0;
  for (size_t i = 0; i < edges.size(); ++i) {
    uint64_t here = 0;
    for (size_t c = 3 * i; c < 3 * i + 3; ++c) {
      const int difference = a.pixels[c] - b.pixels[c];
      here += static_cast<uint64_t>(difference * difference);
    }
    squared += here;
    if (edges[i] < threshold) continue;
    edge_squared += here;
    ++edge_count;
  }
  ViewMetrics metrics;
  metrics.psnr_db =
      psnr_from(static_cast<double>(squared), 3.0 * static_cast<double>(edges.size()));
  metrics.edge_psnr_db =
      psnr_from(static_cast<double>(edge_squared), 3.0 * static_cast<double>(edge_count));
  metrics.ssim = ssim(a, b);
  return metrics;
}

Result<double> measure_psnr(const Image& reference, const Image& picture) {
  VOXPACK_TRY(check_pair(reference, picture));
  const Image a = composite_over_white(reference), b = composite_over_white(picture);
  uint64_t squared = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    const int difference = a.pixels[i] - b.pixels[i];
    squared += static_cast<uint64_t>(difference * difference);
  }
  return psnr_from(static_cast<double>(squared), static_cast<double>(a.pixels.size()));
}

MetricsSummary summarize(std::span<const ViewMetrics> views) {
  MetricsSummary out;
  out.view_count = views.size();
  if (views.empty()) return out;
  out.psnr_min_db = views[0].psnr_db;
  out.ssim_min = views[0].ssim;
  out.edge_psnr_min_db = views[0].edge_psnr_db;
  for (const ViewMetrics& view : views) {
    out.psnr_mean_db += view.psnr_db;
    out.ssim_mean += view.ssim;
    out.edge_psnr_mean_db += view.edge_psnr_db;
    out.psnr_min_db = std::min(out.psnr_min_db, view.psnr_db);
    out.ssim_min = std::min(out.ssim_min, view.ssim);
    out.edge_psnr_min_db = std::min(out.edge_psnr_min_db, view.edge_psnr_db);
  }
  const double count = static_cast<double>(views.size());
  out.psnr_mean_db /= count;
  out.ssim_mean /= count;
  out.edge_psnr_mean_db /= count;
  return out;
}

}  // namespace voxpack
