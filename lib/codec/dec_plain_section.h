// Reads a plain attribute section: coefficients of a group in as many bits as its channels need
// (docs/format.md, "Attributes"). Reads zeros past its end and then reports overrun().
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "codec/coded_field.h"
#include "codec/plain_section.h"

namespace voxpack {

class PlainDecoder {
 public:
  // `section`: what follows the method.
  PlainDecoder(std::span<const uint8_t> section, int channel_count) : bytes_(section) {
    for (int k = 0; k < channel_count; ++k) {
      bits_[k] = next_byte();
      damaged_ |= bits_[k] > kMaxPlainBits;
      if (damaged_) bits_[k] = 0;
    }
  }

  // The next coefficient of channel `k`.
  int32_t decode(int k) {
    const int bits = bits_[k];
    if (bits == 0) return 0;
    while (pending_bits_ < bits) {
      pending_ |= uint64_t{next_byte()} << pending_bits_;
      pending_bits_ += 8;
    }
    const auto unsigned_value = static_cast<uint32_t>(pending_ & ((uint64_t{1} << bits) - 1));
    pending_ >>= bits;
    pending_bits_ -= bits;
    const int unused = 32 - bits;
    const int32_t q = static_cast<int32_t>(unsigned_value << unused) >> unused;
    damaged_ |= q > kMaxCoefficient || q < -kMaxCoefficient;
    return damaged_ ? 0 : q;
  }

  // More was read than there is, or what was read is out of range.
  bool failed() const { return overrun_ || damaged_; }
  // Every byte was read, none beyond, and the filling bits are 0.
  bool exhausted() const { return !failed() && next_ == bytes_.size() && pending_ == 0; }

 private:
  uint8_t next_byte() {
    if (next_ < bytes_.size()) return bytes_[next_++];
    overrun_ = true;
    return 0;
  }

  std::span<const uint8_t> bytes_;
  size_t next_ = 0;
  std::array<uint8_t, kCodedMaxChannels> bits_{};
  uint64_t pending_ = 0;
  int pending_bits_ = 0;
  bool overrun_ = false, damaged_ = false;
};

}  // namespace voxpack
