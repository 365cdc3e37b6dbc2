// The optimiser on the GPU: everything between two host reports stays on the device.
#pragma once

#include <memory>
#include <span>

#include "kernels/optimizer.h"

namespace voxpack {

Result<std::unique_ptr<Optimizer>> make_optimizer_cuda(const Field& field,
                                                       std::span<const View> views,
                                                       const OptimizerOptions& options);

}  // namespace voxpack
