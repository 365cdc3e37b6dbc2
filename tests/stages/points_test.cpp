// Selection and up-sampling of points against the plain reference of the field's value.
#include "stages/points.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "kernels/random_field.h"
#include "kernels/reference_field.h"

namespace voxpack {
namespace {

using Key = std::array<int, 4>;  // level and position

// Values of all points by place: density, features, importance.
std::map<Key, std::vector<float>> values_by_place(const Field& field) {
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  const auto channels = static_cast<size_t>(field.channels());
  std::map<Key, std::vector<float>> values;
  for (size_t i = 0; i < field.point_count(); ++i) {
    std::vector<float>& v =
        values[{levels[i], positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]}];
    v.push_back(field.density[i]);
    for (size_t c = 0; c < channels; ++c) v.push_back(field.features[i * channels + c]);
    if (!field.importance.empty()) v.push_back(field.importance[i]);
  }
  return values;
}

Field random_field(int coarsest, uint32_t seed) {
  RandomFieldOptions options;
  options.resolution = 20;
  options.coarsest = coarsest;
  options.kind = AppearanceKind::sh1;
  options.keep_block = 0.6;
  options.fill = 0.3;
  return make_random_field(options, seed);
}

TEST(SelectPoints, KeepsWhatItIsTold) {
  Field field = random_field(2, 1);
  std::mt19937 random(2);
  for (size_t i = 0; i < field.point_count(); ++i)
    field.importance.push_back(static_cast<float>(i));
  for (const uint32_t share : {0u, 1u, 5u, 10u}) {
    std::vector<uint8_t> keep(field.point_count());
    for (uint8_t& k : keep) k = random() % 10 < share ? 1 + random() % 255 : 0;
    const Field kept = select_points(field, keep);
    ASSERT_TRUE(validate(kept).ok()) << validate(kept).message();
    EXPECT_EQ(kept.resolution, field.resolution);
    EXPECT_EQ(kept.cube.edge, field.cube.edge);
    std::map<Key, std::vector<float>> expected = values_by_place(field);
    std::erase_if(expected, [&](const auto& entry) {
      return keep[static_cast<size_t>(entry.second.back())] == 0;
    });
    EXPECT_EQ(values_by_place(kept), expected);
    EXPECT_EQ(kept.point_count() == 0, share == 0);
  }
}

TEST(SelectPoints, EmptyField) {
  Field field;
  field.resolution = 16;
  EXPECT_EQ(select_points(field, {}).point_count(), 0u);
}

TEST(Upsample, KeepsTheFunction) {
  for (uint32_t seed = 1; seed < 5; ++seed) {
    const Field field = random_field(0, seed);
    const auto made = upsample(field, 0.7f);
    ASSERT_TRUE(made.ok());
    const Field& fine = made.value();
    ASSERT_TRUE(validate(fine).ok()) << validate(fine).message();
    EXPECT_EQ(fine.resolution, 40);
    const ReferenceField before(field), after(fine);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> place(0, 20);
    int visible = 0;
    for (int i = 0; i < 5000; ++i) {
      const Vec3 x = {place(random), place(random), place(random)};
      const Combination terms = before.at(x);
      const Combination fine_terms = after.at({2 * x[0], 2 * x[1], 2 * x[2]});
      visible += !terms.empty();
      for (int c = 0; c <= field.channels(); ++c) {
        const double scale = c == 0 ? 0.7 : 1.0;
        ASSERT_NEAR(value_of(fine, fine_terms, c), scale * value_of(field, terms, c), 2e-6)
            << x[0] << " " << x[1] << " " << x[2];
      }
    }
    EXPECT_GT(visible, 1000);
  }
}

TEST(Upsample, OldSitesKeepTheirValues) {
  const Field field = random_field(0, 9);
  const auto made = upsample(field, 0.5f);
  ASSERT_TRUE(made.ok());
  const auto fine = values_by_place(made.value());
  for (const auto& [key, values] : values_by_place(field)) {
    const auto found = fine.find({0, 2 * key[1], 2 * key[2], 2 * key[3]});
    ASSERT_NE(found, fine.end());
    EXPECT_EQ(found->second[0], 0.5f * values[0]);
    for (size_t c = 1; c < values.size(); ++c) EXPECT_EQ(found->second[c], values[c]);
  }
}

// Sites whose interpolation involves no point are not stored.
TEST(Upsample, StoresNoMoreThanNeeded) {
  Field field;
  field.resolution = 16;
  field.density = {2.0f};
  field.features = {0.25f, 0.5f, 1.0f};
  ASSERT_TRUE(assign_points(field, {8, 5, 3}, {}).ok());
  const auto made = upsample(field, 1.0f);
  ASSERT_TRUE(made.ok());
  const auto fine = values_by_place(made.value());
  EXPECT_EQ(fine.size(), 27u);
  for (const auto& [key, values] : fine) {
    const int odd = (key[1] != 16) + (key[2] != 10) + (key[3] != 6);
    EXPECT_EQ(values[0], 2.0f / static_cast<float>(1 << odd));
    EXPECT_EQ(values[3], 1.0f / static_cast<float>(1 << odd));
  }
}

// The last site of the cube has a neighbour outside the finer lattice, which must not be made.
TEST(Upsample, StaysInsideTheLattice) {
  Field field;
  field.resolution = 16;
  field.density = {2.0f, 1.0f};
  field.features = {0, 0, 0, 1, 1, 1};
  ASSERT_TRUE(assign_points(field, {0, 0, 0, 16, 16, 16}, {}).ok());
  const auto made = upsample(field, 1.0f);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(validate(made.value()).ok());
  const auto fine = values_by_place(made.value());
  EXPECT_EQ(fine.size(), 16u);  // eight sites inside the cube at each of the two corners
  EXPECT_EQ(fine.count({0, 32, 32, 32}), 1u);
  EXPECT_EQ(fine.count({0, 33, 32, 32}), 0u);
}

TEST(Upsample, EmptyField) {
  Field field;
  field.resolution = 16;
  const auto made = upsample(field, 1.0f);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value().resolution, 32);
  EXPECT_EQ(made.value().point_count(), 0u);
}

}  // namespace
}  // namespace voxpack
