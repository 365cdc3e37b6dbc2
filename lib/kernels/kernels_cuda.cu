// Device selection and the CUDA side of the Kernels interface.
#include <cuda_runtime.h>

#include <string>

#include "kernels/coarsen_cuda.cuh"
#include "kernels/kernels_cuda.h"
#include "kernels/lattice.h"
#include "kernels/optimizer_cuda.cuh"
#include "kernels/renderer_cuda.cuh"
#include "kernels/visibility_cuda.cuh"

namespace voxpack {
namespace {

class KernelsCuda : public Kernels {
 public:
  std::string_view name() const override { return "cuda"; }
  Result<std::unique_ptr<Renderer>> make_renderer(const Field& field) override {
    return make_renderer_cuda(field);
  }
  Result<std::unique_ptr<Optimizer>> make_optimizer(const Field& field, std::span<const View> views,
                                                    const OptimizerOptions& options) override {
    return make_optimizer_cuda(field, views, options);
  }
  Result<Visibility> visibility(const Field& field, std::span<const Camera> cameras,
                                int pixel_stride) override {
    return visibility_of(field, cameras, pixel_stride, count_visibility_cuda);
  }
  Status coarsen(const CoarsenInput& input, CoarsenOutput& output) override {
    VOXPACK_TRY(check_coarsen_input(input));
    return coarsen_cuda(input, output);
  }
};

}  // namespace

Result<std::unique_ptr<Kernels>> make_kernels_cuda() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    cudaGetLastError();
    return {Errc::unsupported,
            std::string("no CUDA device: ") + cudaGetErrorString(error) + "; use --device cpu"};
  }
  return std::unique_ptr<Kernels>(std::make_unique<KernelsCuda>());
}

}  // namespace voxpack
