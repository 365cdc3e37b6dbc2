// The CUDA kernels against the CPU ones: the same integers where a kernel is exact, a stated
// tolerance elsewhere. Skipped without a device, unless VOXPACK_REQUIRE_CUDA is set: then a skip is
// a failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/test_scene.h"

namespace voxpack {
namespace {

class Cuda : public testing::Test {
 protected:
  void SetUp() override {
    auto made = make_kernels("cuda");
    if (made.ok()) {
      cuda = std::move(made).take();
      ASSERT_EQ(cuda->name(), "cuda");
      cpu = make_kernels("cpu").take();
    } else if (std::getenv("VOXPACK_REQUIRE_CUDA") != nullptr) {
      FAIL() << made.error().message();
    } else {
      GTEST_SKIP() << made.error().message();
    }
  }

  std::unique_ptr<Kernels> cpu, cuda;
};

constexpr AppearanceKind kKinds[] = {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2,
                                     AppearanceKind::mlp};

Field three_levels(AppearanceKind kind) {
  RandomFieldOptions options;
  options.coarsest = 1;
  options.finest = -1;
  options.kind = kind;
  return make_random_field(options, 5);
}

std::vector<Camera> cameras() {
  std::vector<Camera> list;
  for (int i = 0; i < 5; ++i) {
    const Vec3 d = spiral_direction(i, 5);
    list.push_back(
        look_at({4 * d[0], 1.75 + 4 * d[1], 3.5 + 4 * d[2]}, {0, 1.75, 3.5}, 67, 45, 60));
  }
  list[3].lens = LensModel::opencv;
  list[3].k1 = -0.1;
  return list;
}

TEST_F(Cuda, VisibilityHasTheIntegersOfTheCpu) {
  const Field field = three_levels(AppearanceKind::rgb);
  std::vector<Camera> views = cameras();
  views.push_back(look_at({900, 30, -70}, {0, 1.75, 3.5}, 40, 40, 9000));  // far away
  for (const int stride : {1, 3}) {
    const auto expected = cpu->visibility(field, views, stride);
    const auto found = cuda->visibility(field, views, stride);
    ASSERT_TRUE(expected.ok() && found.ok());
    ASSERT_GT(*std::max_element(expected.value().max.begin(), expected.value().max.end()), 1000u);
    EXPECT_EQ(found.value().sum, expected.value().sum);
    EXPECT_EQ(found.value().max, expected.value().max);
  }
}

TEST_F(Cuda, DrawsThePictureOfTheCpu) {
  for (const AppearanceKind kind : kKinds) {
    SCOPED_TRACE(to_string(kind));
    const Field field = three_levels(kind);
    const auto expected_renderer = cpu->make_renderer(field);
    const auto found_renderer = cuda->make_renderer(field);
    ASSERT_TRUE(expected_renderer.ok() && found_renderer.ok());
    for (const Camera& camera : cameras()) {
      PictureF expected, found;
      ASSERT_TRUE(expected_renderer.value()->render(camera, expected).ok());
      ASSERT_TRUE(found_renderer.value()->render(camera, found).ok());
      ASSERT_EQ(found.pixels.size(), expected.pixels.size());
      double largest = 0;
      for (size_t i = 0; i < found.pixels.size(); ++i) {
        largest = std::max(largest, std::fabs(double{found.pixels[i]} - expected.pixels[i]));
      }
      EXPECT_LT(largest, 2e-3);
    }
  }
}

TEST_F(Cuda, LearnsLikeTheCpu) {
  const std::vector<View> views = ball_views(6, 24);
  for (const AppearanceKind kind : kKinds) {
    SCOPED_TRACE(to_string(kind));
    RandomFieldOptions make;
    make.resolution = 16;
    make.kind = kind;
    make.keep_block = make.fill = 1;
    make.cube = {{-1, -1, -1}, 2};
    Field start = make_random_field(make, 2);
    std::fill(start.density.edit().begin(), start.density.edit().end(), 0.1f);
    std::fill(start.features.edit().begin(), start.features.edit().end(), 0.5f);
    OptimizerOptions options;
    options.rays_per_iteration = 512;
    const auto expected = cpu->make_optimizer(start, views, options);
    const auto found = cuda->make_optimizer(start, views, options);
    ASSERT_TRUE(expected.ok() && found.ok());
    // The photos alone: what the smoothness adds is next to nothing on most sites of this scene,
    // and its sign is anyone's.
    OptimizeSettings settings;
    settings.density_smoothness = settings.feature_smoothness = settings.concentration = 0;
    for (const int iterations : {1, 60, 3}) {
      const auto a = expected.value()->run(settings, iterations);
      const auto b = found.value()->run(settings, iterations);
      ASSERT_TRUE(a.ok() && b.ok());
      // The first iteration differs by rounding only; later ones drift apart slowly.
      const double tolerance = iterations == 1 ? 1e-4 : 0.05;
      EXPECT_NEAR(b.value().mse / a.value().mse, 1, tolerance);
      EXPECT_NEAR(double(b.value().sample_count) / double(a.value().sample_count), 1, tolerance);
      EXPECT_EQ(b.value().ray_count, a.value().ray_count);
      // The GPU counts the pages of corners between levels as well; this small scene has many.
      EXPECT_GE(double(b.value().page_count) / double(a.value().page_count), 0.85);
      EXPECT_LE(double(b.value().page_count) / double(a.value().page_count), 1.5);
    }
    const auto field = found.value()->field();
    ASSERT_TRUE(field.ok());
    EXPECT_TRUE(validate(field.value()).ok());
    EXPECT_EQ(field.value().point_count(), start.point_count());
  }
}

TEST_F(Cuda, RefusesWhatTheCpuRefuses) {
  std::vector<View> views = ball_views(1, 16);
  for (size_t i = 3; i < views[0].image.pixels.size(); i += 4) views[0].image.pixels[i] = 0;
  const Field field = three_levels(AppearanceKind::rgb);
  EXPECT_EQ(cuda->make_optimizer(field, views, {}).error().code(), Errc::bad_data);
  EXPECT_EQ(cuda->visibility(field, cameras(), 0).error().code(), Errc::usage);
}

// A batch that no device holds: an error with the figures, and the device is good afterwards.
TEST_F(Cuda, OutOfMemory) {
  const std::vector<View> views = ball_views(1, 16);
  const Field field = three_levels(AppearanceKind::rgb);
  OptimizerOptions options;
  options.rays_per_iteration = 2'000'000'000;
  const auto refused = cuda->make_optimizer(field, views, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Errc::device);
  const std::string& message = refused.error().message();
  for (const char* part : {"out of device memory", "bytes needed", "free"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  const auto made = cuda->make_optimizer(field, views, {});
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_TRUE(made.value()->run({}, 1).ok());
}

TEST_F(Cuda, RefusesBadBatches) {
  OptimizerOptions options;
  options.rays_per_iteration = 100;
  const auto refused =
      cuda->make_optimizer(three_levels(AppearanceKind::rgb), ball_views(1, 16), options);
  EXPECT_EQ(refused.error().code(), Errc::usage);
}

}  // namespace
}  // namespace voxpack
