// The kernels on a CUDA device; only in builds with VOXPACK_HAS_CUDA.
#pragma once

#include <memory>

#include "kernels/kernels.h"

namespace voxpack {

// Fails with `unsupported` if the machine has no usable CUDA device.
Result<std::unique_ptr<Kernels>> make_kernels_cuda();

}  // namespace voxpack
