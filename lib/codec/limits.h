// What a package may claim, so that a small file cannot ask for much memory (docs/format.md,
// "Limits").
#pragma once

#include <cstdint>

namespace voxpack {

// The encoder fills up the geometry section with zeros where the points are more regular than this.
inline constexpr uint64_t kMaxPointsPerByte = 512;

}  // namespace voxpack
