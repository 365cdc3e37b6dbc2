// Decoder of a section of symbols: asymmetric numeral systems with one 64-bit state
// (docs/format.md, "Symbols"; J. Duda, "Asymmetric numeral systems", arXiv 1311.2540). Reads zeros
// past its end and then reports overrun().
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "codec/symbol_table.h"

namespace voxpack {

inline constexpr uint64_t kSymbolStateMin = uint64_t{1} << 31;

class SymbolDecoder {
 public:
  explicit SymbolDecoder(std::span<const uint8_t> bytes)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {
    state_ = next_word();
    state_ |= uint64_t{next_word()} << 32;
  }

  int decode(SymbolTable& table) {
    const auto slot = static_cast<uint32_t>(state_ & (kSymbolOne - 1));
    const int symbol = table.find(slot);
    const SymbolRange range = table.range(symbol);
    state_ = range.size * (state_ >> kSymbolBits) + slot - range.start;
    refill();
    table.count(symbol);
    return symbol;
  }

  // `bits` (0..15) that are 0 and 1 alike.
  uint32_t decode_even(int bits) {
    const auto value = static_cast<uint32_t>(state_ & ((1u << bits) - 1));
    state_ >>= bits;
    refill();
    return value;
  }

  // More was read than there is: the data is cut or wrong.
  bool overrun() const { return overrun_; }
  // Every byte was read, none beyond, and the state is back where the encoder began.
  bool exhausted() const { return !overrun_ && next_ == end_ && state_ == kSymbolStateMin; }

 private:
  void refill() {
    if (state_ < kSymbolStateMin) state_ = state_ << 32 | next_word();
  }

  uint32_t next_word() {
    if (end_ - next_ < 4) {
      overrun_ = true;
      return 0;
    }
    uint32_t word;
    std::memcpy(&word, next_, 4);
    next_ += 4;
    return word;
  }

  uint64_t state_ = 0;
  const uint8_t* next_;
  const uint8_t* end_;
  bool overrun_ = false;
};

}  // namespace voxpack
