#include "stages/prune.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cstdlib>
#include <limits>
#include <numeric>

#include "stages/points.h"
#include "stages/prune_select.h"
#include "stages/prune_test_support.h"

namespace voxpack {
namespace {

class Prune : public testing::Test {
 protected:
  void SetUp() override { kernels = std::move(make_kernels("cpu")).take(); }

  DetailMap detect(const Field& field) {
    return std::move(run_detect(field, {}, {.pixel_stride = 3, .sphere_views = 12}, *kernels, log))
        .take();
  }

  Field prune(const Field& field, const DetailMap& detail, const PruneOptions& options) {
    auto made = run_prune(field, detail, options, *kernels, log);
    EXPECT_TRUE(made.ok()) << made.error().message();
    if (!made.ok()) return {};
    const Status valid = validate(made.value());
    EXPECT_TRUE(valid.ok()) << valid.message();
    EXPECT_EQ(made.value().importance.size(), made.value().point_count());
    EXPECT_LE(made.value().point_count(), options.target_points);
    return std::move(made).take();
  }

  Log log;
  std::unique_ptr<Kernels> kernels;
};

Field by_visibility(const Field& field, const DetailMap& detail, size_t count) {
  std::vector<uint32_t> order(field.point_count());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return detail.visibility_sum[a] > detail.visibility_sum[b];
  });
  std::vector<uint8_t> keep(order.size(), 0);
  for (size_t i = 0; i < count; ++i) keep[order[i]] = 1;
  return select_points(field, keep);
}

TEST_F(Prune, RemovesTheUnseenInside) {
  const Field field = make_ball(48, 0.3, 1.5, 20, textured);
  const DetailMap detail = detect(field);
  const Field pruned = prune(field, detail, {.target_points = kMaxPoints});
  EXPECT_LT(pruned.point_count(), field.point_count() * 8 / 10);
  EXPECT_GT(compare_pictures(field, pruned, *kernels), 50);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(pruned, positions, levels);
  for (size_t i = 0; i < positions.size(); i += 3) {
    EXPECT_GT(std::hypot(positions[i] - 24.0, positions[i + 1] - 24.0, positions[i + 2] - 24.0), 7);
  }
}

TEST_F(Prune, KeepsNegativeSitesThatEndTheSurface) {
  const Field field = make_ball(32, 0.3, 1.5, 3, flat);
  DetailMap detail = detect(field);
  size_t negative = 0;
  for (size_t i = 0; i < field.point_count(); ++i) {
    if (field.density[i] < 0) detail.visibility_max.edit()[i] = 0, ++negative;
  }
  ASSERT_GT(negative, 100u);
  const Field pruned = prune(field, detail, {.target_points = kMaxPoints});
  size_t kept = 0;
  for (const float d : pruned.density) kept += d < 0;
  EXPECT_GT(kept, negative * 8 / 10);
}

TEST_F(Prune, BudgetIsHeld) {
  const Field field = make_ball(64, 0.35, 1.5, 3, textured);
  const DetailMap detail = detect(field);
  const Field seen = prune(field, detail, {.target_points = kMaxPoints});
  for (const size_t divisor : {2, 4, 9}) {
    const size_t target = seen.point_count() / divisor;
    const Field pruned = prune(field, detail, {.target_points = target});
    EXPECT_GE(pruned.point_count(), target * 9 / 10) << divisor;
  }
  const Field same = prune(field, detail, {.target_points = seen.point_count()});
  EXPECT_EQ(same.point_count(), seen.point_count());
  for (const uint64_t tiny : {1, 7}) {
    const Field pruned = prune(field, detail, {.target_points = tiny});
    EXPECT_GE(pruned.point_count(), 1u);
  }
}

TEST_F(Prune, FlatRegionsMergeFirst) {
  const Field field = make_ball(96, 0.35, 1.5, 3, [](double x, double y, double z) {
    return x > 0 ? textured(x, y, z) : flat(x, y, z);
  });
  const Field pruned =
      prune(field, detect(field), {.target_points = field.point_count() * 11 / 20});
  size_t fine[2] = {}, coarse[2] = {};
  for (const Block& block : pruned.blocks) {
    const double middle = (block.x * 4 + 2.0) * std::ldexp(1.0, block.level) - 48;
    if (std::fabs(middle) < 8) continue;
    // By area: a merged block covers four times that of a fine one.
    (block.level == 0 ? fine : coarse)[middle > 0] += block.level == 0 ? 1 : 4;
  }
  const double flat_share =
      static_cast<double>(coarse[0]) / static_cast<double>(coarse[0] + fine[0]);
  const double rough_share =
      static_cast<double>(coarse[1]) / static_cast<double>(coarse[1] + fine[1]);
  EXPECT_GT(flat_share, 1.3 * rough_share) << flat_share << " " << rough_share;
}

TEST_F(Prune, PicturesSurvive) {
  const Field field = make_ball(96, 0.35, 1.5, 3, [](double x, double y, double z) {
    return textured(x * 0.4, y * 0.4, z * 0.4);
  });
  const DetailMap detail = detect(field);
  const Field pruned = prune(field, detail, {.target_points = field.point_count() / 4});
  const double ours = compare_pictures(field, pruned, *kernels);
  const double dropped =
      compare_pictures(field, by_visibility(field, detail, pruned.point_count()), *kernels);
  EXPECT_GT(ours, 46);  // 40.7 if the cells of merged blocks were not closed
  EXPECT_GT(ours, dropped + 8);
}

TEST_F(Prune, MergesToTheCoarsestLevelOnly) {
  const Field field = make_ball(64, 0.35, 1.5, 3, flat);
  const DetailMap detail = detect(field);
  for (const int coarsest : {0, 1, 2}) {
    const Field pruned = prune(
        field, detail, {.target_points = field.point_count() / 20, .coarsest_level = coarsest});
    EXPECT_EQ(pruned.blocks.front().level, coarsest);
  }
}

TEST_F(Prune, TakesFieldsOfSeveralLevels) {
  const Field field = make_ball(64, 0.35, 1.5, 3, textured);
  const DetailMap detail = detect(field);
  const Field once = prune(field, detail, {.target_points = field.point_count() / 4});
  ASSERT_NE(once.blocks.front().level, once.blocks.back().level);
  const Field twice = prune(once, detect(once), {.target_points = once.point_count() / 2});
  EXPECT_GE(twice.point_count(), once.point_count() / 2 * 8 / 10);
  const Field fine = make_ball(32, 0.35, 1.5, 3, flat, -1);
  ASSERT_EQ(fine.blocks.front().level, -1);
  prune(fine, detect(fine), {.target_points = fine.point_count() / 4});
  const Field coarse = make_ball(64, 0.35, 1.5, 3, flat, 1);
  prune(coarse, detect(coarse), {.target_points = coarse.point_count() / 2, .coarsest_level = 0});
}

TEST_F(Prune, ImportanceIsHandedOn) {
  const Field field = make_ball(96, 0.35, 1.5, 3, flat);
  const DetailMap detail = detect(field);
  const Field pruned = prune(field, detail, {.target_points = field.point_count() / 4});
  const double before =
      std::accumulate(detail.visibility_sum.begin(), detail.visibility_sum.end(), 0.0);
  const double after = std::accumulate(pruned.importance.begin(), pruned.importance.end(), 0.0);
  EXPECT_GT(after, 0.8 * before);
  EXPECT_LT(after, 1.2 * before);
}

TEST_F(Prune, SameForAnyNumberOfThreads) {
  const Field field = make_ball(48, 0.35, 1.5, 3, textured);
  const DetailMap detail = detect(field);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Field one = prune(field, detail, {.target_points = field.point_count() / 4});
  omp_set_num_threads(2);
  const Field two = prune(field, detail, {.target_points = field.point_count() / 4});
  omp_set_num_threads(threads);
  EXPECT_EQ(one.density, two.density);
  EXPECT_EQ(one.features, two.features);
  EXPECT_EQ(one.importance, two.importance);
  ASSERT_EQ(one.blocks.size(), two.blocks.size());
  for (size_t i = 0; i < one.blocks.size(); ++i) EXPECT_EQ(one.blocks[i].mask, two.blocks[i].mask);
}

TEST_F(Prune, SameOnCuda) {
  auto made = make_kernels("cuda");
  if (!made.ok() && std::getenv("VOXPACK_REQUIRE_CUDA")) FAIL() << made.error().message();
  if (!made.ok()) GTEST_SKIP() << made.error().message();
  const Field field = make_ball(100, 0.35, 2.5, 5, textured);
  const DetailMap expected_detail = detect(field);
  const PruneOptions options = {.target_points = field.point_count() / 5};
  const Field expected = prune(field, expected_detail, options);
  kernels = std::move(made).take();
  const DetailMap detail = detect(field);
  EXPECT_EQ(detail.visibility_sum, expected_detail.visibility_sum);
  EXPECT_EQ(detail.detail, expected_detail.detail);
  const Field found = prune(field, detail, options);
  EXPECT_EQ(found.density, expected.density);
  EXPECT_EQ(found.features, expected.features);
  EXPECT_EQ(found.importance, expected.importance);
  ASSERT_EQ(found.blocks.size(), expected.blocks.size());
  for (size_t i = 0; i < found.blocks.size(); ++i) {
    EXPECT_EQ(found.blocks[i].level, expected.blocks[i].level);
    EXPECT_EQ(found.blocks[i].mask, expected.blocks[i].mask);
  }
}

TEST_F(Prune, RefusesWhatDoesNotFit) {
  const Field field = make_ball(32, 0.3, 1.5, 3, flat);
  const DetailMap detail = detect(field);
  const auto code_of = [&](const DetailMap& map, const PruneOptions& options) {
    return run_prune(field, map, options, *kernels, log).error().code();
  };
  DetailMap shorter = detail;
  shorter.visibility_max.edit().pop_back();
  EXPECT_EQ(code_of(shorter, {}), Errc::usage);
  EXPECT_EQ(code_of({}, {}), Errc::usage);
  EXPECT_EQ(code_of(detail, {.target_points = 0}), Errc::usage);
  EXPECT_EQ(code_of(detail, {.coarsest_level = kMaxLevel + 1}), Errc::usage);
  EXPECT_EQ(code_of(detail, {.coarsest_level = -1}), Errc::usage);
  EXPECT_EQ(code_of(detail, {.min_visibility = std::numeric_limits<float>::quiet_NaN()}),
            Errc::usage);
  DetailMap broken = detail;
  broken.detail.edit()[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code_of(broken, {}), Errc::bad_data);
}

TEST_F(Prune, EmptyAndUnseenFields) {
  Field field;
  field.cube = {{0, 0, 0}, 1.0};
  field.resolution = 64;
  EXPECT_EQ(prune(field, {}, {}).point_count(), 0u);
  const Field ball = make_ball(32, 0.3, 1.5, 3, flat);
  const DetailMap blind{std::vector<float>(ball.point_count()),
                        std::vector<float>(ball.point_count()),
                        std::vector<float>(ball.point_count())};
  EXPECT_EQ(prune(ball, blind, {}).point_count(), 0u);
  EXPECT_LE(prune(ball, blind, {.target_points = 10, .min_visibility = 0}).point_count(), 10u);
}

// Two trees of one parent and two children: the cheaper merge goes first, ties in Morton order.
TEST(PruneSelect, CheapestFirst) {
  std::vector<SelectLevel> levels(2);
  for (uint32_t n = 0; n < 4; ++n) {
    levels[0].nodes.push_back({.first_child = 0,
                               .child_count = 0,
                               .first_site = n * 4,
                               .site_count = 4,
                               .cost = 0,
                               .can_be_leaf = true});
  }
  levels[0].drop_cost.assign(16, 100.0f);
  levels[1].drop_cost.assign(4, 100.0f);
  for (uint32_t n = 0; n < 2; ++n) {
    levels[1].nodes.push_back({.first_child = n * 2,
                               .child_count = 2,
                               .first_site = n * 2,
                               .site_count = 2,
                               .cost = n == 0 ? 5.0f : 1.0f,
                               .can_be_leaf = true});
  }
  const auto count_of = [&](const std::vector<ChosenBlock>& chosen) {
    size_t count = 0;
    for (const ChosenBlock& block : chosen)
      count += levels[block.level].nodes[block.node].site_count;
    return count;
  };
  EXPECT_EQ(select_blocks(levels, 16).size(), 4u);
  const auto one = select_blocks(levels, 12);
  ASSERT_EQ(one.size(), 3u);
  EXPECT_EQ(count_of(one), 10u);
  EXPECT_EQ(one.back().level, 1u);
  EXPECT_EQ(one.back().node, 1u);
  EXPECT_EQ(count_of(select_blocks(levels, 9)), 4u);
  levels[1].nodes[0].cost = 1.0f;  // a tie: the first in order stays fine
  const auto tie = select_blocks(levels, 12);
  ASSERT_EQ(tie.size(), 3u);
  EXPECT_EQ(tie.back().node, 1u);
  EXPECT_TRUE(select_blocks({}, 5).empty());
}

}  // namespace
}  // namespace voxpack
