// Renderer and visibility on the CPU; the optimiser is in optimizer_cpu.cpp.
#include "kernels/kernels_cpu.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>

#include "core/interrupt.h"
#include "kernels/aligned.h"
#include "kernels/lattice.h"
#include "kernels/optimizer_cpu.h"
#include "kernels/visibility_math.h"

namespace voxpack {
namespace {

Status out_of_memory(std::string_view what, const Field& field) {
  return {Errc::device, "not enough memory for " + std::string(what) + " of a field of " +
                            std::to_string(field.point_count()) + " points; free memory or use fewer points"};
}

class RendererCpu : public Renderer {
 public:
  RendererCpu(const Field& field, Lattice lattice)
      : lattice_(std::move(lattice)), appearance_(field.appearance), stride_(row_stride(field.channels())) {
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

// Sums and maxima of rows, safe for any number of threads; integers, so the order does not matter.
struct RowCounts {
  std::vector<uint64_t> sum;
  std::vector<uint32_t> max;

  void add(uint32_t row, uint32_t units) {
    std::atomic_ref<uint64_t>(sum[row]).fetch_add(units, std::memory_order_relaxed);
    std::atomic_ref<uint32_t> largest(max[row]);
    uint32_t seen = largest.load(std::memory_order_relaxed);
    while (seen < units && !largest.compare_exchange_weak(seen, units, std::memory_order_relaxed)) {
    }
  }
};

// Hands the counts of hanging rows on to the rows they are made of; weights are multiples of 2^-24.
void share_hanging(const Lattice& lattice, RowCounts& counts) {
  for (size_t i = lattice.hanging.size(); i-- > 0;) {
    const size_t row = 1 + lattice.point_count + i;
    for (int c = 0; c < 8; ++c) {
      const auto share = static_cast<uint64_t>(lattice.hanging[i].weights[c] * 0x1p24f);
      const uint32_t source = lattice.hanging[i].sources[c];
      counts.sum[source] += (counts.sum[row] * (share >> 8)) >> 16;
      counts.max[source] = std::max(counts.max[source],
                                    static_cast<uint32_t>(counts.max[row] * share >> 24));
    }
  }
}

}  // namespace

Result<std::unique_ptr<Renderer>> KernelsCpu::make_renderer(const Field& field) {
  try {
    VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
    return std::unique_ptr<Renderer>(std::make_unique<RendererCpu>(field, std::move(lattice)));
  } catch (const std::bad_alloc&) {
    return out_of_memory("the renderer", field);
  }
}

Result<std::unique_ptr<Optimizer>> KernelsCpu::make_optimizer(const Field& field, std::span<const View> views,
                                                              const OptimizerOptions& options) {
  try {
    return OptimizerCpu::make(field, views, options);
  } catch (const std::bad_alloc&) {
    return out_of_memory("the optimiser", field);
  }
}

Result<Visibility> KernelsCpu::visibility(const Field& field, std::span<const Camera> cameras,
                                          int pixel_stride) {
  if (pixel_stride < 1) return {Errc::usage, "pixel stride must be at least 1"};
  try {
    VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
    std::vector<float> rows(lattice.row_count(), 0.0f);
    std::copy(field.density.begin(), field.density.end(), rows.begin() + 1);
    resolve_hanging(lattice, 1, rows.data());
    update_empty_leaves(lattice, 1, rows.data());
    RowCounts counts{std::vector<uint64_t>(rows.size()), std::vector<uint32_t>(rows.size())};
    const LatticeView view = lattice.view();
    for (const Camera& camera : cameras) {
      VOXPACK_TRY(check_interrupt());
#pragma omp parallel for schedule(dynamic, 4)
      for (int y = 0; y < camera.height; y += pixel_stride) {
        for (int x = 0; x < camera.width; x += pixel_stride) {
          const MarchRay ray = to_march_ray(lattice, camera_ray(camera, x + 0.5, y + 0.5), 0.5f);
          visit_ray(view, rows.data(), 1, ray,
                    [&](uint32_t row, uint32_t units) { counts.add(row, units); });
        }
      }
    }
    share_hanging(lattice, counts);
    const auto count = static_cast<ptrdiff_t>(field.point_count());
    return Visibility{{counts.sum.begin() + 1, counts.sum.begin() + 1 + count},
                      {counts.max.begin() + 1, counts.max.begin() + 1 + count}};
  } catch (const std::bad_alloc&) {
    return out_of_memory("visibility", field);
  }
}

Result<std::unique_ptr<Kernels>> make_kernels(std::string_view device) {
  if (device == "cpu") return std::unique_ptr<Kernels>(std::make_unique<KernelsCpu>());
  if (device == "cuda") return {Errc::unsupported, "this build has no CUDA kernels; use --device cpu"};
  return {Errc::usage, "unknown device \"" + std::string(device) + "\"; use auto, cpu or cuda"};
}

}  // namespace voxpack
