// Rendered pictures as 8-bit images.
#pragma once

#include "field/image.h"
#include "kernels/kernels.h"

namespace voxpack {

enum class Background { white, transparent };

// Over white: RGB. Transparent: RGBA with straight alpha. Clamped to 0..1 and rounded to nearest;
// NaN gives 0.
Image to_image(const PictureF& picture, Background background);

}  // namespace voxpack
