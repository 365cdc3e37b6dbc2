#include "stages/detect.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <limits>

#include "core/morton.h"
#include "kernels/coarsen_math.h"
#include "stages/detect_cameras.h"
#include "stages/detect_metric.h"
#include "stages/prune_test_support.h"

namespace voxpack {
namespace {

class Detect : public testing::Test {
 protected:
  void SetUp() override { kernels = std::move(make_kernels("cpu")).take(); }

  DetailMap detect(const Field& field, const DetectOptions& options = {.sphere_views = 8}) {
    auto made = run_detect(field, {}, options, *kernels, log);
    EXPECT_TRUE(made.ok()) << made.error().message();
    return made.ok() ? std::move(made).take() : DetailMap{};
  }

  Log log;
  std::unique_ptr<Kernels> kernels;
};

double sum_of(std::span<const float> values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v);
  return sum;
}

TEST_F(Detect, EmptyFieldHasAnEmptyMap) {
  Field field;
  field.cube = {{0, 0, 0}, 1.0};
  field.resolution = 64;
  const DetailMap map = detect(field);
  EXPECT_TRUE(map.visibility_sum.empty());
  EXPECT_TRUE(map.visibility_max.empty());
  EXPECT_TRUE(map.detail.empty());
}

TEST_F(Detect, RefusesWrongOptionsAndFields) {
  Field field = make_ball(32, 0.3, 1.5, 2.5, flat);
  for (const DetectOptions& options :
       {DetectOptions{.view_stride = 0}, DetectOptions{.pixel_stride = 0},
        DetectOptions{.sphere_views = 0}}) {
    const auto made = run_detect(field, {}, options, *kernels, log);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), Errc::usage);
  }
  field.density.edit()[7] = std::numeric_limits<float>::quiet_NaN();
  const auto made = run_detect(field, {}, {}, *kernels, log);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), Errc::bad_data);
}

TEST_F(Detect, SeesTheOutsideOfASolidOnly) {
  const Field field = make_ball(32, 0.3, 1.5, 20, flat);
  const DetailMap map = detect(field);
  ASSERT_EQ(map.visibility_max.size(), field.point_count());
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  for (size_t i = 0; i < field.point_count(); ++i) {
    EXPECT_LE(map.visibility_max[i], 1.0f);
    EXPECT_LE(map.visibility_max[i], map.visibility_sum[i]);
    const double r = std::hypot(positions[3 * i] - 16.0, positions[3 * i + 1] - 16.0,
                                positions[3 * i + 2] - 16.0);
    if (r < 4) {
      EXPECT_EQ(map.visibility_sum[i], 0.0f);
    }
    if (std::fabs(r - 9) < 0.3) {
      EXPECT_GT(map.visibility_sum[i], 0.0f) << r;
    }
  }
}

// The views' pixels are shared out among the points: all of it is the alpha of the pictures.
TEST_F(Detect, SharesOutThePixels) {
  const Field field = make_ball(32, 0.3, 1.5, 20, flat);
  const DetailMap map = detect(field, {.pixel_stride = 1, .sphere_views = 4});
  double alpha = 0;
  auto renderer = std::move(kernels->make_renderer(field)).take();
  for (const Camera& camera : sphere_cameras(field, 4)) {
    PictureF picture;
    ASSERT_TRUE(renderer->render(camera, picture).ok());
    for (size_t i = 3; i < picture.pixels.size(); i += 4) alpha += picture.pixels[i];
  }
  EXPECT_NEAR(sum_of(map.visibility_sum) / alpha, 1.0, 0.03);
  const DetailMap every_third = detect(field, {.pixel_stride = 3, .sphere_views = 4});
  EXPECT_NEAR(sum_of(every_third.visibility_sum) / alpha, 1.0, 0.03);
}

TEST_F(Detect, GivenCamerasAreUsedWithTheirStride) {
  const Field field = make_ball(32, 0.3, 1.5, 4, flat);
  const std::vector<Camera> cameras = sphere_cameras(field, 6);
  const std::vector<Camera> second = {cameras[0], cameras[2], cameras[4]};
  auto strided = run_detect(field, cameras, {.view_stride = 2}, *kernels, log);
  auto picked = run_detect(field, second, {}, *kernels, log);
  ASSERT_TRUE(strided.ok() && picked.ok());
  EXPECT_EQ(strided.value().visibility_sum, picked.value().visibility_sum);
  EXPECT_EQ(strided.value().detail, picked.value().detail);
}

TEST_F(Detect, CamerasSeeTheWholeObject) {
  const Field field = make_ball(32, 0.3, 1.5, 4, flat);
  for (const Camera& camera : sphere_cameras(field, 32)) {
    for (int i = 0; i < 200; ++i) {
      const double z = 1 - (2 * i + 1) / 200.0, angle = i * 2.4, r = std::sqrt(1 - z * z);
      double x, y;
      ASSERT_TRUE(project_point(
          camera, {0.5 + 0.3 * r * std::cos(angle), 0.5 + 0.3 * r * std::sin(angle), 0.5 + 0.3 * z},
          x, y));
      EXPECT_TRUE(x > 0 && y > 0 && x < camera.width && y < camera.height);
    }
  }
}

// Texture on one half only: its points carry more detail than those of the flat half.
TEST_F(Detect, TextureIsDetail) {
  const Field field = make_ball(64, 0.3, 1.5, 3, [](double x, double y, double z) {
    return x > 0 ? textured(x, y, z) : flat(x, y, z);
  });
  const DetailMap map = detect(field);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  double rough = 0, smooth = 0;
  for (size_t i = 0; i < field.point_count(); ++i) {
    ASSERT_GE(map.detail[i], 0.0f);
    if (positions[3 * i] > 35) rough += static_cast<double>(map.detail[i]);
    if (positions[3 * i] < 29) smooth += static_cast<double>(map.detail[i]);
  }
  EXPECT_GT(rough, 3 * smooth);
}

TEST_F(Detect, SameForAnyNumberOfThreads) {
  const Field field = make_ball(48, 0.3, 1.5, 3, textured);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const DetailMap one = detect(field);
  omp_set_num_threads(2);
  const DetailMap two = detect(field);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.visibility_sum, two.visibility_sum);
  EXPECT_EQ(one.visibility_max, two.visibility_max);
  EXPECT_EQ(one.detail, two.detail);
}

TEST(DetectMetric, GainsOfEveryAppearance) {
  Field field = make_ball(16, 0.3, 1.5, 3, flat);
  EXPECT_EQ(feature_gains(field), std::vector<float>(3, 1.0f));
  field.appearance.kind = AppearanceKind::sh1;
  field.features.edit().assign(field.point_count() * 12, 0.1f);
  EXPECT_NEAR(feature_gains(field)[5], 0.0795775f, 1e-6f);
  // A network that doubles its first feature into all three colours and ignores the second.
  field.appearance.kind = AppearanceKind::mlp;
  field.appearance.feature_count = 2;
  field.appearance.hidden_width = 4;
  field.appearance.weights.assign(field.appearance.weight_count(), 0.0f);
  field.appearance.weights[3 * 4] = 2.0f;
  const size_t out = static_cast<size_t>(field.appearance.input_count()) * 4;
  for (size_t c = 0; c < 3; ++c) field.appearance.weights[out + c] = 1.0f;
  field.features.edit().assign(field.point_count() * 5, 0.5f);
  const std::vector<float> gains = feature_gains(field);
  EXPECT_NEAR(gains[0], 1.0f, 1e-3f);
  EXPECT_NEAR(gains[3], 12.0f, 1e-2f);
  EXPECT_EQ(gains[4], 0.0f);
}

TEST(DetectMetric, SignedAlphaFollowsAlpha) {
  for (float d = 0; d < 20; d += 0.1f) {
    EXPECT_NEAR(signed_alpha(d), 1 - std::exp(-d), 0.11f);
    EXPECT_EQ(signed_alpha(-d), -signed_alpha(d));
  }
}

}  // namespace
}  // namespace voxpack
