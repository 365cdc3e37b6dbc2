// How much each value matters: against differences of pictures; and new values for an optimiser.
// On every device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/test_scene.h"

namespace voxpack {
namespace {

constexpr int kViews = 2, kSize = 16;

class Sensitivity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto made = make_kernels(GetParam());
    if (made.ok()) {
      kernels = std::move(made).take();
    } else if (std::getenv("VOXPACK_REQUIRE_CUDA") != nullptr) {
      FAIL() << made.error().message();
    } else {
      GTEST_SKIP() << made.error().message();
    }
    for (View& view : views) {  // opaque, so that all pixels take part, before white
      std::vector<uint8_t> opaque;
      for (size_t i = 0; i < view.image.pixels.size(); ++i) {
        if (i % 4 != 3) opaque.push_back(view.image.pixels[i]);
      }
      view.image = {kSize, kSize, 3, opaque};
    }
  }

  // A batch has as many rays as the views have pixels.
  std::unique_ptr<Optimizer> optimizer_of(const Field& field, Kernels& on) {
    OptimizerOptions options;
    options.rays_per_iteration = kViews * kSize * kSize;
    auto made = on.make_optimizer(field, views, options);
    EXPECT_TRUE(made.ok());
    return std::move(made).take();
  }

  // Sum over pixels and channels of the squared change of the pictures before white.
  double change_between(const Field& a, const Field& b) {
    auto first = kernels->make_renderer(a), second = kernels->make_renderer(b);
    EXPECT_TRUE(first.ok() && second.ok());
    double sum = 0;
    for (const View& view : views) {
      PictureF p, q;
      EXPECT_TRUE(first.value()->render(view.camera, p).ok());
      EXPECT_TRUE(second.value()->render(view.camera, q).ok());
      for (size_t i = 0; i < p.pixels.size(); i += 4) {
        for (size_t c = 0; c < 3; ++c) {
          const double change =
              double{p.pixels[i + c] - q.pixels[i + c]} - (p.pixels[i + 3] - q.pixels[i + 3]);
          sum += change * change;
        }
      }
    }
    return sum;
  }

  std::unique_ptr<Kernels> kernels;
  std::vector<View> views = ball_views(kViews, kSize);
};
INSTANTIATE_TEST_SUITE_P(Device, Sensitivity, testing::Values("cpu", "cuda"));

// Fog on two levels: every point is seen.
Field fog(AppearanceKind kind, uint32_t seed) {
  RandomFieldOptions options;
  options.resolution = 16;
  options.coarsest = 1;
  options.kind = kind;
  options.keep_block = options.fill = 1;
  options.cube = {{-1, -1, -1}, 2};
  Field field = make_random_field(options, seed);
  for (float& density : field.density.edit()) density = 0.1f + 0.02f * std::fabs(density);
  return field;
}

std::vector<float> sensitivities_of(Optimizer& optimizer, int iterations) {
  auto made = optimizer.sensitivities(iterations);
  EXPECT_TRUE(made.ok());
  return std::move(made).take();
}

TEST_P(Sensitivity, IsTheSquaredChangeOfThePictures) {
  for (const auto kind : {AppearanceKind::rgb, AppearanceKind::mlp}) {
    SCOPED_TRACE(to_string(kind));
    const Field field = fog(kind, 3);
    const auto optimizer = optimizer_of(field, *kernels);
    const std::vector<float> found = sensitivities_of(*optimizer, 400);
    const size_t floats = static_cast<size_t>(field.channels()) + 1;
    ASSERT_EQ(found.size(), field.point_count() * floats);
    double expected_sum = 0, found_sum = 0;
    constexpr float kDelta = 0.01f;
    for (size_t point = 5; point < field.point_count(); point += field.point_count() / 6) {
      for (const size_t k : {size_t{0}, size_t{1}, floats - 1}) {
        Field moved = field;
        (k == 0 ? moved.density.edit()[point]
                : moved.features.edit()[point * (floats - 1) + k - 1]) += kDelta;
        const double expected = change_between(field, moved) / double{kDelta * kDelta};
        // A mean of 400 squares of nearly normal numbers is good to 7 %.
        EXPECT_NEAR(double{found[point * floats + k]}, expected, 0.35 * expected + 1e-6);
        if (k == 0) continue;
        expected_sum += expected;
        found_sum += double{found[point * floats + k]};
      }
    }
    EXPECT_NEAR(found_sum / expected_sum, 1, 0.15);
  }
}

TEST_P(Sensitivity, LeavesTheFieldAlone) {
  const Field field = fog(AppearanceKind::mlp, 4);
  const auto optimizer = optimizer_of(field, *kernels);
  sensitivities_of(*optimizer, 3);
  const auto after = optimizer->field();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after.value().density, field.density);
  EXPECT_EQ(after.value().features, field.features);
  EXPECT_EQ(after.value().appearance.weights, field.appearance.weights);
  // No gradient is left behind: without rates and smoothness nothing moves.
  OptimizeSettings settings;
  settings.density_rate = settings.feature_rate = settings.network_rate = 0;
  ASSERT_TRUE(optimizer->run(settings, 2).ok());
  const auto later = optimizer->field();
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later.value().features, field.features);
}

TEST_P(Sensitivity, SameRaysOnEveryDevice) {
  const Field field = fog(AppearanceKind::mlp, 5);
  const auto cpu = make_kernels("cpu").take();
  const std::vector<float> expected = sensitivities_of(*optimizer_of(field, *cpu), 4);
  const std::vector<float> found = sensitivities_of(*optimizer_of(field, *kernels), 4);
  ASSERT_EQ(found.size(), expected.size());
  const double scale =
      std::accumulate(expected.begin(), expected.end(), 0.0) / static_cast<double>(expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(double{found[i]}, double{expected[i]}, 0.02 * double{expected[i]} + 1e-3 * scale);
  }
}

TEST_P(Sensitivity, TakesNewValues) {
  const Field field = fog(AppearanceKind::mlp, 6);
  Field other = field;
  for (float& value : other.features.edit()) value = 0.5f * value + 0.1f;
  for (float& value : other.density.edit()) value += 0.05f;
  for (float& value : other.appearance.weights) value *= 0.9f;
  const auto optimizer = optimizer_of(field, *kernels);
  ASSERT_TRUE(optimizer->run({}, 2).ok());
  ASSERT_TRUE(optimizer->set_values(other).ok());
  const auto after = optimizer->field();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after.value().density, other.density);
  EXPECT_EQ(after.value().features, other.features);
  EXPECT_EQ(after.value().appearance.weights, other.appearance.weights);
  // Hanging corners follow: the rays see what an optimiser of those values would see.
  const std::vector<float> expected = sensitivities_of(*optimizer_of(other, *kernels), 60);
  const std::vector<float> found = sensitivities_of(*optimizer, 60);
  const double a = std::accumulate(found.begin(), found.end(), 0.0);
  const double b = std::accumulate(expected.begin(), expected.end(), 0.0);
  EXPECT_NEAR(a / b, 1, 0.03);
}

TEST_P(Sensitivity, RefusesValuesOfOtherPoints) {
  const Field field = fog(AppearanceKind::mlp, 7);
  const auto optimizer = optimizer_of(field, *kernels);
  Field fewer = field;
  fewer.blocks.pop_back();
  EXPECT_EQ(optimizer->set_values(fewer).code(), Errc::usage);
  EXPECT_EQ(optimizer->set_values(fog(AppearanceKind::rgb, 7)).code(), Errc::usage);
  Field moved = field;
  moved.blocks[0].x += 1;
  EXPECT_EQ(optimizer->set_values(moved).code(), Errc::usage);
}

}  // namespace
}  // namespace voxpack
