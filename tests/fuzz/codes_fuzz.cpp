// Any codes, encoded and decoded, are the same codes.
#include <cstring>

#include "package/dec_package.h"
#include "package/enc_package.h"
#include "support/coded_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace voxpack;
  if (size < 8) return 0;
  RandomCodes options;
  options.seed = data[0];
  options.resolution = 4 + data[1] % 40;
  options.min_level = data[2] % 3 - 1;
  options.max_level = options.min_level + data[3] % 3;
  options.blocks = data[4] / 1024.0;
  options.fill = data[5] / 255.0;
  options.kind = data[6] % 4;
  CodedField field = random_codes(options);
  // The coefficients are the rest of the data, of a width that it says.
  const size_t width = 1 + data[7] % 4;
  size_t at = 8;
  for (CodedChannel& channel : field.channels) {
    for (int32_t& q : channel.coefficients) {
      if (at + width > size) break;
      uint32_t number = 0;
      std::memcpy(&number, data + at, width);
      at += width;
      const auto value = static_cast<int32_t>(number << (32 - 8 * width)) >> (32 - 8 * width);
      q = std::clamp(value, -kMaxCoefficient, kMaxCoefficient);
    }
  }
  const auto package = encode_package(field);
  if (!package.ok()) __builtin_trap();
  const auto again = decode_package(package.value());
  if (!again.ok() || again.value() != field) __builtin_trap();
  return 0;
}
