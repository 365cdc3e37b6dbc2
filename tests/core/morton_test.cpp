#include "core/morton.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace voxpack {
namespace {

// One bit after the other, from the definition.
uint64_t reference_code(uint32_t x, uint32_t y, uint32_t z) {
  uint64_t code = 0;
  for (int bit = 0; bit < 21; ++bit) {
    code |= uint64_t{x >> bit & 1} << (3 * bit);
    code |= uint64_t{y >> bit & 1} << (3 * bit + 1);
    code |= uint64_t{z >> bit & 1} << (3 * bit + 2);
  }
  return code;
}

TEST(Morton, SitesOfABlock) {
  EXPECT_EQ(morton_code(0, 0, 0), 0u);
  EXPECT_EQ(morton_code(1, 0, 0), 1u);
  EXPECT_EQ(morton_code(0, 1, 0), 2u);
  EXPECT_EQ(morton_code(0, 0, 1), 4u);
  EXPECT_EQ(morton_code(2, 0, 0), 8u);
  EXPECT_EQ(morton_code(3, 3, 3), 63u);
}

TEST(Morton, MatchesReferenceAndTurnsBack) {
  constexpr uint32_t kTop = (1u << 21) - 1;
  std::mt19937 random(1);
  std::vector<std::array<uint32_t, 3>> positions = {
      {kTop, kTop, kTop}, {kTop, 0, 0}, {0, kTop, 0}, {0, 0, kTop}};
  for (int bit = 0; bit < 21; ++bit) positions.push_back({1u << bit, kTop ^ 1u << bit, 0});
  while (positions.size() < 10'007) {
    std::array<uint32_t, 3> position;
    for (uint32_t& coordinate : position) coordinate = static_cast<uint32_t>(random()) & kTop;
    positions.push_back(position);
  }
  for (const auto& [x, y, z] : positions) {
    const uint64_t code = morton_code(x, y, z);
    ASSERT_EQ(code, reference_code(x, y, z)) << x << " " << y << " " << z;
    ASSERT_EQ(gather_bits_3(code), x);
    ASSERT_EQ(gather_bits_3(code >> 1), y);
    ASSERT_EQ(gather_bits_3(code >> 2), z);
  }
}

TEST(Morton, UpperBitsAreCutOff) {
  EXPECT_EQ(spread_bits_3(uint64_t{1} << 21), 0u);
  EXPECT_EQ(spread_bits_3(~uint64_t{0}), 0x1249249249249249u);
  static_assert(morton_code(5, 9, 1) == 1095, "usable in constants");
}

}  // namespace
}  // namespace voxpack
