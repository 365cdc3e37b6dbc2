#include "kernels/march_cuda.cuh"
#include "kernels/rays_cuda.cuh"

namespace voxpack {
namespace {

__global__ void make_rays_kernel(const DeviceView* views, RayBatch batch, RayFrame frame,
                                 float centre, TrainRay* rays) {
  const int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= batch.tile_count * kRaysPerTile) return;
  const int index = r / kRaysPerTile, i = r % kRaysPerTile;
  const uint64_t tile = batch.tiles[index];
  const DeviceView& view = views[tile >> 32];
  const uint64_t seed = tile_seed(batch.seed, batch.step, index);
  uint64_t random = seed;
  TrainRay ray;
  for (int c = 0; c < 3; ++c) ray.background[c] = batch.has_masks ? unit_float(random) : 1.0f;
  float offset = 0;
  for (int k = 0; k <= i; ++k) offset = unit_float(random);
  const int x =
      min(static_cast<int>(tile & 0xffff) * kTilePixels + i % kTilePixels, view.camera.width - 1);
  const int y = min(static_cast<int>(tile >> 16 & 0xffff) * kTilePixels + i / kTilePixels,
                    view.camera.height - 1);
  ray.ray = pixel_ray(view.camera, frame, x, y, offset);
  const uint8_t* pixel =
      view.pixels + (static_cast<size_t>(y) * view.camera.width + x) * view.channels;
  const float alpha = view.channels == 4 ? pixel[3] / 255.0f : 1.0f;
  for (int c = 0; c < 3; ++c)
    ray.target[c] = pixel[c] / 255.0f * alpha + (1 - alpha) * ray.background[c];
  if (batch.view_parameters != nullptr) {
    const auto number = static_cast<uint32_t>(tile >> 32);
    correct_ray(batch.view_parameters + static_cast<size_t>(number) * kViewParameters, centre,
                number, ray);
  }
  if (batch.is_probe) make_probe(seed + i, ray);
  rays[r] = ray;
}

}  // namespace

Status DeviceViews::upload(std::span<const View> views) {
  std::vector<DeviceView> device_views;
  for (const View& view : views) {
    pixels_.emplace_back();
    VOXPACK_TRY(pixels_.back().upload(view.image.pixels));
    directions_.emplace_back();
    VOXPACK_TRY(directions_.back().upload(pixel_directions(view.camera)));
    cameras_.push_back(to_device_camera(view.camera, directions_.back().get()));
    device_views.push_back({cameras_.back(), pixels_.back().get(), view.image.channels});
  }
  return views_.upload(device_views);
}

Status DeviceViews::launch_rays(const RayBatch& batch, const RayFrame& frame, float centre,
                                TrainRay* rays) const {
  const int count = batch.tile_count * kRaysPerTile;
  make_rays_kernel<<<(count + 127) / 128, 128>>>(views_.get(), batch, frame, centre, rays);
  return launched("rays");
}

}  // namespace voxpack
