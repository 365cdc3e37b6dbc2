// Corrections of the views: rays that move with them, and an optimiser that finds them.
#include "kernels/view_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/test_scene.h"
#include "kernels/training_rays.h"
#include "support/threads.h"

namespace voxpack {
namespace {

TEST(ViewFit, RotationIsOrthonormalAndTurnsTheRightWay) {
  const float v[3] = {0.02f, -0.03f, 0.01f};
  float m[9];
  small_rotation(v, m);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      float dot = 0;
      for (int k = 0; k < 3; ++k) dot += m[i * 3 + k] * m[j * 3 + k];
      EXPECT_NEAR(dot, i == j ? 1.0f : 0.0f, 1e-6f);
    }
  }
  // v x (1, 0, 0) = (0, v2, -v1)
  EXPECT_NEAR(m[3], v[2], 1e-3f);
  EXPECT_NEAR(m[6], -v[1], 1e-3f);
}

TEST(ViewFit, NothingIsMovedByNothing) {
  const float none[kViewParameters] = {};
  TrainRay ray{{{1.5f, -2, 30}, {0.6f, 0, 0.8f}, {0.6f, 0, 0.8f}, 0.3f}, {}, {}};
  const TrainRay before = ray;
  correct_ray(none, 16, 7, ray);
  EXPECT_EQ(ray.view, 7u);
  for (int a = 0; a < 3; ++a) {
    EXPECT_EQ(ray.ray.origin[a], before.ray.origin[a]);
    EXPECT_EQ(ray.ray.step_direction[a], before.ray.step_direction[a]);
    EXPECT_EQ(ray.ray.direction[a], before.ray.direction[a]);
    EXPECT_EQ(ray.gain[a], 1.0f);
  }
}

class ViewFitOn : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto made = make_kernels(GetParam());
    if (!made.ok() && std::getenv("VOXPACK_REQUIRE_CUDA") == nullptr)
      GTEST_SKIP() << made.error().message();
    ASSERT_TRUE(made.ok()) << made.error().message();
    kernels_ = std::move(made).take();
  }

  // Mean squared error that is left after learning `views`.
  double error_left(std::span<const View> views, const OptimizeSettings& settings) {
    RandomFieldOptions options;
    options.resolution = 16;
    options.coarsest = 0;
    options.kind = AppearanceKind::rgb;
    options.keep_block = options.fill = 1;
    options.cube = {{-1, -1, -1}, 2};
    Field field = make_random_field(options, 2);
    std::fill(field.density.edit().begin(), field.density.edit().end(), 0.1f);
    std::fill(field.features.edit().begin(), field.features.edit().end(), 0.5f);
    OptimizerOptions small;
    small.rays_per_iteration = 1024;
    auto optimizer = kernels_->make_optimizer(field, views, small);
    EXPECT_TRUE(optimizer.ok());
    EXPECT_TRUE(optimizer.value()->run(settings, 150).ok());
    const auto stats = optimizer.value()->run(settings, 20);
    EXPECT_TRUE(stats.ok());
    return stats.value().mse;
  }

  std::unique_ptr<Kernels> kernels_;
};

INSTANTIATE_TEST_SUITE_P(Devices, ViewFitOn, testing::Values("cpu", "cuda"));

TEST_P(ViewFitOn, FindsAPoseThatIsOff) {
  const Threads one(1);
  std::vector<View> views = ball_views(6, 32);
  views[2].camera.camera_to_world[3] += 0.12;
  views[4].camera.camera_to_world[11] -= 0.12;
  const double without = error_left(views, {});
  OptimizeSettings settings;
  settings.pose_rate = 2e-3f;
  EXPECT_LT(error_left(views, settings), 0.6 * without);
}

TEST_P(ViewFitOn, FindsExposures) {
  const Threads one(1);
  std::vector<View> views = ball_views(6, 32);
  for (const size_t v : {1, 3}) {
    for (size_t i = 0; i < views[v].image.pixels.size(); ++i) {
      uint8_t& value = views[v].image.pixels[i];
      if (i % 4 != 3) value = static_cast<uint8_t>(value * (v == 1 ? 0.6 : 0.8));
    }
  }
  const double without = error_left(views, {});
  OptimizeSettings settings;
  settings.exposure_rate = 1e-2f;
  EXPECT_LT(error_left(views, settings), 0.6 * without);
}

}  // namespace
}  // namespace voxpack
