#include "kernels/picture.h"

#include <algorithm>

namespace voxpack {
namespace {

uint8_t to_byte(float value) {
  if (!(value > 0.0f)) return 0;  // also NaN
  return static_cast<uint8_t>(std::min(value, 1.0f) * 255.0f + 0.5f);
}

}  // namespace

Image to_image(const PictureF& picture, Background background) {
  const bool white = background == Background::white;
  Image image{picture.width, picture.height, white ? 3 : 4, {}};
  const size_t count = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
  image.pixels.resize(count * static_cast<size_t>(image.channels));
  for (size_t i = 0; i < count; ++i) {
    const float* p = picture.pixels.data() + 4 * i;
    const float alpha = std::clamp(p[3], 0.0f, 1.0f);
    if (white) {
      for (size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = to_byte(p[c] + (1.0f - alpha));
    } else {
      for (size_t c = 0; c < 3; ++c) {
        image.pixels[4 * i + c] = to_byte(alpha > 0 ? p[c] / alpha : 0.0f);
      }
      image.pixels[4 * i + 3] = to_byte(alpha);
    }
  }
  return image;
}

}  // namespace voxpack
