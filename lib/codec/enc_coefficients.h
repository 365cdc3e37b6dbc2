// Encodes the coefficients of one group of channels and tells what a choice would cost; the
// counterpart of dec_attributes.cpp.
#pragma once

#include <cstdlib>
#include <span>
#include <vector>

#include "codec/attribute_walk.h"
#include "codec/enc_symbols.h"
#include "codec/plain_section.h"

namespace voxpack {

// -log2 of probabilities in bits, by integer squaring so that every machine gets the same.
struct BitCosts {
  std::array<float, 4096> at{};
  BitCosts() {
    for (uint32_t i = 0; i < 4096; ++i) {
      uint64_t x = 16 * i + 8;
      int whole = 0;
      while (x < 65536) {
        x *= 2;
        ++whole;
      }
      x <<= 14;  // 1..2 in 30 fraction bits
      uint32_t fraction = 0;
      for (int bit = 0; bit < 12; ++bit) {
        x = x * x >> 30;
        fraction *= 2;
        if (x >= uint64_t{2} << 30) {
          x >>= 1;
          ++fraction;
        }
      }
      at[i] = static_cast<float>(whole) - static_cast<float>(fraction) / 4096.0f;
    }
  }
  float of(const SymbolTable& table, int symbol) const {
    return at[(table.range(symbol).size - 1) >> (kSymbolBits - 12)];
  }
};

class CoefficientCoder {
 public:
  CoefficientCoder(std::span<const CodedChannel> channels, size_t coefficient_count)
      : channel_count_(static_cast<int>(channels.size())), model_(channel_count_) {
    encoder_.make_room(coefficient_count * channels.size());
    for (size_t ch = 0; ch < channels.size(); ++ch) {
      for (int axis = 0; axis < 3; ++axis) {
        last_[axis].at[ch] = 16 * channels[ch].context_weights[axis][3];
        last_but_one_[axis].at[ch] = 16 * channels[ch].context_weights[axis][4];
      }
    }
  }

  // Channel 0 of a split comes next.
  void begin_split() {
    last_magnitude_ = last_but_one_magnitude_ = 0;
    encoder_.make_room(kSymbolsPerCoefficient * kCodedMaxChannels);
  }

  // To be called before cost() and code(), channels in order; `row` is where the place has it.
  template <int kStride>
  void prepare(const SplitPlace<kStride>& place, int channel, int row) {
    channel_ = channel;
    expected_ = place.expected.at[row] + last_magnitude_ * last_[place.axis].at[channel] +
                last_but_one_magnitude_ * last_but_one_[place.axis].at[channel];
    class_ = expected_class(expected_);
    table_ = &model_.table(channel, class_, place.context.at[row] + (last_magnitude_ > 0));
  }

  // Bits that coefficient `q` takes.
  float cost(int32_t q) {
    if (symbol_of_value(q) != kEscapeSymbol) return costs_.of(*table_, symbol_of_value(q));
    const int32_t rest = std::abs(q) - kPlainMagnitudes;
    const int symbol = std::min(rest, kEscapeSymbol);
    float bits = costs_.of(*table_, kEscapeSymbol) + 1.0f +
                 costs_.of(model_.escape(channel_, class_), symbol);
    if (symbol == kEscapeSymbol) {
      bits += static_cast<float>(kEscapeLengthBits + std::bit_width(uint32_t(rest) - 14u) - 1);
    }
    return bits;
  }

  void code(int32_t q) {
    const int symbol = symbol_of_value(q);
    encoder_.encode(*table_, symbol);
    if (symbol == kEscapeSymbol) code_escape(q);
    last_but_one_magnitude_ = last_magnitude_;
    last_magnitude_ = std::min(kMaxLast, std::abs(q));
  }

  int32_t expected() const { return expected_; }  // in 1/4096
  int32_t last_magnitude() const { return last_magnitude_; }
  int32_t last_but_one_magnitude() const { return last_but_one_magnitude_; }

  // Everything coded so far as a section. What is coded afterwards begins the next one.
  std::vector<uint8_t> finish() {
    std::vector<uint8_t> section = encoder_.finish();
    section.insert(section.begin(), static_cast<uint8_t>(SectionMethod::coded));
    return section;
  }
  // Begins with new tables.
  void forget() { model_ = CoefficientModel(channel_count_); }

 private:
  // At most: the escape, its table's, length, magnitude in two parts, sign.
  static constexpr size_t kSymbolsPerCoefficient = 6;

  void code_escape(int32_t q) {
    const int32_t rest = std::abs(q) - kPlainMagnitudes;
    const int symbol = std::min(rest, kEscapeSymbol);
    encoder_.encode(model_.escape(channel_, class_), symbol);
    if (symbol == kEscapeSymbol) {
      const auto coded = static_cast<uint32_t>(rest - kEscapeSymbol) + 1;
      const int length = std::bit_width(coded) - 1;
      encoder_.encode_even(static_cast<uint32_t>(length), kEscapeLengthBits);
      for (int left = length; left > 0;) {
        const int part = std::min(left, kSymbolBits);
        encoder_.encode_even(coded >> (left - part), part);
        left -= part;
      }
    }
    encoder_.encode_even(q < 0, 1);
  }

  int channel_count_;
  BitCosts costs_;
  SymbolEncoder encoder_;
  CoefficientModel model_;
  Row last_[3] = {}, last_but_one_[3] = {};
  SymbolTable* table_ = nullptr;
  int channel_ = 0;
  int class_ = 0;
  int32_t expected_ = 0;
  int32_t last_magnitude_ = 0, last_but_one_magnitude_ = 0;
};

}  // namespace voxpack
