#include "codec/bit_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "codec/dec_range.h"
#include "codec/enc_range.h"

namespace voxpack {
namespace {

TEST(BitModel, SquashIsTheLogisticFunction) {
  for (int x = -2047; x < 2048; ++x) {
    const double expected = 65536.0 / (1.0 + std::exp(-x / 256.0));
    EXPECT_NEAR(kSquash[2048 + x], expected, 65) << x;
  }
}

TEST(BitModel, StretchInvertsSquash) {
  for (int x = -1500; x <= 1500; ++x) {
    EXPECT_NEAR(kStretch[kSquash[2048 + x] >> 4], x, 40 + std::exp(std::abs(x) / 256.0)) << x;
  }
}

TEST(BitModel, CounterFindsTheShareOfOnes) {
  std::mt19937 random(3);
  for (const double share : {0.0, 0.02, 0.5, 0.9, 1.0}) {
    Counter counter;
    for (int i = 0; i < 5000; ++i) update_counter(counter, random() < share * 4294967296.0, 255);
    EXPECT_NEAR(counter.p / 65536.0, share, 0.06) << share;
    EXPECT_GE(clamp_probability(counter.p), static_cast<uint32_t>(kMinProbability));
    EXPECT_LE(clamp_probability(counter.p), static_cast<uint32_t>(kMaxProbability));
  }
}

TEST(RangeCoder, RoundTripsAtExtremeProbabilities) {
  std::mt19937 random(5);
  std::vector<std::pair<uint32_t, bool>> bits;
  for (int i = 0; i < 200'000; ++i) {
    const uint32_t choices[] = {1,     24,    100,   32768,
                                65000, 65512, 65535, static_cast<uint32_t>(1 + random() % 65535)};
    const uint32_t p = choices[random() % 8];
    bits.push_back({p, random() % 65536 < p});
  }
  // A long run of unlikely bits makes carries.
  for (int i = 0; i < 1000; ++i) bits.push_back({65535, false});
  RangeEncoder encoder;
  for (const auto& [p, bit] : bits) encoder.code(p, bit);
  const std::vector<uint8_t> bytes = encoder.finish();
  RangeDecoder decoder(bytes);
  for (const auto& [p, bit] : bits) ASSERT_EQ(decoder.code(p), bit);
  EXPECT_TRUE(decoder.exhausted());
}

TEST(RangeCoder, SizeIsTheEntropy) {
  std::mt19937 random(6);
  RangeEncoder encoder;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) encoder.code(6554, random() % 10 == 0);  // 0.469 bits each
  EXPECT_NEAR(static_cast<double>(encoder.finish().size()) * 8 / kCount, 0.469, 0.01);
}

TEST(RangeCoder, CutDataIsSeen) {
  RangeEncoder encoder;
  for (int i = 0; i < 1000; ++i) encoder.code_even(i % 3 == 0);
  const std::vector<uint8_t> bytes = encoder.finish();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    RangeDecoder decoder(cut);
    for (int i = 0; i < 1000; ++i) decoder.code_even();
    EXPECT_TRUE(decoder.overrun());
  }
}

}  // namespace
}  // namespace voxpack
