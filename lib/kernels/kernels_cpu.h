// The kernels on the CPU: OpenMP over rows of pixels.
#pragma once

#include "kernels/kernels.h"

namespace voxpack {

class KernelsCpu : public Kernels {
 public:
  std::string_view name() const override { return "cpu"; }
  Result<std::unique_ptr<Renderer>> make_renderer(const Field& field) override;
  Result<std::unique_ptr<Optimizer>> make_optimizer(const Field& field, std::span<const View> views,
                                                    const OptimizerOptions& options) override;
  Result<Visibility> visibility(const Field& field, std::span<const Camera> cameras,
                                int pixel_stride) override;
  Status coarsen(const CoarsenInput& input, CoarsenOutput& output) override;
};

}  // namespace voxpack
