// Selection of points, and the points of a finer level against the plain reference of the field.
#include "stages/points.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

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
    field.importance.edit().push_back(static_cast<float>(i));
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

// A topology has no values and selects like the field.
TEST(SelectSites, WithAndWithoutValues) {
  const Field field = random_field(1, 3);
  std::mt19937_64 random(4);
  std::vector<uint64_t> masks;
  for (size_t i = 0; i < field.blocks.size(); ++i) masks.push_back(i % 5 == 0 ? 0 : random());
  const Field kept = select_sites(field, masks);
  ASSERT_TRUE(validate(kept).ok()) << validate(kept).message();
  EXPECT_LT(kept.blocks.size(), field.blocks.size());
  const Field topology = select_sites(topology_of(field), masks);
  EXPECT_TRUE(topology.density.empty());
  EXPECT_TRUE(topology.features.empty());
  ASSERT_EQ(topology.blocks.size(), kept.blocks.size());
  for (size_t i = 0; i < kept.blocks.size(); ++i) {
    EXPECT_EQ(topology.blocks[i].mask, kept.blocks[i].mask);
    EXPECT_EQ(topology.blocks[i].first_point, kept.blocks[i].first_point);
  }
}

// Positions of all points of a topology.
std::set<std::array<int, 3>> sites_of(const Field& topology) {
  Field field = topology;
  field.density.edit().resize(point_count(topology.blocks), 0.0f);
  field.features.edit().resize(field.density.size() * static_cast<size_t>(field.channels()), 0.0f);
  EXPECT_TRUE(validate(field).ok()) << validate(field).message();
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  std::set<std::array<int, 3>> sites;
  for (size_t i = 0; i < positions.size(); i += 3)
    sites.insert({positions[i], positions[i + 1], positions[i + 2]});
  return sites;
}

// Exactly the sites whose value involves a point are there, so the function can be kept.
TEST(DoubleResolution, HasTheSitesThatMatter) {
  for (uint32_t seed = 1; seed < 4; ++seed) {
    const Field field = random_field(0, seed);
    const auto fine = double_resolution(field);
    ASSERT_TRUE(fine.ok());
    EXPECT_EQ(fine.value().resolution, 40);
    EXPECT_TRUE(fine.value().density.empty());
    const ReferenceField before(field);
    std::set<std::array<int, 3>> expected;
    for (int z = 0; z <= 40; ++z) {
      for (int y = 0; y <= 40; ++y) {
        for (int x = 0; x <= 40; ++x) {
          if (!before.at({x / 2.0, y / 2.0, z / 2.0}).empty()) expected.insert({x, y, z});
        }
      }
    }
    EXPECT_GT(expected.size(), 2000u);
    EXPECT_EQ(sites_of(fine.value()), expected);
  }
}

TEST(DoubleResolution, StoresNoMoreThanNeeded) {
  Field field;
  field.resolution = 16;
  field.density = {2.0f};
  field.features = {0.25f, 0.5f, 1.0f};
  ASSERT_TRUE(assign_points(field, std::vector<uint16_t>{8, 5, 3}, {}).ok());
  const auto fine = double_resolution(field);
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ(sites_of(fine.value()).size(), 27u);
}

// The last site of the cube has a neighbour outside the finer lattice, which must not be made.
TEST(DoubleResolution, StaysInsideTheLattice) {
  Field field;
  field.resolution = 16;
  field.density = {2.0f, 1.0f};
  field.features = {0, 0, 0, 1, 1, 1};
  ASSERT_TRUE(assign_points(field, std::vector<uint16_t>{0, 0, 0, 16, 16, 16}, {}).ok());
  const auto fine = double_resolution(field);
  ASSERT_TRUE(fine.ok());
  const auto sites = sites_of(fine.value());
  EXPECT_EQ(sites.size(), 16u);  // eight sites inside the cube at each of the two corners
  EXPECT_EQ(sites.count({32, 32, 32}), 1u);
}

TEST(DoubleResolution, EmptyField) {
  Field field;
  field.resolution = 16;
  const auto fine = double_resolution(field);
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ(fine.value().resolution, 32);
  EXPECT_TRUE(fine.value().blocks.empty());
}

}  // namespace
}  // namespace voxpack
