// Encoder of a section of symbols, the counterpart of dec_symbols.h. The state is undone last
// symbol first, so the ranges are kept until finish().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/symbol_table.h"

namespace voxpack {

// Reciprocals to divide a state by a size exactly: for a size above 1 and below 2^15, and a state
// below 2^63, state / size is the upper half of state * at_[size], shifted right by
// bit_width(size - 1) - 1. (T. Granlund and P. Montgomery, "Division by invariant integers using
// multiplication", 1994.)
class StateReciprocals {
 public:
  StateReciprocals() {
    for (uint32_t size = 2; size < kSymbolOne; ++size) {
      const int width = std::bit_width(size - 1);
      at_[size] = static_cast<uint64_t>(((Wide{1} << (63 + width)) + size - 1) / size);
    }
  }
  // state / size, size 1 too.
  uint64_t divide(uint64_t state, uint32_t size) const {
    if (size == 1) return state;
    return static_cast<uint64_t>(Wide{state} * at_[size] >> 64) >> (std::bit_width(size - 1) - 1);
  }

 private:
  __extension__ typedef unsigned __int128 Wide;
  std::array<uint64_t, kSymbolOne> at_{};
};

class SymbolEncoder {
 public:
  // Makes room for `count` more symbols; to be called before they are encoded.
  void make_room(size_t count) {
    if (room_ - used_ >= count) return;
    room_ = 2 * room_ + count;
    auto larger = std::make_unique_for_overwrite<uint32_t[]>(room_);
    std::copy_n(ranges_.get(), used_, larger.get());
    ranges_ = std::move(larger);
  }

  void encode(SymbolTable& table, int symbol) {
    put(table.range(symbol));
    table.count(symbol);
  }

  // The lowest `bits` (0..15) of `value`, which are 0 and 1 alike.
  void encode_even(uint32_t value, int bits) {
    const uint32_t size = kSymbolOne >> bits;
    put({(value & ((1u << bits) - 1)) | kEven, size});
  }

  // Everything coded since the last call; the next symbol begins another section.
  std::vector<uint8_t> finish() {
    static const StateReciprocals reciprocals;
    std::vector<uint32_t> words;
    words.reserve(used_ / 4);
    uint64_t state = uint64_t{1} << 31;
    for (size_t i = used_; i-- > 0;) {
      const uint32_t start = ranges_[i] & 0xffff, size = ranges_[i] >> 16;
      if (state >= uint64_t{size} << 48) {
        words.push_back(static_cast<uint32_t>(state));
        state >>= 32;
      }
      if (start & kEven) {  // size is a power of two: the value takes the lowest bits
        state = state * (kSymbolOne / size) | (start & ~kEven);
      } else {
        state += start + reciprocals.divide(state, size) * (kSymbolOne - size);
      }
    }
    used_ = 0;
    words.push_back(static_cast<uint32_t>(state >> 32));
    words.push_back(static_cast<uint32_t>(state));
    std::vector<uint8_t> bytes(words.size() * 4);
    for (size_t i = 0; i < words.size(); ++i) {
      std::memcpy(&bytes[4 * i], &words[words.size() - 1 - i], 4);
    }
    return bytes;
  }

 private:
  static constexpr uint32_t kEven = 0x8000;  // marks the start of an even range

  void put(SymbolRange range) { ranges_[used_++] = range.start | range.size << 16; }

  std::unique_ptr<uint32_t[]> ranges_;  // start, size << 16
  size_t used_ = 0, room_ = 0;
};

}  // namespace voxpack
