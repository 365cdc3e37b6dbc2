// WebP writing (image_io.h).
#include <webp/encode.h>

#include <string>

#include "io/image_io.h"

namespace voxpack {

Result<std::vector<uint8_t>> encode_webp(const Image& image) {
  constexpr float kQuality = 90;
  const size_t row = static_cast<size_t>(image.channels) * static_cast<size_t>(image.width);
  if (image.width < 1 || image.height < 1 || (image.channels != 3 && image.channels != 4) ||
      image.pixels.size() != row * static_cast<size_t>(image.height)) {
    return {Errc::usage, "WebP: the image is empty or its sizes disagree"};
  }
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    return {Errc::unsupported,
            "WebP: at most " + std::to_string(WEBP_MAX_DIMENSION) + " pixels a side; write PNG"};
  }
  const auto encode = image.channels == 4 ? WebPEncodeRGBA : WebPEncodeRGB;
  uint8_t* bytes = nullptr;
  const size_t size = encode(image.pixels.data(), image.width, image.height, static_cast<int>(row),
                             kQuality, &bytes);
  if (size == 0) return {Errc::device, "WebP: out of memory"};
  std::vector<uint8_t> out(bytes, bytes + size);
  WebPFree(bytes);
  return out;
}

}  // namespace voxpack
