// PNG, apart from the other formats because libpng reports errors by longjmp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/status.h"
#include "field/image.h"

namespace voxpack {

// An RGB image, RGBA where the file has transparency; 16 bits are rounded to 8, gray and palettes
// become RGB, colour profiles are ignored. Only its size if `size_only`. Fails with bad_data if the
// bytes are damaged or truncated or a side exceeds `max_side`.
Result<Image> decode_png(std::span<const uint8_t> bytes, int max_side, bool size_only);

// `image` must be valid: 3 or 4 channels, sides of at least 1. Fails with `device` without memory.
Result<std::vector<uint8_t>> compress_png(const Image& image);

}  // namespace voxpack
