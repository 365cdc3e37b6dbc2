// Exact visibility on the GPU: integer atomics, so the counts are those of the CPU.
#include "core/interrupt.h"
#include "kernels/lattice_cuda.cuh"
#include "kernels/march_cuda.cuh"
#include "kernels/staged_copy.cuh"
#include "kernels/visibility_cuda.cuh"
#include "kernels/visibility_math.h"

namespace voxpack {
namespace {

__global__ void visibility_kernel(LatticeView lattice, const float* density, DeviceCamera camera,
                                  RayFrame frame, int pixel_stride, unsigned long long* sums,
                                  uint32_t* maxima) {
  const int x = (blockIdx.x * blockDim.x + threadIdx.x) * pixel_stride;
  const int y = (blockIdx.y * blockDim.y + threadIdx.y) * pixel_stride;
  if (x >= camera.width || y >= camera.height) return;
  const MarchRay ray = pixel_ray(camera, frame, x, y, 0.5f);
  visit_ray(lattice, density, 1, ray, [&](uint32_t row, uint32_t units) {
    if (sums != nullptr) atomicAdd(sums + row, static_cast<unsigned long long>(units));
    atomicMax(maxima + row, units);
  });
}

}  // namespace

Status launch_visibility(const DeviceLattice& lattice, const float* density,
                         const DeviceCamera& camera, int pixel_stride, unsigned long long* sums,
                         uint32_t* maxima) {
  const dim3 threads(8, 8);
  const auto blocks_along = [&](int pixels) {
    const int rays = (pixels + pixel_stride - 1) / pixel_stride;
    return static_cast<unsigned>((rays + 7) / 8);
  };
  visibility_kernel<<<dim3(blocks_along(camera.width), blocks_along(camera.height)), threads>>>(
      lattice.view, density, camera, lattice.frame, pixel_stride, sums, maxima);
  return launched("visibility");
}

Status count_visibility_cuda(const Lattice& lattice, std::span<const float> density,
                             std::span<const Camera> cameras, int pixel_stride, RowCounts& counts) {
  DeviceLattice device;
  VOXPACK_TRY(device.upload(lattice));
  DeviceArray<float> values;
  StagedCopy copy;
  VOXPACK_TRY(copy.upload(density, values));
  DeviceArray<unsigned long long> device_sums;
  DeviceArray<uint32_t> device_maxima;
  VOXPACK_TRY(device_sums.allocate(density.size()));
  VOXPACK_TRY(device_maxima.allocate(density.size()));
  VOXPACK_TRY(device_sums.zero());
  VOXPACK_TRY(device_maxima.zero());
  for (const Camera& camera : cameras) {
    VOXPACK_TRY(check_interrupt());
    DeviceArray<double> directions;
    VOXPACK_TRY(directions.upload(pixel_directions(camera)));
    VOXPACK_TRY(launch_visibility(device, values.get(), to_device_camera(camera, directions.get()),
                                  pixel_stride, device_sums.get(), device_maxima.get()));
  }
  static_assert(sizeof(unsigned long long) == sizeof(uint64_t));
  VOXPACK_TRY(
      copy.download(device_sums.get(), density.size() * sizeof(uint64_t), counts.sum.data()));
  return copy.download(device_maxima.get(), density.size() * sizeof(uint32_t), counts.max.data());
}

}  // namespace voxpack
