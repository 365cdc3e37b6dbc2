// Names that the reader and the writer of safetensors share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace voxpack {

inline constexpr std::string_view kMetadataKey = "__metadata__";
inline constexpr std::string_view kChecksumPrefix = "voxpack.xxh3.";
inline constexpr std::string_view kHeaderChecksumKey = "voxpack.xxh3.header";
// Stands in the compact JSON before the 16 hex digits of the header's own checksum.
inline constexpr std::string_view kHeaderChecksumMark = "\"voxpack.xxh3.header\":\"";
inline constexpr size_t kChecksumDigits = 16;
inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;

// 16 lower-case hex digits.
std::string hex_digits(uint64_t value);

}  // namespace voxpack
