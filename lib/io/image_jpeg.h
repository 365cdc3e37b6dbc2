// JPEG decoding, apart from the other formats because libjpeg reports errors by longjmp.
#pragma once

#include <cstdint>
#include <span>

#include "core/status.h"
#include "field/image.h"

namespace voxpack {

// An RGB image; only its size if `size_only`. Fails with bad_data if the bytes are damaged or
// truncated (libjpeg's warnings count) or a side exceeds `max_side`; with unsupported for CMYK.
Result<Image> decode_jpeg(std::span<const uint8_t> bytes, int max_side, bool size_only);

}  // namespace voxpack
