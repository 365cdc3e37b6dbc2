#include "stages/protect.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "stages/prune.h"
#include "stages/prune_test_support.h"

namespace voxpack {
namespace {

TEST(Protect, MasksBecomePartsOfTheView) {
  Camera camera;
  camera.width = 30;
  camera.height = 20;
  camera.fx = camera.fy = 25;
  camera.cx = 15;
  camera.cy = 10;
  camera.camera_to_world = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3};
  Image mask{30, 20, 3, std::vector<uint8_t>(30 * 20 * 3, 0)};
  for (const size_t pixel : {size_t{0}, size_t{19 * 30 + 29}})
    for (size_t c = 0; c < 3; ++c) mask.pixels[3 * pixel + c] = 255;
  const auto parts = mask_cameras(camera, mask);
  ASSERT_TRUE(parts.ok()) << parts.error().message();
  ASSERT_EQ(parts.value().size(), 2u);
  EXPECT_EQ(parts.value()[0].width, 8);
  EXPECT_EQ(parts.value()[1].width, 6);   // 24 .. 29
  EXPECT_EQ(parts.value()[1].height, 4);  // 16 .. 19
  // The same ray for the same pixel.
  const Ray whole = camera_ray(camera, 25.5, 17.5), part = camera_ray(parts.value()[1], 1.5, 1.5);
  for (size_t a = 0; a < 3; ++a) EXPECT_DOUBLE_EQ(whole.direction[a], part.direction[a]);

  Image see_through{30, 20, 4, std::vector<uint8_t>(30 * 20 * 4, 255)};
  for (size_t i = 3; i < see_through.pixels.size(); i += 4) see_through.pixels[i] = 0;
  EXPECT_TRUE(mask_cameras(camera, see_through).value().empty());
  mask.width = 29;
  EXPECT_EQ(mask_cameras(camera, mask).error().code(), Errc::bad_data);
  EXPECT_EQ(mask_cameras(camera, {}).error().code(), Errc::bad_data);
}

class ProtectedDetail : public testing::Test {
 protected:
  void SetUp() override {
    kernels = std::move(make_kernels("cpu")).take();
    field = make_ball(32, 0.3, 1.5, 3, textured);
    options = {.pixel_stride = 3, .sphere_views = 12};
  }

  // Sums of the visibility of points with x below and above the middle.
  std::array<double, 2> sides(const DetectOptions& with) {
    const auto map = run_detect(field, {}, with, *kernels, log);
    EXPECT_TRUE(map.ok());
    std::vector<uint16_t> positions;
    std::vector<int8_t> levels;
    list_points(field, positions, levels);
    std::array<double, 2> sums{};
    for (size_t i = 0; i < field.point_count(); ++i)
      sums[positions[3 * i] > 16] += static_cast<double>(map.value().visibility_sum[i]);
    return sums;
  }

  Log log;
  std::unique_ptr<Kernels> kernels;
  Field field;
  DetectOptions options;
};

TEST_F(ProtectedDetail, ABoxCountsMore) {
  const auto before = sides(options);
  options.protect.boxes = {{{0, 0, 0}, {0.5, 1, 1}}};
  options.protect.weight = 5;
  const auto after = sides(options);
  EXPECT_NEAR(after[0], 5 * before[0], 1e-3 * after[0]);
  EXPECT_DOUBLE_EQ(after[1], before[1]);
}

TEST_F(ProtectedDetail, AMaskedViewCountsMore) {
  const auto before = sides(options);
  // All of one view that looks from the side of large x.
  for (const Camera& camera : sphere_cameras(field, 12)) {
    if (camera_position(camera)[0] > 1.2) options.protect.cameras = {camera};
  }
  ASSERT_EQ(options.protect.cameras.size(), 1u);
  const auto after = sides(options);
  EXPECT_GT(after[1] - before[1], 3 * (after[0] - before[0]));
  EXPECT_GT(after[1], 1.2 * before[1]);
}

TEST_F(ProtectedDetail, PruneKeepsWhatIsProtected) {
  const auto finest_points = [&] {
    const auto map = run_detect(field, {}, options, *kernels, log);
    const auto pruned =
        run_prune(field, map.value(), {.target_points = field.point_count() / 4}, *kernels, log);
    size_t count = 0;
    for (const Block& block : pruned.value().blocks)
      if (block.level == 0 && block.x < 4) count += static_cast<size_t>(point_count(block));
    return count;
  };
  const size_t before = finest_points();
  options.protect.boxes = {{{0, 0, 0}, {0.5, 1, 1}}};
  options.protect.weight = 100;
  EXPECT_GT(finest_points(), before * 5 / 4);
}

TEST_F(ProtectedDetail, Refuses) {
  const auto code = [&] { return run_detect(field, {}, options, *kernels, log).error().code(); };
  options.protect.weight = 0.5;
  EXPECT_EQ(code(), Errc::usage);
  options.protect.weight = 2;
  options.protect.boxes = {{{0, 0, 0.5}, {1, 1, 0.4}}};
  EXPECT_EQ(code(), Errc::usage);
  options.protect.boxes[0].lower[2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(code(), Errc::usage);
}

}  // namespace
}  // namespace voxpack
