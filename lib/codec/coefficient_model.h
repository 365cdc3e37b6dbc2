// Contexts and adaptive probabilities of the coefficients of one group of channels, shared by
// encoder and decoder (docs/format.md, "Coefficients").
#pragma once

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

#include "codec/coded_field.h"
#include "codec/symbol_table.h"

namespace voxpack {

inline constexpr int kExpectedClasses = 24;
inline constexpr int kContextsPerClass = 32;  // predicted 8, own 2, last 2
inline constexpr int kPlainMagnitudes = 8;    // larger ones, 8 too, are escapes
inline constexpr int kEscapeSymbol = kSymbolCount - 1;
inline constexpr int kMaxLast = 15;
inline constexpr int kEscapeLengthBits = 5;
inline constexpr int kMaxEscapeLength = 24;

// Half octaves of the expected magnitude, which is in 1/4096.
inline int expected_class(int32_t expected) {
  const int32_t limited = std::max(expected, 16);  // no branch: what is below 32 comes out below 1
  const int width = std::bit_width(static_cast<uint32_t>(limited));
  return std::clamp(2 * width - 11 + (limited >> (width - 2) & 1), 0, kExpectedClasses - 1);
}

// Symbol 0 is 0, 2 n - 1 is n, 2 n is -n.
inline int32_t value_of_symbol(int symbol) {
  const int32_t magnitude = (symbol + 1) >> 1;
  const int32_t sign = (symbol & 1) - 1;
  return (magnitude ^ sign) - sign;
}
inline int symbol_of_value(int32_t q) {
  if (q >= kPlainMagnitudes || q <= -kPlainMagnitudes) return kEscapeSymbol;
  return q > 0 ? 2 * q - 1 : -2 * q;
}

// What the first coefficients of a class are thought to be: magnitudes that fall geometrically.
inline std::array<uint16_t, kSymbolCount> first_counts(int expected_class) {
  constexpr uint32_t kSum = 128;
  const int half = std::max(0, expected_class - 1);
  const uint32_t mean = expected_class == 0 ? 16 : (2u + (half & 1)) << (half / 2 + 4);
  const auto ratio = static_cast<uint32_t>((uint64_t{mean} << 16) / (mean + 4096));
  uint32_t share = 65536 - ratio;
  std::array<uint16_t, kSymbolCount> counts{};
  uint32_t rest = kSum - (share * kSum >> 16);
  counts[0] = static_cast<uint16_t>(kSum - rest);
  for (int n = 1; n < kPlainMagnitudes; ++n) {
    share = share * ratio >> 16;
    const uint32_t each = share * kSum >> 17;
    counts[2 * n - 1] = counts[2 * n] = static_cast<uint16_t>(each);
    rest -= 2 * each;
  }
  counts[kEscapeSymbol] = static_cast<uint16_t>(rest);
  return counts;
}

// The tables of one group.
class CoefficientModel {
 public:
  explicit CoefficientModel(int channel_count) {
    std::array<uint16_t, kSymbolCount> even;
    even.fill(8);
    tables_.reserve(static_cast<size_t>(channel_count) * kExpectedClasses * kContextsPerClass);
    for (int c = 0; c < channel_count; ++c) {
      for (int e = 0; e < kExpectedClasses; ++e) {
        tables_.insert(tables_.end(), kContextsPerClass, SymbolTable(first_counts(e)));
        escapes_.emplace_back(even);
      }
    }
  }

  // `context` is 4 * predicted + 2 * own + last.
  SymbolTable& table(int channel, int expected_class, int context) {
    return tables_[(channel * kExpectedClasses + expected_class) * kContextsPerClass + context];
  }
  SymbolTable& escape(int channel, int expected_class) {
    return escapes_[channel * kExpectedClasses + expected_class];
  }

 private:
  std::vector<SymbolTable> tables_;
  std::vector<SymbolTable> escapes_;
};

}  // namespace voxpack
