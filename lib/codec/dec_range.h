// Binary range decoder (docs/format.md, "Range coding"). Reads zeros past its end and then reports
// overrun().
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace voxpack {

class RangeDecoder {
 public:
  static constexpr bool kDecodes = true;

  explicit RangeDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
    code_ = next_word();
    offset_ = 4;
  }

  // The next bit, whose probability of being 1 is p1 / 65536 (1..65535). The argument `bit` is
  // unused; it gives encoder and decoder one signature.
  bool code(uint32_t p1, bool = false) {
    const uint32_t bound = (range_ >> 16) * p1;
    const bool bit = code_ < bound;
    code_ = bit ? code_ : code_ - bound;
    range_ = bit ? bound : range_ - bound;
    const int shift = std::countl_zero(range_) & 24;
    range_ <<= shift;
    code_ = static_cast<uint32_t>((uint64_t{code_} << 32 | next_word()) << shift >> 32);
    offset_ += static_cast<size_t>(shift >> 3);
    return bit;
  }

  bool code_even(bool = false) { return code(32768); }

  // More bytes were read than there are: the data is cut or wrong.
  bool overrun() const { return offset_ > bytes_.size(); }
  // Every byte was read, and none beyond.
  bool exhausted() const { return offset_ == bytes_.size(); }
  size_t consumed() const { return offset_; }

 private:
  // The next four bytes, most significant first.
  uint32_t next_word() const {
    if (offset_ + 4 <= bytes_.size()) {
      const uint8_t* at = bytes_.data() + offset_;
      return static_cast<uint32_t>(at[0]) << 24 | at[1] << 16 | at[2] << 8 | at[3];
    }
    uint32_t word = 0;
    for (size_t i = offset_; i < offset_ + 4; ++i) {
      word = word << 8 | (i < bytes_.size() ? bytes_[i] : 0u);
    }
    return word;
  }

  std::span<const uint8_t> bytes_;
  size_t offset_ = 0;
  uint32_t range_ = 0xffffffffu;
  uint32_t code_ = 0;
};

}  // namespace voxpack
