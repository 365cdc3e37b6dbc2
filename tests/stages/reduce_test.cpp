#include "stages/reduce.h"

#include <gtest/gtest.h>

#include "stages/prune_test_support.h"
#include "support/threads.h"

namespace voxpack {
namespace {

// Waves of 12 voxels at resolution 40.
std::array<float, 3> smooth(double x, double y, double z) {
  const auto wave = [](double v) { return static_cast<float>(0.5 + 0.4 * std::sin(v * 20)); };
  return {wave(x), wave(y), wave(z)};
}

class Reduce : public testing::Test {
 protected:
  void SetUp() override {
    kernels = std::move(make_kernels("cpu")).take();
    field = make_ball(40, 0.3, 1.5, 4, smooth);
    options.detect = {.pixel_stride = 4, .sphere_views = 8};
    options.teacher_views = 8;
  }

  DetailMap detail() {
    return std::move(run_detect(field, {}, options.detect, *kernels, log)).take();
  }

  // Pictures of the field as photos.
  std::vector<View> photos(int count = 8) {
    return std::move(draw_teacher(field, count, *kernels, log)).take();
  }

  Field reduce(std::span<const View> views, std::vector<ReduceTurn>* turns = nullptr) {
    auto made = run_reduce(field, detail(), views, options, *kernels, log, turns);
    EXPECT_TRUE(made.ok()) << made.error().message();
    if (!made.ok()) return {};
    EXPECT_TRUE(validate(made.value()).ok());
    EXPECT_EQ(made.value().importance.size(), made.value().point_count());
    return std::move(made).take();
  }

  Log log;
  std::unique_ptr<Kernels> kernels;
  Field field;
  ReduceOptions options;
};

TEST_F(Reduce, TurnsDivideByThree) {
  EXPECT_EQ(turn_targets(60'000'000, 2'000'000), (std::vector<uint64_t>{6'000'000, 2'000'000}));
  EXPECT_EQ(turn_targets(60'000'000, 500'000),
            (std::vector<uint64_t>{4'500'000, 1'500'000, 500'000}));
  EXPECT_EQ(turn_targets(20'000'000, 2'000'000), (std::vector<uint64_t>{2'000'000}));
  EXPECT_EQ(turn_targets(0, 5), (std::vector<uint64_t>{5}));
  EXPECT_EQ(turn_targets(kMaxPoints, 0), (std::vector<uint64_t>{0}));
}

TEST_F(Reduce, WithoutIterationsItPrunes) {
  options.prune.target_points = field.point_count() / 40;
  options.refine_iterations = 0;
  std::vector<ReduceTurn> turns;
  const Field reduced = reduce({}, &turns);
  const auto pruned = run_prune(field, detail(), options.prune, *kernels, log);
  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(reduced.density, pruned.value().density);
  EXPECT_EQ(reduced.features, pruned.value().features);
  ASSERT_EQ(turns.size(), 1u);
  EXPECT_EQ(turns[0].point_count, reduced.point_count());
  EXPECT_EQ(turns[0].iterations, 0);
}

TEST_F(Reduce, RefinesAgainstItsOwnPicturesInTurns) {
  options.prune.target_points = field.point_count() / 20;
  options.refine_iterations = 0;
  const double pruned_db = compare_pictures(field, reduce({}), *kernels);
  options.refine_iterations = 80;
  options.teacher_views = 16;
  std::vector<ReduceTurn> turns;
  const Field reduced = reduce({}, &turns);
  EXPECT_LE(reduced.point_count(), options.prune.target_points);
  EXPECT_GT(compare_pictures(field, reduced, *kernels), pruned_db + 1);
  ASSERT_EQ(turns.size(), 2u);
  EXPECT_EQ(turns[0].target_points, 3 * options.prune.target_points);
  EXPECT_EQ(turns[0].iterations, 8);
  EXPECT_EQ(turns[1].iterations, 72);
}

TEST_F(Reduce, KeepsToTheLargestLoss) {
  const std::vector<View> views = photos();
  options.max_loss_db = 30;  // the photos are pictures of the field: 50 dB and more to begin with
  options.refine_iterations = 10;
  const Field coarse = reduce(views);
  options.max_loss_db = 12;
  const Field fine = reduce(views);
  EXPECT_LT(coarse.point_count(), fine.point_count());
  EXPECT_LT(fine.point_count(), field.point_count());
  const double first_db = compare_pictures(field, field, *kernels);
  EXPECT_GT(first_db, compare_pictures(field, coarse, *kernels));
}

TEST_F(Reduce, SameForAnyThreads) {
  options.prune.target_points = field.point_count() / 20;
  options.refine_iterations = 12;
  const auto run = [&](int threads) {
    const Threads scope(threads);
    return reduce({});
  };
  const Field one = run(1), three = run(3);
  EXPECT_EQ(one.density, three.density);
  EXPECT_EQ(one.features, three.features);
}

TEST_F(Reduce, Refuses) {
  options.max_loss_db = 1;
  EXPECT_EQ(run_reduce(field, detail(), {}, options, *kernels, log).error().code(), Errc::usage);
  options.max_loss_db = 0;
  EXPECT_EQ(run_reduce(field, detail(), photos(1), options, *kernels, log).error().code(),
            Errc::usage);
  options.max_loss_db.reset();
  options.refine_iterations = -1;
  EXPECT_EQ(run_reduce(field, detail(), {}, options, *kernels, log).error().code(), Errc::usage);
  options.refine_iterations = 1;
  options.teacher_views = 0;
  EXPECT_EQ(run_reduce(field, detail(), {}, options, *kernels, log).error().code(), Errc::usage);
}

TEST_F(Reduce, AnEmptyFieldStaysEmpty) {
  field = {};
  field.resolution = 8;
  options.prune.target_points = 10;
  EXPECT_EQ(reduce({}).point_count(), 0u);
}

}  // namespace
}  // namespace voxpack
