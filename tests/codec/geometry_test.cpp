#include <gtest/gtest.h>

#include "codec/dec_geometry.h"
#include "codec/enc_geometry.h"
#include "codec/limits.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

void expect_round_trip(int resolution, const std::vector<CodedBlock>& blocks) {
  const TreeShape shape = shape_of(resolution, blocks);
  auto tree = build_tree(shape, blocks);
  ASSERT_TRUE(tree.ok()) << tree.error().message();
  const std::vector<uint8_t> bytes = encode_geometry(tree.value());
  auto back = decode_geometry(bytes, shape, tree.value().point_count);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back.value().child_mask, tree.value().child_mask);
  EXPECT_EQ(back.value().link, tree.value().link);
  EXPECT_EQ(back.value().leaf_depth, tree.value().leaf_depth);
  auto listed = list_blocks(back.value());
  ASSERT_TRUE(listed.ok()) << listed.error().message();
  EXPECT_EQ(listed.value(), blocks);
}

TEST(Geometry, RandomFieldsRoundTrip) {
  uint32_t seed = 0;
  for (const int max_level : {-1, 0, 2, 3}) {
    for (const int spread : {0, 1, 3}) {
      for (const double fill : {0.02, 0.5, 1.0}) {
        RandomCodes options;
        options.seed = ++seed;
        options.resolution = 29;  // odd, so that the lattice ends inside a block
        options.max_level = max_level;
        options.min_level = std::max(-1, max_level - spread);
        options.fill = fill;
        expect_round_trip(options.resolution, random_blocks(options));
      }
    }
  }
}

TEST(Geometry, EmptyOnePointAndFarCorner) {
  expect_round_trip(64, {});
  expect_round_trip(4, {{0, 0, 0, 0, 1}});
  expect_round_trip(kCodedMaxResolution, {{0, 4096, 4096, 4096, 1}});
  expect_round_trip(kCodedMaxResolution, {{-1, 8192, 8192, 8192, 1}});
  expect_round_trip(kCodedMaxResolution, {{6, 0, 0, 0, ~uint64_t{0}}, {-1, 8191, 8191, 8191, 1}});
}

TEST(Geometry, SolidCubeStaysWithinTheLimit) {
  std::vector<CodedBlock> blocks;
  for (uint32_t i = 0; i < 16 * 16 * 16; ++i) {
    blocks.push_back({0, static_cast<uint16_t>(gather_bits_3(i)),
                      static_cast<uint16_t>(gather_bits_3(i >> 1)),
                      static_cast<uint16_t>(gather_bits_3(i >> 2)), ~uint64_t{0}});
  }
  expect_round_trip(128, blocks);
}

TEST(Geometry, BuildRefusesWhatIsNoField) {
  const TreeShape shape{16, 0, 2};
  const std::vector<std::vector<CodedBlock>> wrong = {
      {{0, 0, 0, 0, 0}},                   // no points
      {{0, 1, 0, 0, 1}, {0, 0, 0, 0, 1}},  // order
      {{0, 1, 0, 0, 1}, {0, 1, 0, 0, 1}},  // twice
      {{0, 0, 0, 0, 1}, {1, 0, 0, 0, 1}},  // levels ascend
      {{1, 0, 0, 0, 1}, {0, 1, 1, 1, 1}},  // overlap
      {{2, 0, 0, 0, 1}, {0, 3, 3, 3, 1}},  // overlap
      {{0, 5, 0, 0, 1}},                   // outside
      {{0, 4, 0, 0, 2}},                   // outside: site 17 of 17
      {{3, 0, 0, 0, 1}},                   // level not in the shape
  };
  for (size_t i = 0; i < wrong.size(); ++i) {
    auto tree = build_tree(shape, wrong[i]);
    ASSERT_FALSE(tree.ok()) << i;
    EXPECT_EQ(tree.error().code(), Errc::bad_data);
  }
}

TEST(Geometry, EveryTruncationAndWrongCountIsRefused) {
  RandomCodes options;
  options.max_level = 1;
  const auto blocks = random_blocks(options);
  const TreeShape shape = shape_of(options.resolution, blocks);
  const auto tree = build_tree(shape, blocks).take();
  std::vector<uint8_t> bytes = encode_geometry(tree);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    auto back = decode_geometry(cut, shape, tree.point_count);
    ASSERT_FALSE(back.ok()) << size;
    EXPECT_EQ(back.error().code(), Errc::bad_data);
  }
  for (const uint64_t count : {tree.point_count - 1, tree.point_count + 1, 1u}) {
    EXPECT_FALSE(decode_geometry(bytes, shape, count).ok());
  }
  EXPECT_FALSE(decode_geometry(bytes, shape, kMaxPointsPerByte * bytes.size() + 1).ok());
  EXPECT_FALSE(decode_geometry(bytes, shape, ~uint64_t{0}).ok());
  bytes.push_back(0);
  EXPECT_FALSE(decode_geometry(bytes, shape, tree.point_count).ok());
}

}  // namespace
}  // namespace voxpack
