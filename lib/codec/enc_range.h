// Binary range encoder (docs/format.md, "Range coding"). The counterpart of dec_range.h.
#pragma once

#include <cstdint>
#include <vector>

namespace voxpack {

class RangeEncoder {
 public:
  static constexpr bool kDecodes = false;

  // Codes `bit`, whose probability of being 1 is p1 / 65536 (1..65535). Returns `bit`.
  bool code(uint32_t p1, bool bit) {
    const uint32_t bound = (range_ >> 16) * p1;
    if (bit) {
      range_ = bound;
    } else {
      low_ += bound;
      range_ -= bound;
    }
    while (range_ < (1u << 24)) {
      shift_low();
      range_ <<= 8;
    }
    return bit;
  }

  // One bit of probability 1/2.
  bool code_even(bool bit) { return code(32768, bit); }

  // Everything coded so far; the encoder cannot be used afterwards.
  std::vector<uint8_t> finish() {
    for (int i = 0; i < 5; ++i) shift_low();
    bytes_.erase(bytes_.begin());  // the first byte is always 0
    return std::move(bytes_);
  }

  size_t size() const { return bytes_.size() + pending_; }

 private:
  void shift_low() {
    if (low_ < 0xff000000u || low_ > 0xffffffffu) {
      const auto carry = static_cast<uint8_t>(low_ >> 32);
      bytes_.push_back(static_cast<uint8_t>(cache_ + carry));
      for (; pending_ > 0; --pending_) bytes_.push_back(static_cast<uint8_t>(0xff + carry));
      cache_ = static_cast<uint8_t>(low_ >> 24);
    } else {
      ++pending_;
    }
    low_ = (low_ & 0x00ffffffu) << 8;
  }

  std::vector<uint8_t> bytes_;
  uint64_t low_ = 0;
  uint32_t range_ = 0xffffffffu;
  uint8_t cache_ = 0;
  uint64_t pending_ = 0;
};

}  // namespace voxpack
