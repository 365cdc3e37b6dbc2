// Renderer and visibility on the CPU; the optimiser is in optimizer_cpu.cpp.
#include "kernels/kernels_cpu.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "core/interrupt.h"
#include "kernels/aligned.h"
#include "kernels/kernels_cuda.h"
#include "kernels/lattice.h"
#include "kernels/optimizer_cpu.h"
#include "kernels/visibility.h"

namespace voxpack {
namespace {

Status out_of_memory(std::string_view what, const Field& field) {
  return {Errc::device, "not enough memory for " + std::string(what) + " of a field of " +
                            std::to_string(field.point_count()) +
                            " points; free memory or use fewer points"};
}

class RendererCpu : public Renderer {
 public:
  RendererCpu(const Field& field, Lattice lattice)
      : lattice_(std::move(lattice)),
        appearance_(field.appearance),
        stride_(row_stride(field.channels())) {
    const std::vector<float> rows = make_rows(field, lattice_, stride_);
    rows_ = AlignedFloats(rows.size());
    std::copy(rows.begin(), rows.end(), rows_.data());
    update_empty_leaves(lattice_, stride_, rows_.data());
  }

  Status render(const Camera& camera, PictureF& picture) override {
    picture.width = camera.width;
    picture.height = camera.height;
    picture.pixels.assign(size_t(camera.width) * camera.height * 4, 0.0f);
    const MarchTable& table = best_march_table();
    const LatticeView view = lattice_.view();
#pragma omp parallel for schedule(dynamic, 4)
    for (int y = 0; y < camera.height; ++y) {
      std::vector<MarchRay> rays(camera.width);
      AlignedFloats sums(size_t(camera.width) * stride_);
      for (int x = 0; x < camera.width; ++x) {
        rays[x] = to_march_ray(lattice_, camera_ray(camera, x + 0.5, y + 0.5), 0.5f);
      }
      table.accumulate(view, rows_.data(), stride_, rays.data(), camera.width, sums.data());
      for (int x = 0; x < camera.width; ++x) {
        const float* sum = sums.data() + size_t(x) * stride_;
        float* pixel = picture.pixels.data() + (size_t(y) * camera.width + x) * 4;
        pixel[3] = sum[0];
        if (sum[0] > 0) decode_appearance(appearance_, sum + 1, sum[0], rays[x].direction, pixel);
      }
    }
    return check_interrupt();
  }

 private:
  Lattice lattice_;
  AppearanceModel appearance_;
  int stride_;
  AlignedFloats rows_;
};

}  // namespace

Result<std::unique_ptr<Renderer>> KernelsCpu::make_renderer(const Field& field) {
  try {
    VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
    return std::unique_ptr<Renderer>(std::make_unique<RendererCpu>(field, std::move(lattice)));
  } catch (const std::bad_alloc&) {
    return out_of_memory("the renderer", field);
  }
}

Result<std::unique_ptr<Optimizer>> KernelsCpu::make_optimizer(const Field& field,
                                                              std::span<const View> views,
                                                              const OptimizerOptions& options) {
  try {
    return OptimizerCpu::make(field, views, options);
  } catch (const std::bad_alloc&) {
    return out_of_memory("the optimiser", field);
  }
}

Result<Visibility> KernelsCpu::visibility(const Field& field, std::span<const Camera> cameras,
                                          int pixel_stride) {
  return visibility_of(field, cameras, pixel_stride, count_visibility_cpu);
}

Status KernelsCpu::coarsen(const CoarsenInput& input, CoarsenOutput& output) {
  VOXPACK_TRY(check_coarsen_input(input));
  try {
    coarsen_cpu(input, output);
    return {};
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory for the coarser level of " +
                              std::to_string(input.density.size()) +
                              " points; free memory or use fewer points"};
  }
}

Result<std::unique_ptr<Kernels>> make_kernels(std::string_view device) {
  if (device == "cpu") return std::unique_ptr<Kernels>(std::make_unique<KernelsCpu>());
#ifdef VOXPACK_HAS_CUDA
  if (device == "cuda") return make_kernels_cuda();
#else
  if (device == "cuda") {
    return {Errc::unsupported, "this build has no CUDA kernels; use --device cpu"};
  }
#endif
  return {Errc::usage, "unknown device \"" + std::string(device) + "\"; use auto, cpu or cuda"};
}

}  // namespace voxpack
