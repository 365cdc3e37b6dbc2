// PNG, JPEG and WebP files <-> Image. The format is told by the content, never by the name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"
#include "field/image.h"

namespace voxpack {

inline constexpr int kMaxImageSide = 16384;  // pixels

// The image in 8 bits, RGB or, where the file has transparency, RGBA. Gray and palettes become RGB;
// 16 bits are rounded to 8; embedded colour profiles are ignored. Fails with io if the file cannot
// be read, with bad_data (naming the path) if it is none of the three formats, damaged, truncated
// or larger than kMaxImageSide a side, with unsupported for animated WebP and CMYK JPEG.
Result<Image> read_image(const std::string& path);

// The same from bytes in memory.
Result<Image> decode_image(std::span<const uint8_t> bytes);

// Width and height of the file without decoding its pixels (`pixels` stays empty). Errors as
// read_image.
Result<Image> read_image_size(const std::string& path);

// 8-bit RGB or RGBA. Fails with usage if the image is empty or its sizes disagree. Equal images
// give equal bytes for one version of the libraries.
Result<std::vector<uint8_t>> encode_png(const Image& image);

// encode_png() to a file, atomically. Fails with io as AtomicFile does.
Status write_png(const std::string& path, const Image& image);

// 8-bit RGB or RGBA as lossy WebP of quality 90; transparency is kept exactly. Fails with usage as
// encode_png(), with unsupported for a side of more than 16383 pixels, with device if there is no
// memory.
Result<std::vector<uint8_t>> encode_webp(const Image& image);

}  // namespace voxpack
