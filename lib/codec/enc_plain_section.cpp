#include <bit>

#include "codec/enc_groups.h"

namespace voxpack {
namespace {

// Bits of the two's complement of all of them, 0 if all are 0.
int width_of(std::span<const int32_t> coefficients) {
  uint32_t all = 0;
  for (const int32_t q : coefficients) all |= static_cast<uint32_t>(q < 0 ? ~q : q) << 1 | (q != 0);
  return std::bit_width(all);
}

}  // namespace

std::vector<uint8_t> plain_section(std::span<const CodedChannel> channels, size_t first, size_t end,
                                   size_t limit) {
  std::vector<uint8_t> bytes = {static_cast<uint8_t>(SectionMethod::plain)};
  uint64_t bits_an_entry = 0;
  for (const CodedChannel& channel : channels) {
    const std::span<const int32_t> all(channel.coefficients);
    bytes.push_back(static_cast<uint8_t>(width_of(all.subspan(first, end - first))));
    bits_an_entry += bytes.back();
  }
  if (bytes.size() + (bits_an_entry * (end - first) + 7) / 8 >= limit) return {};
  uint64_t pending = 0;
  int pending_bits = 0;
  for (size_t i = first; i < end; ++i) {
    for (size_t k = 0; k < channels.size(); ++k) {
      const int bits = bytes[1 + k];
      const uint64_t value = static_cast<uint32_t>(channels[k].coefficients[i]);
      pending |= (value & ((uint64_t{1} << bits) - 1)) << pending_bits;
      for (pending_bits += bits; pending_bits >= 8; pending_bits -= 8) {
        bytes.push_back(static_cast<uint8_t>(pending));
        pending >>= 8;
      }
    }
  }
  if (pending_bits > 0) bytes.push_back(static_cast<uint8_t>(pending));
  return bytes;
}

}  // namespace voxpack
