#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "codec/coefficient_model.h"
#include "codec/dec_symbols.h"
#include "codec/enc_symbols.h"

namespace voxpack {
namespace {

TEST(SymbolTable, RangesCoverEverySlotOnce) {
  std::mt19937 random(1);
  for (int e = 0; e < kExpectedClasses; ++e) {
    SymbolTable table(first_counts(e));
    for (int round = 0; round < 12'000; ++round) {
      if (round % 500 == 0) {
        uint32_t end = 0;
        for (int s = 0; s < kSymbolCount; ++s) {
          const SymbolRange range = table.range(s);
          ASSERT_EQ(range.start, end);
          ASSERT_GE(range.size, 1u);
          end = range.start + range.size;
          ASSERT_EQ(table.find(range.start), s);
          ASSERT_EQ(table.find(end - 1), s);
        }
        ASSERT_EQ(end, kSymbolOne);
      }
      table.count(round < 2000 ? static_cast<int>(random() % kSymbolCount) : 5);
    }
    EXPECT_GT(table.range(5).size, kSymbolOne / 2);  // forgets what is long ago
  }
}

TEST(Symbols, RoundTripWithEvenBits) {
  for (const int count : {0, 1, 7, 100'000}) {
    std::mt19937 random(static_cast<uint32_t>(count));
    std::vector<int> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<int>(random() % 40));
    SymbolTable to(first_counts(12)), from(first_counts(12));
    SymbolEncoder encoder;
    encoder.make_room(values.size());  // and more on the way
    for (const int v : values) {
      encoder.make_room(2);
      if (v < kSymbolCount) encoder.encode(to, v);
      encoder.encode_even(static_cast<uint32_t>(v), v % 16);
    }
    const std::vector<uint8_t> bytes = encoder.finish();
    SymbolDecoder decoder(bytes);
    for (const int v : values) {
      if (v < kSymbolCount) {
        ASSERT_EQ(decoder.decode(from), v);
      }
      ASSERT_EQ(decoder.decode_even(v % 16), static_cast<uint32_t>(v) & ((1u << v % 16) - 1));
    }
    EXPECT_TRUE(decoder.exhausted());
  }
}

TEST(Symbols, StatesAreDividedExactly) {
  const StateReciprocals reciprocals;
  for (uint32_t size = 1; size < kSymbolOne; ++size) {
    const uint64_t quotient = (uint64_t{1} << 48) - 1;  // the largest state is below size << 48
    for (const uint64_t state : {uint64_t{0}, uint64_t{size} - 1, uint64_t{size}, quotient * size,
                                 quotient * size - 1, quotient * size + size - 1}) {
      ASSERT_EQ(reciprocals.divide(state, size), state / size) << state << " / " << size;
    }
  }
}

TEST(Symbols, SizeIsTheEntropy) {
  constexpr int kCount = 200'000;
  std::mt19937 random(3);
  SymbolTable table(first_counts(3));
  SymbolEncoder encoder;
  encoder.make_room(kCount);
  double entropy = 0;
  for (int i = 0; i < kCount; ++i) {
    const int symbol = random() % 10 == 0 ? 1 + static_cast<int>(random() % 4) : 0;
    encoder.encode(table, symbol);
    entropy -= std::log2(symbol == 0 ? 0.9 : 0.025);
  }
  EXPECT_NEAR(static_cast<double>(encoder.finish().size()) * 8 / entropy, 1.0, 0.01);
}

TEST(Symbols, CutAndLongerDataIsSeen) {
  SymbolTable table(first_counts(12));
  SymbolEncoder encoder;
  encoder.make_room(1000);
  for (int i = 0; i < 1000; ++i) encoder.encode(table, i * 7 % kSymbolCount);
  std::vector<uint8_t> bytes = encoder.finish();
  const auto decodes = [](const std::vector<uint8_t>& data) {
    SymbolTable own(first_counts(12));
    SymbolDecoder decoder(data);
    for (int i = 0; i < 1000; ++i) decoder.decode(own);
    return decoder.exhausted();
  };
  EXPECT_TRUE(decodes(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decodes({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)})) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decodes(bytes));
}

TEST(Coefficients, SymbolsAndClassesAreInOrder) {
  for (int q = -7; q <= 7; ++q) EXPECT_EQ(value_of_symbol(symbol_of_value(q)), q);
  EXPECT_EQ(symbol_of_value(8), kEscapeSymbol);
  EXPECT_EQ(symbol_of_value(-8), kEscapeSymbol);
  EXPECT_EQ(expected_class(31), 0);
  EXPECT_EQ(expected_class(32), 1);
  EXPECT_EQ(expected_class(48), 2);
  EXPECT_EQ(expected_class(64), 3);
  EXPECT_EQ(expected_class(-5), 0);
  EXPECT_EQ(expected_class(1 << 30), kExpectedClasses - 1);
  for (int e = 0; e < kExpectedClasses; ++e) {
    int sum = 0;
    for (const uint16_t count : first_counts(e)) sum += count;
    EXPECT_EQ(sum, 128) << e;
    if (e == 0) continue;
    EXPECT_LE(first_counts(e)[0], first_counts(e - 1)[0]) << e;
  }
  EXPECT_GT(first_counts(kExpectedClasses - 1)[kEscapeSymbol], 64);
}

}  // namespace
}  // namespace voxpack
