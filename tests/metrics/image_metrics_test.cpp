#include "metrics/image_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace voxpack {
namespace {

Image noise(int width, int height, int channels, unsigned seed) {
  Image image{width, height, channels, {}};
  std::mt19937 random(seed);
  for (int i = 0; i < width * height * channels; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(random() >> 24));
  }
  return image;
}

Image flat(int width, int height, uint8_t value) {
  return {width, height, 3, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3, value)};
}

double pixel(const Image& image, int x, int y, int c) {
  return image.pixels[(static_cast<size_t>(y) * image.width + x) * 3 + c];
}

// From the contract: every window by itself, two-dimensional weights, centred moments.
double reference_ssim(const Image& a, const Image& b) {
  const int rx = std::min(5, (a.width - 1) / 2), ry = std::min(5, (a.height - 1) / 2);
  double total = 0, windows = 0;
  for (int c = 0; c < 3; ++c) {
    for (int y = ry; y < a.height - ry; ++y) {
      for (int x = rx; x < a.width - rx; ++x) {
        double weight_sum = 0, mean[2] = {0, 0}, moment[3] = {0, 0, 0};
        for (int pass = 0; pass < 2; ++pass) {
          for (int j = -ry; j <= ry; ++j) {
            for (int i = -rx; i <= rx; ++i) {
              const double w = std::exp(-(i * i + j * j) / (2 * 1.5 * 1.5));
              const double u = pixel(a, x + i, y + j, c), v = pixel(b, x + i, y + j, c);
              if (pass == 0) {
                weight_sum += w, mean[0] += w * u, mean[1] += w * v;
              } else {
                moment[0] += w * (u - mean[0]) * (u - mean[0]);
                moment[1] += w * (v - mean[1]) * (v - mean[1]);
                moment[2] += w * (u - mean[0]) * (v - mean[1]);
              }
            }
          }
          if (pass == 0) mean[0] /= weight_sum, mean[1] /= weight_sum;
        }
        for (double& m : moment) m /= weight_sum;
        const double c1 = 2.55 * 2.55, c2 = 7.65 * 7.65;
        total += (2 * mean[0] * mean[1] + c1) * (2 * moment[2] + c2) /
                 ((mean[0] * mean[0] + mean[1] * mean[1] + c1) * (moment[0] + moment[1] + c2));
        windows += 1;
      }
    }
  }
  return total / windows;
}

double reference_edge_psnr(const Image& a, const Image& b) {
  const auto luma = [&](int x, int y) {
    x = std::clamp(x, 0, a.width - 1), y = std::clamp(y, 0, a.height - 1);
    return 0.2126 * pixel(a, x, y, 0) + 0.7152 * pixel(a, x, y, 1) + 0.0722 * pixel(a, x, y, 2);
  };
  std::vector<double> magnitude, error;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      double gx = 0, gy = 0, squared = 0;
      for (int k = -1; k <= 1; ++k) {
        gx += (k == 0 ? 2 : 1) * (luma(x + 1, y + k) - luma(x - 1, y + k));
        gy += (k == 0 ? 2 : 1) * (luma(x + k, y + 1) - luma(x + k, y - 1));
      }
      for (int c = 0; c < 3; ++c) {
        squared += std::pow(pixel(a, x, y, c) - pixel(b, x, y, c), 2);
      }
      magnitude.push_back(std::sqrt(gx * gx + gy * gy));
      error.push_back(squared);
    }
  }
  std::vector<double> sorted = magnitude;
  std::sort(sorted.rbegin(), sorted.rend());
  const double threshold = sorted[static_cast<size_t>(std::ceil(sorted.size() / 10.0)) - 1];
  double sum = 0, count = 0;
  for (size_t i = 0; i < error.size(); ++i) {
    if (magnitude[i] >= threshold - 1e-9) sum += error[i], count += 3;
  }
  return 10 * std::log10(255 * 255 / (sum / count));
}

TEST(ImageMetrics, MatchesReference) {
  for (const auto& [width, height] : {std::pair{37, 23}, {11, 11}, {12, 40}, {4, 29}, {1, 1}}) {
    const Image a = noise(width, height, 3, 1);
    Image b = a;
    std::mt19937 random(2);
    double squared = 0;
    for (uint8_t& value : b.pixels) {
      const int changed = std::clamp(value + static_cast<int>(random() % 41) - 20, 0, 255);
      squared += (changed - value) * (changed - value);
      value = static_cast<uint8_t>(changed);
    }
    const auto metrics = measure_view(a, b);
    ASSERT_TRUE(metrics.ok());
    const double psnr = 10 * std::log10(255.0 * 255.0 * double(a.pixels.size()) / squared);
    EXPECT_NEAR(metrics.value().psnr_db, psnr, 1e-9) << width << " x " << height;
    EXPECT_NEAR(metrics.value().ssim, reference_ssim(a, b), 1e-9) << width << " x " << height;
    if (width == 1) continue;
    EXPECT_NEAR(metrics.value().edge_psnr_db, reference_edge_psnr(a, b), 1e-9);
  }
}

TEST(ImageMetrics, IdenticalPicturesAreCapped) {
  const auto metrics = measure_view(noise(31, 17, 3, 3), noise(31, 17, 3, 3));
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics.value().psnr_db, kMaxPsnrDb);
  EXPECT_EQ(metrics.value().edge_psnr_db, kMaxPsnrDb);
  EXPECT_NEAR(metrics.value().ssim, 1.0, 1e-12);
}

TEST(ImageMetrics, BlackAgainstWhiteIsZeroDecibels) {
  const auto metrics = measure_view(flat(20, 20, 0), flat(20, 20, 255));
  ASSERT_TRUE(metrics.ok());
  EXPECT_NEAR(metrics.value().psnr_db, 0.0, 1e-12);
  EXPECT_NEAR(metrics.value().ssim, 6.5025 / (255 * 255 + 6.5025), 1e-12);
  // No edge anywhere: all pixels count.
  EXPECT_EQ(metrics.value().edge_psnr_db, metrics.value().psnr_db);
}

// One dot on a flat ground: fewer edge pixels than a tenth. The flat ones must not count as ties.
TEST(ImageMetrics, FlatGroundIsNoEdge) {
  Image a = flat(40, 40, 255), b;
  for (int c = 0; c < 3; ++c) a.pixels[(20 * 40 + 20) * 3 + c] = 0;
  b = a;
  b.pixels[0] = 0;  // far from the dot
  const auto metrics = measure_view(a, b);
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics.value().edge_psnr_db, kMaxPsnrDb);
  EXPECT_LT(metrics.value().psnr_db, 60);
}

TEST(ImageMetrics, CompositesStraightAlphaOverWhite) {
  const Image image{2, 2, 4, {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128, 255, 130, 0, 200}};
  const Image out = composite_over_white(image);
  // 0 * 128 + 255 * 127 = 32385 = 127 * 255; 100 * 128 + 32385 = 45185 = 177.196 * 255;
  // 130 * 200 + 255 * 55 = 40025 = 156.96 * 255.
  EXPECT_EQ(out.pixels,
            (std::vector<uint8_t>{10, 20, 30, 255, 255, 255, 127, 177, 255, 255, 157, 55}));
  EXPECT_EQ(out.channels, 3);
  const auto metrics = measure_view(image, out);
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics.value().psnr_db, kMaxPsnrDb);
}

TEST(ImageMetrics, RefusesWhatCannotBeCompared) {
  EXPECT_EQ(measure_view(flat(3, 4, 0), flat(4, 3, 0)).error().code(), Errc::usage);
  EXPECT_EQ(measure_view(Image{}, Image{}).error().code(), Errc::usage);
  Image short_of_pixels = flat(3, 4, 0);
  short_of_pixels.pixels.pop_back();
  EXPECT_EQ(measure_view(flat(3, 4, 0), short_of_pixels).error().code(), Errc::usage);
  EXPECT_EQ(measure_view(flat(3, 4, 0), Image{3, 4, 1, std::vector<uint8_t>(12)}).error().code(),
            Errc::usage);
}

TEST(ImageMetrics, SummaryHasMeanAndMinimum) {
  const ViewMetrics views[] = {{30, 0.9, 25}, {20, 0.5, 27}, {40, 0.7, 20}};
  const MetricsSummary summary = summarize(views);
  EXPECT_EQ(summary.view_count, 3u);
  EXPECT_DOUBLE_EQ(summary.psnr_mean_db, 30);
  EXPECT_DOUBLE_EQ(summary.psnr_min_db, 20);
  EXPECT_DOUBLE_EQ(summary.ssim_mean, 0.7);
  EXPECT_DOUBLE_EQ(summary.ssim_min, 0.5);
  EXPECT_DOUBLE_EQ(summary.edge_psnr_mean_db, 24);
  EXPECT_DOUBLE_EQ(summary.edge_psnr_min_db, 20);
  EXPECT_EQ(summarize({}).view_count, 0u);
  EXPECT_EQ(summarize({}).psnr_mean_db, 0);
}

}  // namespace
}  // namespace voxpack
