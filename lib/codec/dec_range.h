// Binary range decoder (docs/format.md, "Range coding"). Reads zeros past its end and then reports
// overrun().
#pragma once

#include <cstdint>
#include <span>

namespace voxpack {

class RangeDecoder {
 public:
  static constexpr bool kDecodes = true;

  explicit RangeDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next_byte();
  }

  // The next bit, whose probability of being 1 is p1 / 65536 (1..65535). The argument `bit` is
  // unused; it gives encoder and decoder one signature.
  bool code(uint32_t p1, bool = false) {
    const uint32_t bound = (range_ >> 16) * p1;
    const bool bit = code_ < bound;
    if (bit) {
      range_ = bound;
    } else {
      code_ -= bound;
      range_ -= bound;
    }
    while (range_ < (1u << 24)) {
      code_ = code_ << 8 | next_byte();
      range_ <<= 8;
    }
    return bit;
  }

  bool code_even(bool = false) { return code(32768); }

  // More bytes were read than there are: the data is cut or wrong.
  bool overrun() const { return offset_ > bytes_.size(); }
  // Every byte was read, and none beyond.
  bool exhausted() const { return offset_ == bytes_.size(); }
  size_t consumed() const { return offset_; }

 private:
  uint8_t next_byte() {
    const uint8_t byte = offset_ < bytes_.size() ? bytes_[offset_] : 0;
    ++offset_;
    return byte;
  }

  std::span<const uint8_t> bytes_;
  size_t offset_ = 0;
  uint32_t range_ = 0xffffffffu;
  uint32_t code_ = 0;
};

}  // namespace voxpack
