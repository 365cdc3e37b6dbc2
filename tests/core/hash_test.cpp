#include "core/hash.h"

#include <gtest/gtest.h>

#include <string_view>
#include <unordered_set>
#include <vector>

namespace voxpack {
namespace {

uint64_t hash_text(std::string_view text) {
  return xxh3_64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// The values that xxhsum -H3 prints: packages carry them, so they may never change.
TEST(Hash, KnownValues) {
  EXPECT_EQ(xxh3_64({}), 0x2d06800538d394c2u);
  EXPECT_EQ(hash_text("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(hash_text("voxpack"), 0xd7874088f930bc71u);
  EXPECT_EQ(xxh3_64(std::vector<uint8_t>(1000, 0)), 0x24c1ea6074dd588cu);
}

// Lengths on both sides of the algorithm's own limits (16, 128, 240 bytes and its 1024-byte
// stripes).
TEST(Hash, EveryLengthAndEveryBitCounts) {
  std::vector<uint8_t> bytes(1100);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37 + 11);
  std::unordered_set<uint64_t> seen;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    // An allocation of its own, so that a sanitizer sees the first byte read too far.
    EXPECT_TRUE(
        seen.insert(xxh3_64(std::vector<uint8_t>(bytes.begin(), bytes.begin() + size))).second);
  }
  const uint64_t whole = xxh3_64(bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] ^= 1 << bit;
      ASSERT_NE(xxh3_64(bytes), whole) << "byte " << i << " bit " << bit;
      bytes[i] ^= 1 << bit;
    }
  }
}

TEST(Hash, DoesNotDependOnAlignment) {
  std::vector<uint8_t> bytes(600);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i % 251);
  for (size_t shift = 1; shift < 9; ++shift) {
    std::vector<uint8_t> moved(shift, 0);
    moved.insert(moved.end(), bytes.begin(), bytes.end());
    EXPECT_EQ(xxh3_64(std::span(moved).subspan(shift)), xxh3_64(bytes));
  }
}

}  // namespace
}  // namespace voxpack
