#include "codec/point_shape.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "codec/dec_geometry.h"
#include "codec/enc_attributes.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

using Place = std::array<int, 3>;

// Positions in the order of the points, for fields of one level.
std::vector<Place> places(const std::vector<CodedBlock>& blocks) {
  std::vector<Place> out;
  for (const CodedBlock& block : blocks) {
    for (int i = 0; i < 64; ++i) {
      if (!(block.mask >> i & 1)) continue;
      out.push_back({4 * block.x + static_cast<int>(gather_bits_3(static_cast<uint64_t>(i))),
                     4 * block.y + static_cast<int>(gather_bits_3(static_cast<uint64_t>(i) >> 1)),
                     4 * block.z + static_cast<int>(gather_bits_3(static_cast<uint64_t>(i) >> 2))});
    }
  }
  return out;
}

// From the words of docs/format.md.
int expected_shape(const std::map<Place, bool>& occupied, const Place& p) {
  const auto at = [&](int dx, int dy, int dz) {
    return occupied.count({p[0] + dx, p[1] + dy, p[2] + dz});
  };
  std::array<size_t, 3> pairs = {at(1, 0, 0) + at(-1, 0, 0), at(0, 1, 0) + at(0, -1, 0),
                                 at(0, 0, 1) + at(0, 0, -1)};
  std::sort(pairs.begin(), pairs.end());
  int e[3] = {0, 0, 0};
  for (int dx = -1; dx <= 1; ++dx) {
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dz = -1; dz <= 1; ++dz) {
        if (std::abs(dx) + std::abs(dy) + std::abs(dz) != 2 || !at(dx, dy, dz)) continue;
        const size_t faces = (dx != 0 ? at(dx, 0, 0) : 0) + (dy != 0 ? at(0, dy, 0) : 0) +
                             (dz != 0 ? at(0, 0, dz) : 0);
        ++e[faces];
      }
    }
  }
  const int faces = static_cast<int>(9 * pairs[0] + 3 * pairs[1] + pairs[2]);
  return ((faces * 13 + e[1]) * 13 + e[0]) * 13 + e[2];
}

TEST(PointShape, IsThatOfTheFormatPage) {
  for (const double fill : {0.1, 0.6, 1.0}) {
    RandomCodes options;
    options.fill = fill;
    options.blocks = 0.5;
    options.resolution = 21;
    const auto blocks = random_blocks(options);
    const Tree tree = build_tree(shape_of(options.resolution, blocks), blocks).take();
    const auto sites = places(blocks);
    std::map<Place, bool> occupied;
    for (const Place& site : sites) occupied[site] = true;
    const auto shapes = point_shapes(tree);
    ASSERT_EQ(shapes.size(), sites.size());
    for (size_t i = 0; i < sites.size(); ++i) {
      ASSERT_EQ(shapes[i], expected_shape(occupied, sites[i])) << i;
      ASSERT_LT(shapes[i], kShapeCount);
    }
  }
}

TEST(PointShape, FitFindsTheMeanOfEveryCommonShape) {
  RandomCodes options;
  options.fill = 0.97;
  options.blocks = 0.8;
  options.resolution = 60;
  options.max_level = 1;
  const auto blocks = random_blocks(options);
  const Tree tree = build_tree(shape_of(options.resolution, blocks), blocks).take();
  const auto shapes = point_shapes(tree);
  std::mt19937 random(2);
  std::vector<float> numbers;
  for (const uint16_t shape : shapes) {
    numbers.push_back(static_cast<float>(shape % 97) +
                      static_cast<float>(random() % 1000) / 1000.0f);
    numbers.push_back(5.0f);
  }
  const std::vector<float> before = numbers;
  const ShapeFit fit = fit_shapes(tree, numbers, 2, {});
  const auto offsets = point_offsets(tree, fit.offsets);
  ASSERT_EQ(offsets.size(), shapes.size());
  const auto spread = [](const std::vector<float>& values) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < values.size(); i += 2) {
      sum += static_cast<double>(values[i]);
      square += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
    const double count = static_cast<double>(values.size()) / 2;
    return square / count - sum / count * sum / count;
  };
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_EQ(numbers[2 * i + 1], 5.0f);
    EXPECT_NEAR(before[2 * i] - numbers[2 * i], static_cast<float>(offsets[i]) * fit.step, 1e-4f);
  }
  EXPECT_LT(spread(numbers), 0.5 * spread(before));
  EXPECT_FALSE(fit.offsets.empty());
  for (size_t i = 1; i < fit.offsets.size(); ++i) {
    EXPECT_LT(fit.offsets[i - 1].shape, fit.offsets[i].shape);
  }
  EXPECT_TRUE(point_offsets(tree, {}).empty());
}

}  // namespace
}  // namespace voxpack
