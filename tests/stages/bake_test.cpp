// The bake as a whole: a small scene reaches its quality, the same bytes for the same seed.
#include "stages/bake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "core/interrupt.h"
#include "kernels/test_scene.h"
#include "stages/bake_plan.h"
#include "stages/refine.h"
#include "support/threads.h"

namespace voxpack {
namespace {

DataSet ball_data(int views, int size) {
  DataSet data;
  data.train = ball_views(views, size);
  return data;
}

BakeOptions small(AppearanceKind kind, int resolution, int iterations) {
  BakeOptions options;
  options.resolution = resolution;
  options.iterations = iterations;
  options.appearance = kind;
  options.feature_count = kind == AppearanceKind::mlp ? 4 : 0;
  options.hidden_width = kind == AppearanceKind::mlp ? 16 : 0;
  return options;
}

std::unique_ptr<Kernels> cpu() { return std::move(make_kernels("cpu")).take(); }

Result<Field> bake(const DataSet& data, const BakeOptions& options) {
  Log log;
  return run_bake(data, options, *cpu(), log);
}

// Mean PSNR over white of views that stand between those of ball_views().
double held_out_psnr(const Field& field) {
  const auto kernels = cpu();
  const auto renderer = kernels->make_renderer(field);
  EXPECT_TRUE(renderer.ok());
  double sum = 0;
  const int count = 5;
  for (int i = 0; i < count; ++i) {
    const Vec3 d = spiral_direction(2 * i, 2 * count + 1);
    const View view =
        ball_view(look_at({-3 * d[0], -3 * d[1], 3 * d[2]}, {0, 0, 0}, 64, 64, 96), "held out");
    PictureF picture;
    EXPECT_TRUE(renderer.value()->render(view.camera, picture).ok());
    double error2 = 0;
    for (size_t p = 0; p < picture.pixels.size(); p += 4) {
      const double alpha = view.image.pixels[p + 3] / 255.0;
      for (size_t c = 0; c < 3; ++c) {
        const double wanted = view.image.pixels[p + c] / 255.0 * alpha + 1 - alpha;
        const double found =
            std::clamp(double{picture.pixels[p + c]} + 1 - double{picture.pixels[p + 3]}, 0.0, 1.0);
        error2 += (wanted - found) * (wanted - found);
      }
    }
    sum += -10 * std::log10(error2 / (64 * 64 * 3));
  }
  return sum / count;
}

TEST(Bake, ReachesItsQuality) {
  const DataSet data = ball_data(24, 48);
  const auto baked = bake(data, small(AppearanceKind::rgb, 40, 50));
  ASSERT_TRUE(baked.ok()) << baked.error().message();
  EXPECT_TRUE(validate(baked.value()).ok());
  EXPECT_EQ(baked.value().resolution, 40);
  EXPECT_GT(baked.value().point_count(), 2000u);
  EXPECT_LT(baked.value().point_count(), 30'000u);  // what no view sees is gone
  const double psnr = held_out_psnr(baked.value());
  RecordProperty("psnr", std::to_string(psnr));
  EXPECT_GT(psnr, 29.0);
}

TEST(Bake, NetworkAndRefine) {
  const DataSet data = ball_data(24, 48);
  const auto baked = bake(data, small(AppearanceKind::mlp, 32, 30));
  ASSERT_TRUE(baked.ok()) << baked.error().message();
  const double before = held_out_psnr(baked.value());
  EXPECT_GT(before, 26.0);
  Log log;
  RefineOptions options;
  options.iterations = 15;
  const auto refined = run_refine(baked.value(), data.train, options, *cpu(), log);
  ASSERT_TRUE(refined.ok());
  EXPECT_TRUE(validate(refined.value()).ok());
  ASSERT_EQ(refined.value().blocks.size(), baked.value().blocks.size());
  for (size_t i = 0; i < refined.value().blocks.size(); ++i) {
    EXPECT_EQ(refined.value().blocks[i].mask, baked.value().blocks[i].mask);
  }
  EXPECT_GT(held_out_psnr(refined.value()), before);
}

class Recorder : public Log {
 public:
  void progress(const Progress& progress) override { fractions.push_back(progress.fraction); }
  std::vector<double> fractions;
};

TEST(Bake, CoarseToFine) {
  Recorder log;
  const auto baked = run_bake(ball_data(12, 48), small(AppearanceKind::rgb, 96, 12), *cpu(), log);
  ASSERT_TRUE(baked.ok()) << baked.error().message();
  EXPECT_TRUE(validate(baked.value()).ok());
  EXPECT_EQ(baked.value().resolution, 96);
  EXPECT_GT(held_out_psnr(baked.value()), 18.0);
  ASSERT_GE(log.fractions.size(), 2u);  // one report per resolution at least
  EXPECT_TRUE(std::is_sorted(log.fractions.begin(), log.fractions.end()));
  EXPECT_NEAR(log.fractions.back(), 1.0, 1e-9);
}

TEST(Bake, SameBytesForTheSeedOnAnyThreads) {
  const DataSet data = ball_data(6, 24);
  const auto run = [&](int threads, uint64_t seed) {
    const Threads scope(threads);
    BakeOptions options = small(AppearanceKind::mlp, 32, 6);
    options.seed = seed;
    auto baked = bake(data, options);
    EXPECT_TRUE(baked.ok());
    return std::move(baked).take();
  };
  const Field one = run(1, 1);
  const Field two = run(2, 1);
  EXPECT_GT(one.point_count(), 1000u);
  EXPECT_EQ(one.density, two.density);
  EXPECT_EQ(one.features, two.features);
  EXPECT_EQ(one.appearance.weights, two.appearance.weights);
  EXPECT_NE(one.density, run(2, 2).density);
}

TEST(Bake, RefusesWhatCannotBeBaked) {
  const auto code = [](const DataSet& data, const BakeOptions& options) {
    return bake(data, options).error().code();
  };
  const DataSet data = ball_data(6, 16);
  const BakeOptions good = small(AppearanceKind::rgb, 32, 1);
  ASSERT_TRUE(bake(data, good).ok());
  EXPECT_EQ(code({}, good), Errc::bad_data);
  DataSet only_test;
  only_test.test = data.train;
  EXPECT_EQ(code(only_test, good), Errc::bad_data);
  DataSet transparent = data;
  for (View& view : transparent.train)
    std::fill(view.image.pixels.begin(), view.image.pixels.end(), uint8_t{0});
  EXPECT_EQ(code(transparent, good), Errc::bad_data);
  DataSet inside = ball_data(24, 32);
  inside.train.push_back(ball_view(look_at({0.1, 0, 0}, {1, 1, 1}, 32, 32, 32), "inside"));
  EXPECT_EQ(code(inside, good), Errc::bad_data);
  for (const int resolution : {-32, 0, 28, 31, 33, 50, 2052, 1 << 30}) {
    BakeOptions options = good;
    options.resolution = resolution;
    EXPECT_EQ(code(data, options), Errc::usage) << resolution;
  }
  for (const int iterations : {0, -5}) {
    BakeOptions options = good;
    options.iterations = iterations;
    EXPECT_EQ(code(data, options), Errc::usage) << iterations;
  }
  BakeOptions options = small(AppearanceKind::mlp, 32, 1);
  options.hidden_width = 5;
  EXPECT_FALSE(bake(data, options).ok());
}

TEST(Bake, StopsWhenInterrupted) {
  const DataSet data = ball_data(6, 16);
  interrupt_signal = SIGINT;
  const auto stopped = bake(data, small(AppearanceKind::rgb, 32, 5));
  interrupt_signal = 0;
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), Errc::interrupted);
}

TEST(Bake, ProgressRisesToTheEnd) {
  Recorder log;
  ASSERT_TRUE(run_bake(ball_data(6, 16), small(AppearanceKind::rgb, 32, 25), *cpu(), log).ok());
  ASSERT_FALSE(log.fractions.empty());
  EXPECT_TRUE(std::is_sorted(log.fractions.begin(), log.fractions.end()));
  EXPECT_GT(log.fractions.front(), 0.0);
  EXPECT_NEAR(log.fractions.back(), 1.0, 1e-9);
}

// Keeps every state it is given.
class Keeper : public BakeCheckpoints {
 public:
  bool is_due() override { return true; }
  void save(const BakeState& state) override { states.push_back(state); }
  std::vector<BakeState> states;
};

Result<Field> bake_with(const DataSet& data, const BakeOptions& options, BakeExtras extras) {
  Log log;
  return run_bake(data, options, *cpu(), log, std::move(extras));
}

TEST(Bake, GoesOnFromAState) {
  const DataSet data = ball_data(12, 120);  // a pixel is finer than a cell
  const BakeOptions options = small(AppearanceKind::mlp, 96, 75);
  Keeper keeper;
  std::vector<BakeLevel> levels;
  const auto whole = bake_with(data, options, {.checkpoints = &keeper, .levels = &levels});
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[0].resolution, 48);
  EXPECT_EQ(levels[0].iterations, 25);
  EXPECT_EQ(levels[1].iterations, 50);
  EXPECT_GE(levels[1].point_count, whole.value().point_count());
  EXPECT_GT(levels[1].train_psnr_db, 20);
  EXPECT_GT(levels[1].samples_per_ray, 1);
  EXPECT_LT(levels[1].samples_per_ray, 2 * 2 * 96);  // two a cell, at most a diagonal of cells
  EXPECT_GT(levels[1].seconds, 0);
  ASSERT_EQ(keeper.states.size(), 1u + 2u);  // every 20 iterations but at the end of a level
  for (const size_t i : {size_t{0}, size_t{2}}) {
    BakeState state = keeper.states[i];
    EXPECT_TRUE(validate(state.field).ok());
    EXPECT_EQ(state.level, i == 0 ? 0 : 1);
    EXPECT_EQ(state.iterations, i == 0 ? 20 : 40);
    levels.clear();
    const auto resumed = bake_with(data, options, {.resume = state, .levels = &levels});
    ASSERT_TRUE(resumed.ok()) << resumed.error().message();
    EXPECT_TRUE(validate(resumed.value()).ok());
    ASSERT_EQ(levels.size(), i == 0 ? 2u : 1u);
    EXPECT_EQ(levels[0].iterations, i == 0 ? 5 : 10);
    EXPECT_NEAR(held_out_psnr(resumed.value()), held_out_psnr(whole.value()), 1.0);
  }
}

TEST(Bake, RefusesStatesOfOtherBakes) {
  const DataSet data = ball_data(6, 16);
  const BakeOptions options = small(AppearanceKind::rgb, 32, 60);
  Keeper keeper;
  ASSERT_TRUE(bake_with(data, options, {.checkpoints = &keeper}).ok());
  ASSERT_EQ(keeper.states.size(), 2u);
  const auto code = [&](const BakeState& state, const BakeOptions& with) {
    return bake_with(data, with, {.resume = state}).error().code();
  };
  const BakeState good = keeper.states[0];
  ASSERT_TRUE(bake_with(data, options, {.resume = good}).ok());
  EXPECT_EQ(code(good, small(AppearanceKind::rgb, 64, 60)), Errc::bad_data);
  EXPECT_EQ(code(good, small(AppearanceKind::rgb, 32, 20)), Errc::bad_data);
  EXPECT_EQ(code(good, small(AppearanceKind::mlp, 32, 60)), Errc::bad_data);
  for (const int level : {-1, 1}) {
    BakeState state = good;
    state.level = level;
    EXPECT_EQ(code(state, options), Errc::bad_data);
  }
  BakeState state = good;
  state.iterations = -1;
  EXPECT_EQ(code(state, options), Errc::bad_data);
}

TEST(BakePlan, DoublesTheIterationsAndPrunesEachLevel) {
  const std::vector<LevelPlan> plan = make_plan(256, 7000, 2.5);
  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(coarsest_resolution(256), 64);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(plan[i].resolution, 64 << i);
    EXPECT_EQ(plan[i].iterations, 1000 << i);
    EXPECT_EQ(plan[i].first_rate, 1.0f);
    EXPECT_GT(plan[i].prune, 0.0f);
  }
  EXPECT_GT(plan[1].prune, plan[2].prune);
  EXPECT_LT(plan[2].last_rate, plan[1].last_rate);
}

TEST(BakePlan, GridsFinerThanThePixelsOnlyRefine) {
  const std::vector<LevelPlan> plan = make_plan(1024, 24000, 0.7);
  ASSERT_EQ(plan.size(), 5u);
  EXPECT_EQ(plan[4].iterations, 4000);
  EXPECT_LT(plan[4].first_rate, plan[3].first_rate);
  EXPECT_EQ(plan[3].iterations, 10666);  // 8 of 15 parts of the other 20 000
  EXPECT_GT(plan[1].prune, 0.0f);
  for (size_t i = 2; i < 5; ++i) EXPECT_EQ(plan[i].prune, 0.0f);
  // However fine, the first grid and those before the last two take shape.
  EXPECT_EQ(make_plan(64, 100, 0.01)[0].first_rate, 1.0f);
  const std::vector<LevelPlan> fine = make_plan(1024, 24000, 1e-3);
  EXPECT_EQ(fine[2].first_rate, 1.0f);
  EXPECT_LT(fine[3].first_rate, 1.0f);
  for (const LevelPlan& level : make_plan(1024, 1, 0.7)) EXPECT_EQ(level.iterations, 1);
}

TEST(Pace, TimeLeftFollowsTheMeasuredSpeed) {
  Pace pace({{64, 100, 1, 1, 0}, {128, 200, 1, 1, 0}, {256, 400, 1, 1, 0}});
  EXPECT_LT(pace.seconds_left(0, 0), 0);  // not known yet
  pace.add(0, 50, 5.0);                   // 0.1 s an iteration; then 0.2 and 0.4
  EXPECT_NEAR(pace.seconds_left(0, 50), 5 + 40 + 160, 1e-9);
  pace.add(0, 50, 5.0);
  pace.add(1, 20, 6.0);  // three times slower, so the last level is taken to have 0.9 s
  EXPECT_NEAR(pace.seconds_left(1, 20), 180 * 0.3 + 400 * 0.9, 1e-9);
  pace.add(2, 100, 50.0);
  EXPECT_NEAR(pace.seconds_left(2, 100), 150, 1e-9);
  EXPECT_NEAR(pace.seconds_left(2, 400), 0, 1e-9);
}

TEST(Pace, FractionIsTheShareOfTheSamples) {
  const Pace pace({{64, 100, 1, 1, 0}, {128, 150, 1, 1, 0}});
  EXPECT_DOUBLE_EQ(pace.fraction(0, 0), 0);
  EXPECT_DOUBLE_EQ(pace.fraction(0, 100), 0.25);
  EXPECT_DOUBLE_EQ(pace.fraction(1, 75), 0.625);
  EXPECT_DOUBLE_EQ(pace.fraction(1, 150), 1);
}

}  // namespace
}  // namespace voxpack
