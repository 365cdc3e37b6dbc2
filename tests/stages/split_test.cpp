#include "stages/split.h"

#include <gtest/gtest.h>

#include <numeric>

#include "stages/prune_test_support.h"
#include "support/test_field.h"

namespace voxpack {
namespace {

class Split : public testing::Test {
 protected:
  void SetUp() override { kernels = std::move(make_kernels("cpu")).take(); }

  DetailMap detect(const Field& field) {
    return std::move(run_detect(field, {}, {.pixel_stride = 3, .sphere_views = 12}, *kernels, log))
        .take();
  }

  Field split(const Field& field, const DetailMap& detail, uint64_t target) {
    auto made = split_blocks(field, detail, target);
    EXPECT_TRUE(made.ok()) << made.error().message();
    if (!made.ok()) return {};
    const Status valid = validate(made.value());
    EXPECT_TRUE(valid.ok()) << valid.message();
    return std::move(made).take();
  }

  Log log;
  std::unique_ptr<Kernels> kernels;
};

TEST_F(Split, PicturesStayAsTheyAre) {
  const Field field = make_ball(24, 0.3, 1.5, 3, textured);
  const DetailMap detail = detect(field);
  const uint64_t target = field.point_count() * 3;
  const Field finer = split(field, detail, target);
  EXPECT_LE(finer.point_count(), target);
  EXPECT_GT(finer.point_count(), target * 8 / 10);
  EXPECT_EQ(finer.blocks.back().level, -1);
  EXPECT_EQ(finer.blocks.front().level, 0);
  // Half the sample distance is all that changes.
  EXPECT_GT(compare_pictures(field, finer, *kernels), 33);
}

TEST_F(Split, AllOfAFieldOfTwoLevels) {
  const Field field = make_test_field();  // levels 0 and 1
  const DetailMap detail = detect(field);
  const Field finer = split(field, detail, kMaxPoints);
  EXPECT_GT(finer.point_count(), 2 * field.point_count());
  EXPECT_EQ(finer.blocks.back().level, -1);
  EXPECT_EQ(finer.importance.size(), finer.point_count());
  EXPECT_GT(compare_pictures(field, finer, *kernels), 33);
}

TEST_F(Split, TakesTheBlocksWithDetail) {
  // Textured where x is small, flat elsewhere.
  const Field field = make_ball(32, 0.3, 1.5, 3, [](double x, double y, double z) {
    return x < 0 ? textured(x, y, z) : flat(x, y, z);
  });
  const DetailMap detail = detect(field);
  const Field finer = split(field, detail, field.point_count() * 3 / 2);
  size_t textured_side = 0, flat_side = 0;
  for (const Block& block : finer.blocks) {
    if (block.level == -1) ++(block.x < 32 / 4 ? textured_side : flat_side);
  }
  EXPECT_GT(textured_side, 3 * flat_side);
}

TEST_F(Split, NothingWithoutBudgetOrDetail) {
  const Field field = make_ball(24, 0.3, 1.5, 3, textured);
  DetailMap detail = detect(field);
  EXPECT_EQ(split(field, detail, field.point_count()).density, field.density);
  detail.detail.edit().assign(detail.detail.size(), 0.0f);
  EXPECT_EQ(split(field, detail, kMaxPoints).density, field.density);
}

TEST_F(Split, RefusesAnothersDetail) {
  const Field field = make_ball(24, 0.3, 1.5, 3, textured);
  EXPECT_EQ(split_blocks(field, {}, kMaxPoints).error().code(), Errc::usage);
  Field broken = field;
  broken.density.edit()[0] = std::nanf("");
  EXPECT_EQ(split_blocks(broken, detect(field), kMaxPoints).error().code(), Errc::bad_data);
}

}  // namespace
}  // namespace voxpack
