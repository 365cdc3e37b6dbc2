// The optimiser as a whole: it learns a small scene, the same bytes on any number of threads.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <csignal>

#include "core/interrupt.h"
#include "kernels/kernels.h"
#include "kernels/march_view.h"
#include "kernels/random_field.h"
#include "kernels/test_scene.h"
#include "support/threads.h"

namespace voxpack {
namespace {

// A fog around the ball, of one or two levels.
Field fog(AppearanceKind kind, int coarsest) {
  RandomFieldOptions options;
  options.resolution = 16;
  options.coarsest = coarsest;
  options.kind = kind;
  options.keep_block = options.fill = 1;
  options.cube = {{-1, -1, -1}, 2};
  Field field = make_random_field(options, 2);
  std::fill(field.density.edit().begin(), field.density.edit().end(), 0.1f);
  std::fill(field.features.edit().begin(), field.features.edit().end(), 0.5f);
  return field;
}

OptimizerOptions small_batches() {
  OptimizerOptions options;
  options.rays_per_iteration = 512;
  return options;
}

std::unique_ptr<Optimizer> optimizer_of(const Field& field, std::span<const View> views,
                                        const OptimizerOptions& options = small_batches()) {
  auto kernels = make_kernels("cpu");
  EXPECT_TRUE(kernels.ok());
  auto made = kernels.value()->make_optimizer(field, views, options);
  EXPECT_TRUE(made.ok()) << made.error().message();
  return std::move(made).take();
}

Field values_of(const Optimizer& optimizer) {
  auto field = optimizer.field();
  EXPECT_TRUE(field.ok());
  return std::move(field).take();
}

Errc code_of(const Field& field, std::span<const View> views, const OptimizerOptions& options) {
  return make_kernels("cpu").value()->make_optimizer(field, views, options).error().code();
}

void expect_same_bytes(const Field& a, const Field& b) {
  const auto same = [](std::span<const float> x, std::span<const float> y) {
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), [](float p, float q) {
             return std::bit_cast<uint32_t>(p) == std::bit_cast<uint32_t>(q);
           });
  };
  EXPECT_TRUE(same(a.density, b.density));
  EXPECT_TRUE(same(a.features, b.features));
  EXPECT_TRUE(same(a.appearance.weights, b.appearance.weights));
}

TEST(Optimizer, LossFallsForEveryKind) {
  const Threads one(1);  // short parallel regions crawl on a busy machine
  const std::vector<View> views = ball_views(6, 24);
  for (const auto kind :
       {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2, AppearanceKind::mlp}) {
    SCOPED_TRACE(to_string(kind));
    const Field start = fog(kind, 1);
    const auto optimizer = optimizer_of(start, views);
    const auto first = optimizer->run({}, 3);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first.value().ray_count, 3u * 512);
    EXPECT_GT(first.value().sample_count, 512u);
    EXPECT_GT(first.value().page_count, 0u);
    EXPECT_LE(first.value().page_count, start.point_count() / kRowsPerPage + 1);
    ASSERT_TRUE(optimizer->run({}, 50).ok());
    const auto last = optimizer->run({}, 3);
    ASSERT_TRUE(last.ok());
    EXPECT_GT(first.value().mse, 0.02);
    EXPECT_LT(last.value().mse, first.value().mse / 2);
    const Field field = values_of(*optimizer);
    EXPECT_TRUE(validate(field).ok());
    EXPECT_EQ(field.resolution, start.resolution);
    ASSERT_EQ(field.blocks.size(), start.blocks.size());
    for (size_t i = 0; i < field.blocks.size(); ++i)
      EXPECT_EQ(field.blocks[i].mask, start.blocks[i].mask);
  }
}

TEST(Optimizer, FieldBeforeTheFirstIterationIsTheStart) {
  const std::vector<View> views = ball_views(1, 16);
  for (const auto kind : {AppearanceKind::sh2, AppearanceKind::mlp}) {
    const Field start = fog(kind, 1);
    const auto optimizer = optimizer_of(start, views);
    expect_same_bytes(values_of(*optimizer), start);
    const auto stats = optimizer->run({}, 0);
    ASSERT_TRUE(stats.ok());
    EXPECT_EQ(stats.value().ray_count, 0u);
    EXPECT_EQ(stats.value().mse, 0.0);
    expect_same_bytes(values_of(*optimizer), start);
  }
}

TEST(Optimizer, SameBytesForAnyThreads) {
  const std::vector<View> views = ball_views(4, 24);
  const auto run = [&](int threads, uint64_t seed) {
    const Threads scope(threads);
    OptimizerOptions options = small_batches();
    options.seed = seed;
    const auto optimizer = optimizer_of(fog(AppearanceKind::mlp, 1), views, options);
    EXPECT_TRUE(optimizer->run({}, 10).ok());
    EXPECT_TRUE(optimizer->run({}, 11).ok());
    return values_of(*optimizer);
  };
  const Field one = run(1, 1);
  expect_same_bytes(one, run(2, 1));
  expect_same_bytes(one, run(7, 1));
  EXPECT_NE(one.density, run(2, 2).density);
}

// A coarse block at x >= 16 behind fine ones at x < 16; all sites there, y and z are 16 .. 31.
Field seam_field(float coarse_density, float fine_density) {
  Field field;
  field.cube = {{0, 0, 0}, 32};
  field.resolution = 32;
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  const auto add = [&](int level, int x, int y, int z, float density) {
    for (const int c : {x, y, z}) positions.push_back(static_cast<uint16_t>(c));
    levels.push_back(static_cast<int8_t>(level));
    field.density.edit().push_back(density);
  };
  for (int i = 0; i < 64; ++i) add(2, 4 + i % 4, 4 + i / 4 % 4, 4 + i / 16, coarse_density);
  for (int i = 0; i < 2048; ++i) add(0, 8 + i % 8, 16 + i / 8 % 16, 16 + i / 128, fine_density);
  field.features.edit().assign(levels.size() * 3, 0.5f);
  EXPECT_TRUE(assign_points(field, positions, levels).ok());
  return field;
}

// A photo along x at y = z = 18, where all fine corners at x = 16 hang between the coarse sites 16
// and 20.
std::vector<View> seam_view() {
  std::vector<View> views = {{"beam", look_at({-50, 18, 18}, {0, 18, 18}, 4, 4, 440), {}}};
  views[0].image = {4, 4, 3, std::vector<uint8_t>(48, 200)};
  return views;
}

// Nothing but the field's own values decides the loss: empty sites stay empty, hanging corners
// follow.
TEST(Optimizer, StateIsTheField) {
  const Threads one(1);
  RandomFieldOptions options;
  options.resolution = 16;
  options.fill = 0.5;
  options.density_lo = 0.1f;
  options.density_hi = 0.2f;
  options.cube = {{-1, -1, -1}, 2};
  const auto expect_same_loss = [](const Field& start, std::span<const View> views,
                                   int iterations) {
    const auto trained = optimizer_of(start, views);
    ASSERT_TRUE(trained->run({}, iterations).ok());
    const Field field = values_of(*trained);
    const auto fresh = optimizer_of(field, views);
    OptimizeSettings still;
    still.density_rate = still.feature_rate = still.network_rate = 0;
    const auto loss = [&](Optimizer& optimizer) {
      const auto stats = optimizer.run(still, 60);
      EXPECT_TRUE(stats.ok());
      return stats.value().mse;
    };
    const double expected = loss(*fresh);
    EXPECT_GT(expected, 1e-5);
    EXPECT_NEAR(loss(*trained) / expected, 1.0, 0.05);
    expect_same_bytes(values_of(*trained), field);
  };
  expect_same_loss(make_random_field(options, 6), ball_views(4, 24), 40);
  expect_same_loss(seam_field(2.0f, 0.02f), seam_view(), 8);
}

// The photos alone move points.
constexpr OptimizeSettings kRough{.density_smoothness = 0, .feature_smoothness = 0};

// Rays that meet nothing but hanging corners of a seam move the coarse points that these hang on.
TEST(Optimizer, HangingCornersPassTheirGradientOn) {
  const Field field = seam_field(-0.05f, 0.2f);  // the coarse block itself is invisible
  const std::vector<View> views = seam_view();
  const auto optimizer = optimizer_of(field, views);
  ASSERT_TRUE(optimizer->run(kRough, 2).ok());
  const Field after = values_of(*optimizer);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(after, positions, levels);
  for (size_t i = 0; i < 64; ++i) {
    ASSERT_EQ(levels[i], 2);
    const bool is_near =
        positions[3 * i] == 4 && positions[3 * i + 1] < 6 && positions[3 * i + 2] < 6;
    EXPECT_EQ(after.density[i] != field.density[i], is_near) << "point " << i;
  }
}

// With seen photos only, the sites that no ray meets keep their values.
TEST(Optimizer, UnseenSitesStay) {
  std::vector<View> views = ball_views(1, 16);
  views[0].camera = look_at({0, 0, 30}, {0, 0, 0}, 16, 16, 400);  // the middle of the cube only
  const Field start = fog(AppearanceKind::rgb, 0);
  const auto optimizer = optimizer_of(start, views);
  ASSERT_TRUE(optimizer->run(kRough, 5).ok());
  const Field field = values_of(*optimizer);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  int moved = 0;
  for (size_t i = 0; i < field.point_count(); ++i) {
    const bool is_far = std::abs(positions[3 * i] - 8) > 6;
    if (is_far) {
      ASSERT_EQ(field.density[i], start.density[i]);
      ASSERT_EQ(field.features[3 * i], start.features[3 * i]);
    }
    moved += field.density[i] != start.density[i];
  }
  EXPECT_GT(moved, 100);
}

TEST(Optimizer, StopsWhenInterrupted) {
  const std::vector<View> views = ball_views(1, 16);
  const auto optimizer = optimizer_of(fog(AppearanceKind::rgb, 0), views);
  interrupt_signal = SIGINT;
  const auto stopped = optimizer->run({}, 5);
  interrupt_signal = 0;
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), Errc::interrupted);
  EXPECT_TRUE(optimizer->run({}, 1).ok());
}

TEST(Optimizer, RefusesViewsThatShowNothing) {
  const Field field = fog(AppearanceKind::rgb, 0);
  EXPECT_EQ(code_of(field, {}, small_batches()), Errc::bad_data);
  std::vector<View> views = ball_views(2, 16);
  for (View& view : views) {
    for (size_t i = 3; i < view.image.pixels.size(); i += 4) view.image.pixels[i] = 0;
  }
  EXPECT_EQ(code_of(field, views, small_batches()), Errc::bad_data);
  for (View& view : views) view.image = {};
  EXPECT_EQ(code_of(field, views, small_batches()), Errc::bad_data);
}

TEST(Optimizer, RefusesBadBatches) {
  const std::vector<View> views = ball_views(1, 16);
  for (const int rays : {-64, 0, 1, 63, 100}) {
    OptimizerOptions options;
    options.rays_per_iteration = rays;
    EXPECT_EQ(code_of(fog(AppearanceKind::rgb, 0), views, options), Errc::usage) << rays;
  }
}

// A field without points learns nothing, but it is no error.
TEST(Optimizer, EmptyField) {
  const std::vector<View> views = ball_views(1, 13);  // tiles at the border are not whole
  Field field;
  field.resolution = 16;
  const auto optimizer = optimizer_of(field, views);
  const auto stats = optimizer->run({}, 2);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats.value().sample_count, 0u);
  EXPECT_EQ(values_of(*optimizer).point_count(), 0u);
}

// Photos without alpha are as good: the background is then part of the photo.
TEST(Optimizer, OpaquePhotos) {
  const Threads one(1);
  std::vector<View> views = ball_views(6, 24);
  for (View& view : views) {
    Image opaque{view.image.width, view.image.height, 3, {}};
    for (size_t i = 0; i < view.image.pixels.size(); i += 4) {
      for (size_t c = 0; c < 3; ++c) {
        const int alpha = view.image.pixels[i + 3];
        opaque.pixels.push_back(
            static_cast<uint8_t>((view.image.pixels[i + c] * alpha + 255 * (255 - alpha)) / 255));
      }
    }
    view.image = opaque;
  }
  const auto optimizer = optimizer_of(fog(AppearanceKind::rgb, 0), views);
  const auto first = optimizer->run({}, 3);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(optimizer->run({}, 50).ok());
  const auto last = optimizer->run({}, 3);
  ASSERT_TRUE(last.ok());
  EXPECT_LT(last.value().mse, first.value().mse / 3);
}

}  // namespace
}  // namespace voxpack
