// quantize with photos: the basis of the features, what rays say, and the codec in the loop.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/picture.h"
#include "kernels/random_field.h"
#include "kernels/test_scene.h"
#include "metrics/image_metrics.h"
#include "stages/pack.h"
#include "stages/quantize.h"
#include "stages/quantize_basis.h"
#include "support/threads.h"

namespace voxpack {
namespace {

Log quiet;

Field random_mlp_field() {
  RandomFieldOptions options;
  options.resolution = 16;
  options.kind = AppearanceKind::mlp;
  options.keep_block = options.fill = 1;
  options.cube = {{-1, -1, -1}, 2};
  return make_random_field(options, 2);
}

// A ball, as the optimiser learns it in a few iterations.
class QuantizeFit : public testing::Test {
 protected:
  void SetUp() override {
    Field start = random_mlp_field();
    std::fill(start.density.edit().begin(), start.density.edit().end(), 0.1f);
    std::fill(start.features.edit().begin(), start.features.edit().end(), 0.5f);
    OptimizerOptions small;
    small.rays_per_iteration = 512;
    auto optimizer = kernels->make_optimizer(start, views, small);
    ASSERT_TRUE(optimizer.ok());
    ASSERT_TRUE(optimizer.value()->run({}, 150).ok());
    auto made = optimizer.value()->field();
    ASSERT_TRUE(made.ok());
    field = std::move(made).take();
  }

  Result<CodedField> quantize(int rounds) {
    QuantizeFitOptions fit;
    fit.rounds = rounds;
    fit.iterations_per_round = 3;
    fit.calibration_batches = 2;
    fit.first_rate = fit.last_rate = 0.1f;
    QuantizeOptions options;
    options.target_size_bytes = kTarget;
    return run_quantize(field, views, fit, options, *kernels, quiet);
  }

  double psnr_of(const Field& model) {
    auto renderer = kernels->make_renderer(model);
    EXPECT_TRUE(renderer.ok());
    double sum = 0;
    PictureF picture;
    for (const View& view : views) {
      EXPECT_TRUE(renderer.value()->render(view.camera, picture).ok());
      sum += measure_psnr(view.image, to_image(picture, Background::white)).take();
    }
    return sum / static_cast<double>(views.size());
  }

  Field unpacked(const CodedField& codes) {
    const auto package = run_pack(codes);
    EXPECT_TRUE(package.ok());
    EXPECT_LE(package.value().size(), kTarget);
    EXPECT_GE(package.value().size(), kTarget * 97 / 100);
    return run_unpack(package.value()).take();
  }

  static constexpr uint64_t kTarget = 6000;
  const Threads one{1};  // short parallel regions crawl on a busy machine
  std::unique_ptr<Kernels> kernels = make_kernels("cpu").take();
  std::vector<View> views = ball_views(6, 24);
  Field field;
};

TEST_F(QuantizeFit, RoundsBringThePicturesNearerToThePhotos) {
  const auto none = quantize(0), some = quantize(4);
  ASSERT_TRUE(none.ok() && some.ok());
  EXPECT_GT(psnr_of(unpacked(some.value())), psnr_of(unpacked(none.value())) + 0.1);
}

TEST_F(QuantizeFit, SameCodesForAnyThreads) {
  const auto expected = quantize(1);
  const Threads seven(7);
  const auto found = quantize(1);
  ASSERT_TRUE(expected.ok() && found.ok());
  EXPECT_EQ(found.value(), expected.value());
}

TEST_F(QuantizeFit, RefusesBadOptions) {
  QuantizeFitOptions bad[4];
  bad[0].rounds = -1;
  bad[1].iterations_per_round = 0;
  bad[2].calibration_batches = 0;
  bad[3].last_rate = 0;
  for (const QuantizeFitOptions& fit : bad) {
    const auto codes = run_quantize(field, views, fit, {}, *kernels, quiet);
    EXPECT_EQ(codes.error().code(), Errc::usage);
  }
}

TEST(CodingBasis, DrawsTheSameColours) {
  const Field field = random_mlp_field();
  Field turned = field;
  std::vector<double> metric = find_channel_metric(field, {});
  turn_into_coding_basis(turned, metric);
  EXPECT_FALSE(turned.features == field.features);
  const float direction[3] = {0.6f, 0, 0.8f};
  const auto channels = static_cast<size_t>(field.channels());
  for (size_t i = 0; i < field.point_count(); i += 7) {
    float expected[3], found[3];
    decode_appearance(field.appearance, field.features.data() + i * channels, 1, direction,
                      expected);
    decode_appearance(turned.appearance, turned.features.data() + i * channels, 1, direction,
                      found);
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(found[c], expected[c], 1e-3);
  }
}

TEST(CodingBasis, DifferencesWithinBlocksAreUncorrelated) {
  Field field = random_mlp_field();
  std::vector<double> metric = find_channel_metric(field, {});
  turn_into_coding_basis(field, metric);
  const auto channels = static_cast<size_t>(field.channels());
  const size_t n = channels - 3;
  std::vector<double> sums(n * n, 0.0);
  for (const Block& block : field.blocks) {
    const auto count = static_cast<size_t>(point_count(block));
    const float* first = field.features.data() + block.first_point * channels + 3;
    for (size_t i = 0; i < count; ++i) {
      std::vector<double> away(n);
      for (size_t c = 0; c < n; ++c) {
        double mean = 0;
        for (size_t j = 0; j < count; ++j) mean += double{first[j * channels + c]} / double(count);
        away[c] = double{first[i * channels + c]} - mean;
      }
      for (size_t a = 0; a < n; ++a) {
        for (size_t b = 0; b < n; ++b) sums[a * n + b] += away[a] * away[b];
      }
    }
  }
  for (size_t a = 0; a < n; ++a) {
    if (a > 0) {
      EXPECT_LE(sums[a * n + a], sums[(a - 1) * n + a - 1] * 1.0001);
    }
    for (size_t b = 0; b < a; ++b)
      EXPECT_LT(std::fabs(sums[a * n + b]), 1e-3 * std::sqrt(sums[a * n + a] * sums[b * n + b]));
  }
}

TEST(CodingBasis, OtherKindsStay) {
  RandomFieldOptions options;
  options.kind = AppearanceKind::sh1;
  const Field field = make_random_field(options, 3);
  Field turned = field;
  std::vector<double> metric = find_channel_metric(field, {});
  turn_into_coding_basis(turned, metric);
  EXPECT_TRUE(turned.features == field.features);
}

TEST(CodingBasis, CalibrationSetsTheRatiosOfTheColours) {
  const Field field = random_mlp_field();
  const auto channels = static_cast<size_t>(field.channels());
  std::vector<float> sensitivities(field.point_count() * (channels + 1), 1.0f);
  for (size_t i = 0; i < field.point_count(); ++i) {
    sensitivities[i * (channels + 1)] = static_cast<float>(i);
    sensitivities[i * (channels + 1) + 2] = 4.0f;
  }
  const Calibration calibration = make_calibration(sensitivities, field.point_count());
  EXPECT_EQ(calibration.density_importance[5], 5.0f);
  const std::vector<double> before = find_channel_metric(field, {});
  const std::vector<double> metric = find_channel_metric(field, calibration);
  EXPECT_DOUBLE_EQ(metric[0], before[0]);
  EXPECT_NEAR(metric[1], 4 * metric[0], 1e-9);
  EXPECT_NEAR(metric[2], metric[0], 1e-9);
}

}  // namespace
}  // namespace voxpack
