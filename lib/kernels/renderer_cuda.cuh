// The renderer on a CUDA device.
#pragma once

#include "kernels/kernels.h"

namespace voxpack {

Result<std::unique_ptr<Renderer>> make_renderer_cuda(const Field& field);

}  // namespace voxpack
