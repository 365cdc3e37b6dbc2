// Renderer on the GPU: forward march of a band of rows, then one decode per pixel.
#include <algorithm>

#include "core/interrupt.h"
#include "kernels/lattice_cuda.cuh"
#include "kernels/march_cuda.cuh"
#include "kernels/network.h"
#include "kernels/renderer_cuda.cuh"

namespace voxpack {
namespace {

constexpr int kBandRays = 1 << 20;

__global__ void camera_rays_kernel(DeviceCamera camera, RayFrame frame, int first_row,
                                   int ray_count, MarchRay* rays) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < ray_count)
    rays[r] = pixel_ray(camera, frame, r % camera.width, first_row + r / camera.width, 0.5f);
}

class RendererCuda : public Renderer {
 public:
  explicit RendererCuda(const Field& field)
      : network_(field.appearance), stride_(row_stride(field.channels())) {}

  Status start(const Field& field) {
    VOXPACK_ASSIGN(const Lattice lattice, make_lattice(field));
    VOXPACK_TRY(lattice_.upload(lattice));
    VOXPACK_TRY(values_.upload(make_rows(field, lattice, stride_)));
    VOXPACK_TRY(weights_.upload(network_.padded_weights()));
    return launch_empty_leaves(lattice_.view, lattice_.leaves.get(),
                               static_cast<int>(lattice_.leaves.size()), values_.get(), stride_);
  }

  Status render(const Camera& camera, PictureF& picture) override {
    picture.width = camera.width;
    picture.height = camera.height;
    picture.pixels.resize(static_cast<size_t>(camera.width) * camera.height * 4);
    DeviceArray<double> directions;
    VOXPACK_TRY(directions.upload(pixel_directions(camera)));
    const int rows_per_band = std::max(1, kBandRays / camera.width);
    const size_t band = static_cast<size_t>(rows_per_band) * camera.width;
    if (rays_.size() < band) {
      VOXPACK_TRY(rays_.allocate(band));
      VOXPACK_TRY(sums_.allocate(band * stride_));
      VOXPACK_TRY(pixels_.allocate(band * 4));
    }
    NetworkView net = network_.view();
    net.weights_in = weights_.get();
    net.weights_out = weights_.get() + network_.weights_in_count();
    for (int row = 0; row < camera.height; row += rows_per_band) {
      const int count = std::min(rows_per_band, camera.height - row) * camera.width;
      camera_rays_kernel<<<(count + 127) / 128, 128>>>(to_device_camera(camera, directions.get()),
                                                       lattice_.frame, row, count, rays_.get());
      VOXPACK_TRY(launch_forward(lattice_.view, values_.get(), stride_, rays_.get(),
                                 sizeof(MarchRay), count, 1e-4f, sums_.get(), nullptr, nullptr));
      VOXPACK_TRY(launch_colours(net, rays_.get(), count, stride_, sums_.get(), pixels_.get()));
      VOXPACK_TRY(
          pixels_.download(picture.pixels.data() + static_cast<size_t>(row) * camera.width * 4,
                           static_cast<size_t>(count) * 4));
    }
    return check_interrupt();
  }

 private:
  Network network_;
  int stride_;
  DeviceLattice lattice_;
  DeviceArray<float> values_, weights_, sums_, pixels_;
  DeviceArray<MarchRay> rays_;
};

}  // namespace

Result<std::unique_ptr<Renderer>> make_renderer_cuda(const Field& field) {
  auto made = std::make_unique<RendererCuda>(field);
  VOXPACK_TRY(made->start(field));
  return std::unique_ptr<Renderer>(std::move(made));
}

}  // namespace voxpack
