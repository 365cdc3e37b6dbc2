#include "field/field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <tuple>

#include "core/morton.h"

namespace voxpack {
namespace {

// assign_points() for lists in braces.
Status assign(Field& field, const std::vector<uint16_t>& positions,
              const std::vector<int8_t>& levels) {
  return assign_points(field, positions, levels);
}

using Site = std::tuple<int, int, int, int>;  // level, x, y, z

// Points of mixed levels: level 2 for x < 32 cells, level 0 up to 48, level -1 above, a fifth of
// the sites.
struct Points {
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
};

Points mixed_points(int resolution) {
  Points points;
  std::mt19937 random(3);
  for (const int level : {0, 2, -1}) {
    const int sites = sites_per_axis(resolution, level);
    const double scale = std::ldexp(1.0, level);
    for (int i = 0; i < sites * sites * sites; ++i) {
      const int x = i % sites, y = i / sites % sites, z = i / sites / sites;
      const double cell_x = x * scale;
      const bool mine = level == 2   ? cell_x < 32
                        : level == 0 ? cell_x >= 32 && cell_x < 48
                                     : cell_x >= 48;
      if (!mine || random() % 5 != 0) continue;
      for (const int v : {x, y, z}) points.positions.push_back(static_cast<uint16_t>(v));
      points.levels.push_back(static_cast<int8_t>(level));
    }
  }
  return points;
}

void shuffle(Points& points) {
  std::mt19937 random(5);
  for (size_t i = points.levels.size() - 1; i > 0; --i) {
    const size_t j = random() % (i + 1);
    std::swap(points.levels[i], points.levels[j]);
    for (int k = 0; k < 3; ++k) std::swap(points.positions[i * 3 + k], points.positions[j * 3 + k]);
  }
}

// A field whose density and features tell which point they came from.
Field numbered_field(const Points& points, int resolution) {
  Field field;
  field.resolution = resolution;
  const size_t count = points.levels.size();
  field.density.edit().resize(count, 0.0f);
  field.importance.edit().resize(count, 0.0f);
  for (size_t i = 0; i < count; ++i) {
    field.density.edit()[i] = static_cast<float>(i);
    field.importance.edit()[i] = static_cast<float>(2 * i);
    for (int c = 0; c < 3; ++c) field.features.edit().push_back(static_cast<float>(i) + 0.25f * c);
  }
  return field;
}

Field small_field() {
  Field field = numbered_field({{0, 0, 0, 1, 0, 0, 9, 9, 9}, {0, 0, 0}}, 16);
  EXPECT_TRUE(assign(field, {0, 0, 0, 1, 0, 0, 9, 9, 9}, {}).ok());
  return field;
}

TEST(Field, SitesPerAxis) {
  EXPECT_EQ(sites_per_axis(16, 0), 17);
  EXPECT_EQ(sites_per_axis(16, 2), 5);
  EXPECT_EQ(sites_per_axis(17, 2), 6);
  EXPECT_EQ(sites_per_axis(10, 6), 2);
  EXPECT_EQ(sites_per_axis(16, -1), 33);
  EXPECT_EQ(sites_per_axis(kMaxResolution, -1), 32769);
  for (int n = kMinResolution; n < 200; ++n) {
    for (int level = 0; level <= kMaxLevel; ++level) {
      int count = 0;
      while (count << level < n + (1 << level)) ++count;
      ASSERT_EQ(sites_per_axis(n, level), count) << n << " " << level;
    }
  }
}

TEST(Field, AssignAndListAreInverse) {
  for (const bool shuffled : {false, true}) {
    Points points = mixed_points(64);
    if (shuffled) shuffle(points);
    Field field = numbered_field(points, 64);
    ASSERT_TRUE(assign(field, points.positions, points.levels).ok());
    ASSERT_TRUE(validate(field).ok()) << validate(field).message();
    std::vector<uint16_t> positions;
    std::vector<int8_t> levels;
    list_points(field, positions, levels);
    ASSERT_EQ(levels.size(), points.levels.size());
    for (size_t i = 0; i < levels.size(); ++i) {
      const auto from = static_cast<size_t>(field.density[i]);
      ASSERT_EQ(levels[i], points.levels[from]);
      for (size_t k = 0; k < 3; ++k) {
        ASSERT_EQ(positions[i * 3 + k], points.positions[from * 3 + k]);
        ASSERT_EQ(field.features[i * 3 + k], field.density[i] + 0.25f * static_cast<float>(k));
      }
      ASSERT_EQ(field.importance[i], 2 * field.density[i]);
    }
    EXPECT_TRUE(std::is_sorted(field.blocks.begin(), field.blocks.end(), block_before));
    EXPECT_EQ(field.blocks.front().level, 2);
    EXPECT_EQ(field.blocks.back().level, -1);
    // A sorted field passes through unchanged.
    Field again = field;
    ASSERT_TRUE(assign(again, positions, levels).ok());
    EXPECT_EQ(again.density, field.density);
    EXPECT_EQ(again.features, field.features);
  }
}

// Large fields are checked by parts; blocks and the order go on across them.
TEST(Field, AssignWorksByParts) {
  Points points;
  for (uint64_t code = 0; code < uint64_t{1} << 20; ++code) {
    if (code % 7 == 3 || code % 64 == 60) continue;  // parts do not end where blocks do
    for (int a = 0; a < 3; ++a) {
      points.positions.push_back(static_cast<uint16_t>(gather_bits_3(code >> a)));
    }
  }
  points.levels.assign(points.positions.size() / 3, 0);
  Field field = numbered_field(points, 128);
  ASSERT_TRUE(assign(field, points.positions, points.levels).ok());
  ASSERT_TRUE(validate(field).ok()) << validate(field).message();
  EXPECT_TRUE(std::is_sorted(field.density.begin(), field.density.end()));
  EXPECT_EQ(field.blocks.size(), size_t{1} << 14);
  // One point out of order in a late part: sorted, with the same blocks.
  Points swapped = points;
  for (size_t k = 0; k < 3; ++k) {
    std::swap(swapped.positions[3 * 800'000 + k], swapped.positions[3 * 800'001 + k]);
  }
  Field other = numbered_field(swapped, 128);
  ASSERT_TRUE(assign(other, swapped.positions, swapped.levels).ok());
  ASSERT_TRUE(validate(other).ok()) << validate(other).message();
  EXPECT_EQ(other.blocks.size(), field.blocks.size());
  EXPECT_EQ(other.density[800'000], field.density[800'001]);
  // Of two bad points the first is named.
  points.levels[300'000] = points.levels[700'000] = 9;
  const Status refused = assign(field, points.positions, points.levels);
  EXPECT_EQ(refused.code(), Errc::bad_data);
  EXPECT_NE(refused.message().find("point 300000 "), std::string::npos) << refused.message();
}

TEST(Field, MaskBitsAreMortonCodes) {
  Field field = numbered_field({{5, 6, 7}, {0}}, 16);
  ASSERT_TRUE(assign(field, {5, 6, 7}, {}).ok());
  ASSERT_EQ(field.blocks.size(), 1u);
  EXPECT_EQ(field.blocks[0].x, 1);
  EXPECT_EQ(field.blocks[0].mask, uint64_t{1} << morton_code(1, 2, 3));
}

TEST(Field, HighestSiteOfTheFinestLattice) {
  Field field = numbered_field({{32768, 32768, 32768}, {-1}}, kMaxResolution);
  ASSERT_TRUE(assign(field, {32768, 32768, 32768}, {-1}).ok());
  EXPECT_TRUE(validate(field).ok());
  EXPECT_EQ(assign(field, {32769, 0, 0}, {-1}).code(), Errc::bad_data);
}

TEST(Field, AssignRefuses) {
  Field two = numbered_field({{}, {0, 0}}, 16);
  EXPECT_EQ(assign(two, {1, 2, 3, 1, 2, 3}, {}).code(), Errc::bad_data);       // duplicate
  EXPECT_EQ(assign(two, {1, 2, 3, 17, 0, 0}, {}).code(), Errc::bad_data);      // outside
  EXPECT_EQ(assign(two, {1, 2, 3}, {}).code(), Errc::bad_data);                // count
  EXPECT_EQ(assign(two, {1, 2, 3, 4, 4, 4}, {0}).code(), Errc::bad_data);      // levels
  EXPECT_EQ(assign(two, {1, 2, 3, 4, 4, 4}, {0, 7}).code(), Errc::bad_data);   // level
  EXPECT_EQ(assign(two, {1, 2, 3, 4, 4, 4}, {0, -2}).code(), Errc::bad_data);  // level
  // Block (0, 0, 0) of level 1 covers blocks (0..1)^3 of level 0 and (0..3)^3 of level -1.
  EXPECT_EQ(assign(two, {0, 0, 0, 7, 7, 7}, {1, 0}).code(), Errc::bad_data);
  EXPECT_EQ(assign(two, {15, 0, 0, 0, 0, 0}, {-1, 1}).code(), Errc::bad_data);
  EXPECT_TRUE(assign(two, {0, 0, 0, 8, 0, 0}, {1, 0}).ok());
  EXPECT_TRUE(assign(two, {0, 0, 0, 16, 0, 0}, {1, -1}).ok());
}

TEST(Field, EmptyFieldIsValid) {
  Field field = numbered_field({}, 16);
  EXPECT_TRUE(assign(field, {}, {}).ok());
  EXPECT_TRUE(validate(field).ok());
}

// Each change must make a valid field invalid.
TEST(Field, ValidateRefuses) {
  ASSERT_TRUE(validate(small_field()).ok());
  using Change = void (*)(Field&);
  const std::map<std::string, Change> changes = {
      {"nan density", [](Field& f) { f.density.edit()[1] = NAN; }},
      {"infinite density", [](Field& f) { f.density.edit()[2] = -INFINITY; }},
      {"nan feature", [](Field& f) { f.features.edit().back() = NAN; }},
      {"huge feature", [](Field& f) { f.features.edit()[0] = 1e10f; }},
      {"negative importance", [](Field& f) { f.importance.edit()[0] = -1e-6f; }},
      {"nan importance", [](Field& f) { f.importance.edit()[0] = NAN; }},
      {"importance size", [](Field& f) { f.importance.edit().pop_back(); }},
      {"feature size", [](Field& f) { f.features.edit().pop_back(); }},
      {"density size", [](Field& f) { f.density.edit().push_back(0); }},
      {"one point less", [](Field& f) { f.blocks[1].mask = 0; }},
      {"mask", [](Field& f) { f.blocks[0].mask = 7; }},
      {"order", [](Field& f) { std::swap(f.blocks[0], f.blocks[1]); }},
      {"doubled block", [](Field& f) { f.blocks[1] = f.blocks[0]; }},
      {"first point", [](Field& f) { f.blocks[1].first_point = 1; }},
      {"outside", [](Field& f) { f.blocks[1].x = 5; }},
      {"far outside", [](Field& f) { f.blocks[1].z = 65535; }},
      {"level", [](Field& f) { f.blocks[0].level = 7; }},
      {"overlap", [](Field& f) { f.blocks[0].level = 2; }},
      {"resolution 0", [](Field& f) { f.resolution = 0; }},
      {"resolution", [](Field& f) { f.resolution = kMaxResolution + 1; }},
      {"edge 0", [](Field& f) { f.cube.edge = 0; }},
      {"edge nan", [](Field& f) { f.cube.edge = NAN; }},
      {"origin", [](Field& f) { f.cube.origin[1] = INFINITY; }},
      {"channels", [](Field& f) { f.appearance.kind = AppearanceKind::sh1; }},
      {"kind", [](Field& f) { f.appearance.kind = static_cast<AppearanceKind>(9); }},
  };
  for (const auto& [name, change] : changes) {
    Field field = small_field();
    change(field);
    const Status status = validate(field);
    EXPECT_EQ(status.code(), Errc::bad_data) << name;
    EXPECT_FALSE(status.message().empty()) << name;
  }
}

TEST(Field, NanIsFoundAtEveryPlace) {
  Field field = numbered_field({}, 64);
  std::vector<uint16_t> positions;
  for (uint16_t i = 0; i < 10'001; ++i) {
    positions.insert(positions.end(),
                     {static_cast<uint16_t>(i % 64), static_cast<uint16_t>(i / 64 % 64),
                      static_cast<uint16_t>(i / 4096)});
    field.density.edit().push_back(1);
    field.features.edit().insert(field.features.edit().end(), {1, 2, 3});
  }
  ASSERT_TRUE(assign(field, positions, {}).ok());
  ASSERT_TRUE(validate(field).ok());
  for (const size_t at : {0, 1, 4095, 4096, 8191, 10'000}) {
    field.density.edit()[at] = NAN;
    const Status status = validate(field);
    EXPECT_NE(status.message().find("density value " + std::to_string(at)), std::string::npos);
    field.density.edit()[at] = 1;
  }
}

}  // namespace
}  // namespace voxpack
