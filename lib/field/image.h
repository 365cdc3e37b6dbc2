// 8-bit images in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace voxpack {

// Rows from the top, pixels interleaved, sRGB-coded as in the file; alpha is straight, not
// premultiplied.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;             // 3 (RGB) or 4 (RGBA)
  std::vector<uint8_t> pixels;  // [height][width][channels]

  bool empty() const { return pixels.empty(); }
};

}  // namespace voxpack
