// XXH3 checksums (xxHash, 64 bits), the one checksum of field files and packages.
#pragma once

#include <cstdint>
#include <span>

namespace voxpack {

uint64_t xxh3_64(std::span<const uint8_t> bytes);

}  // namespace voxpack
