// XXH3 through the header-only build of xxHash.
#include "core/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace voxpack {

uint64_t xxh3_64(std::span<const uint8_t> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace voxpack
