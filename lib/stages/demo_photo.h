// One photo of the demo object, ray-traced.
#pragma once

#include "field/camera.h"
#include "field/image.h"

namespace voxpack {

// RGBA, straight alpha, `samples` x `samples` rays per pixel. The camera must be a pinhole outside
// of the object, its width and height > 0.
Image render_demo_photo(const Camera& camera, int samples);

}  // namespace voxpack
