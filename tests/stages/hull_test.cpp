// The visual hull: what it keeps, what it carves, and which photos it refuses.
#include "stages/hull.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "kernels/test_scene.h"

namespace voxpack {
namespace {

Errc code_of(std::span<const View> views) { return make_hull(views, 16).error().code(); }

double distance_to_middle(const Hull& hull, int x, int y, int z) {
  const double size = hull.cube.edge / hull.cells;
  double sum = 0;
  const int cell[3] = {x, y, z};
  for (size_t a = 0; a < 3; ++a) {
    const double p = hull.cube.origin[a] + (cell[a] + 0.5) * size;
    sum += p * p;
  }
  return std::sqrt(sum);
}

TEST(Hull, IsTheBall) {
  const std::vector<View> views = ball_views(24, 64);
  const auto made = make_hull(views, 40);
  ASSERT_TRUE(made.ok()) << made.error().message();
  const Hull& hull = made.value();
  ASSERT_EQ(hull.cells, 40);
  ASSERT_EQ(hull.occupied.size(), 64'000u);
  EXPECT_GT(hull.cube.edge, 2 * kBallRadius);
  EXPECT_LT(hull.cube.edge, 3 * kBallRadius);
  for (size_t a = 0; a < 3; ++a) EXPECT_NEAR(hull.cube.origin[a] + hull.cube.edge / 2, 0, 0.1);
  int outside = 0;
  for (int z = 0; z < 40; ++z) {
    for (int y = 0; y < 40; ++y) {
      for (int x = 0; x < 40; ++x) {
        const double r = distance_to_middle(hull, x, y, z);
        if (r < kBallRadius) {
          ASSERT_TRUE(hull.at(x, y, z));  // never too small
        } else if (r > 1.3 * kBallRadius) {
          ++outside;
          ASSERT_FALSE(hull.at(x, y, z));
        }
      }
    }
  }
  EXPECT_GT(outside, 1000);
}

TEST(Hull, OpaquePhotosCarveNothing) {
  std::vector<View> views = ball_views(6, 16);
  for (View& view : views) view.image = {16, 16, 3, std::vector<uint8_t>(16 * 16 * 3, 99)};
  const auto made = make_hull(views, 8);
  ASSERT_TRUE(made.ok()) << made.error().message();
  for (const uint8_t cell : made.value().occupied) EXPECT_EQ(cell, 1);
}

// The ball is cut by the border of the photos; what is outside them may be there all the same.
TEST(Hull, CutMasksCarveNothingOutsideThePhoto) {
  std::vector<View> views = ball_views(24, 32);
  const Vec3 from = {0, 3, 0};
  views.push_back(ball_view(look_at(from, {0, 0, 0}, 32, 32, 200), "close up"));
  const auto made = make_hull(views, 32);
  ASSERT_TRUE(made.ok()) << made.error().message();
  const Hull& hull = made.value();
  for (int z = 0; z < 32; ++z) {
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        ASSERT_TRUE(hull.at(x, y, z) || distance_to_middle(hull, x, y, z) > kBallRadius);
      }
    }
  }
}

TEST(Hull, RefusesWhatCannotBeCarved) {
  EXPECT_EQ(code_of({}), Errc::bad_data);
  const std::vector<View> views = ball_views(8, 16);
  EXPECT_EQ(make_hull(views, 16).ok(), true);

  std::vector<View> bad = views;
  bad[3].image = {};
  EXPECT_EQ(code_of(bad), Errc::bad_data);

  bad = views;  // one transparent photo is enough: nobody sees the object there
  for (size_t i = 3; i < bad[5].image.pixels.size(); i += 4) bad[5].image.pixels[i] = 0;
  EXPECT_EQ(code_of(bad), Errc::bad_data);

  bad = views;  // optical axes in parallel
  for (size_t i = 0; i < bad.size(); ++i) {
    bad[i].camera = look_at({0.01 * static_cast<double>(i), 0, 3},
                            {0.01 * static_cast<double>(i), 0, 0}, 16, 16, 24);
  }
  EXPECT_EQ(code_of(bad), Errc::bad_data);
  EXPECT_EQ(code_of({bad.data(), 1}), Errc::bad_data);  // one view alone

  bad = views;  // poses of another convention: the cameras look away
  for (View& view : bad) {
    for (const size_t i : {1, 2, 5, 6, 9, 10}) view.camera.camera_to_world[i] *= -1;
  }
  EXPECT_EQ(code_of(bad), Errc::bad_data);
}

TEST(Hull, RefusesACameraInsideTheObject) {
  for (const Vec3& from : {Vec3{0.2, 0.1, -0.1}, {0.1, 0, 0}, {0, 0, 0.7}}) {
    std::vector<View> views = ball_views(24, 32);
    views.push_back(ball_view(look_at(from, {1, 1, 1}, 32, 32, 32), "inner"));
    const auto made = make_hull(views, 32);
    ASSERT_FALSE(made.ok()) << from[0];
    EXPECT_EQ(made.error().code(), Errc::bad_data);
    EXPECT_NE(made.error().message().find("inner"), std::string::npos) << made.error().message();
  }
}

// Wide lenses: the first cube then has cameras in its corners, and photos without alpha carve
// nothing there.
TEST(Hull, AcceptsWideOpaquePhotos) {
  for (const int channels : {3, 4}) {
    std::vector<View> views;
    for (int i = 0; i < 8; ++i) {
      const double d = 2;
      const Vec3 from = {i & 1 ? d : -d, i & 2 ? d : -d, i & 4 ? d : -d};
      views.push_back({"wide", look_at(from, {0, 0, 0}, 16, 16, 8), {}});
      views.back().image = {16, 16, channels,
                            std::vector<uint8_t>(size_t(256) * size_t(channels), 255)};
    }
    const auto made = make_hull(views, 16);
    EXPECT_TRUE(made.ok()) << made.error().message();
  }
}

TEST(Hull, SameForAnyOrderOfTheViews) {
  std::vector<View> views = ball_views(9, 24);
  const auto forward = make_hull(views, 24);
  std::reverse(views.begin(), views.end());
  const auto backward = make_hull(views, 24);
  ASSERT_TRUE(forward.ok() && backward.ok());
  EXPECT_EQ(forward.value().occupied, backward.value().occupied);
}

// Every site of the cells that share room with an occupied cell of the hull, and no other.
TEST(HullField, HasTheSitesOfTheOccupiedCells) {
  std::mt19937 random(4);
  for (const auto& [cells, resolution] :
       {std::pair(12, 12), {12, 24}, {24, 12}, {12, 36}, {16, 12}, {16, 20}, {128, 48}, {7, 33}}) {
    SCOPED_TRACE(testing::Message() << cells << " cells, resolution " << resolution);
    Hull hull{{{-1, 2, 3}, 5},
              cells,
              std::vector<uint8_t>(size_t(cells) * size_t(cells) * size_t(cells))};
    for (int i = 0; i < 40; ++i) hull.occupied[random() % hull.occupied.size()] = 1;
    hull.occupied.front() = hull.occupied.back() = 1;
    AppearanceModel appearance;
    appearance.kind = AppearanceKind::sh1;
    const Field field = hull_field(hull, resolution, appearance);
    ASSERT_TRUE(validate(field).ok()) << validate(field).message();
    EXPECT_EQ(field.resolution, resolution);
    EXPECT_EQ(field.cube.edge, 5);
    std::set<std::array<int, 3>> expected, found;
    for (int i = 0; i < static_cast<int>(hull.occupied.size()); ++i) {
      if (!hull.occupied[size_t(i)]) continue;
      const int cell[3] = {i % cells, i / cells % cells, i / cells / cells};
      int first[3], last[3];  // sites of the field's cells that overlap it
      for (int a = 0; a < 3; ++a) {
        first[a] = cell[a] * resolution / cells;
        last[a] = ((cell[a] + 1) * resolution + cells - 1) / cells;
      }
      for (int z = first[2]; z <= last[2]; ++z) {
        for (int y = first[1]; y <= last[1]; ++y) {
          for (int x = first[0]; x <= last[0]; ++x) expected.insert({x, y, z});
        }
      }
    }
    std::vector<uint16_t> positions;
    std::vector<int8_t> levels;
    list_points(field, positions, levels);
    for (size_t i = 0; i < levels.size(); ++i) {
      EXPECT_EQ(levels[i], 0);
      found.insert({positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]});
    }
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_TRUE(found == expected);
    for (const float density : field.density) ASSERT_EQ(density, 0.0f);
    ASSERT_EQ(field.features.size(), field.point_count() * 12);
  }
}

}  // namespace
}  // namespace voxpack
