// Encoder of a section of symbols, the counterpart of dec_symbols.h. The state is undone last
// symbol first, so the ranges are kept until finish().
#pragma once

#include <cstdint>
#include <vector>

#include "codec/symbol_table.h"

namespace voxpack {

class SymbolEncoder {
 public:
  // Makes room for that many symbols.
  void reserve(size_t count) { ranges_.reserve(count); }

  void encode(SymbolTable& table, int symbol) {
    put(table.range(symbol));
    table.count(symbol);
  }

  // The lowest `bits` (0..15) of `value`, which are 0 and 1 alike.
  void encode_even(uint32_t value, int bits) {
    const uint32_t size = kSymbolOne >> bits;
    put({(value & ((1u << bits) - 1)) | kEven, size});
  }

  // Everything coded so far; the encoder cannot be used afterwards.
  std::vector<uint8_t> finish() {
    std::vector<uint32_t> words;
    uint64_t state = uint64_t{1} << 31;
    for (size_t i = ranges_.size(); i-- > 0;) {
      const uint32_t start = ranges_[i] & 0xffff, size = ranges_[i] >> 16;
      if (state >= uint64_t{size} << 48) {
        words.push_back(static_cast<uint32_t>(state));
        state >>= 32;
      }
      if (start & kEven) {  // size is a power of two: the value takes the lowest bits
        state = state * (kSymbolOne / size) | (start & ~kEven);
      } else {
        state = (state / size << kSymbolBits) + state % size + start;
      }
    }
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

  void put(SymbolRange range) { ranges_.push_back(range.start | range.size << 16); }

  std::vector<uint32_t> ranges_;  // start, size << 16
};

}  // namespace voxpack
