// Upload of lattices and cameras, and the values of hanging rows with the bits of the host.
#include <algorithm>

#include "kernels/lattice_cuda.cuh"
#include "kernels/staged_copy.cuh"

namespace voxpack {
namespace {

__global__ void resolve_hanging_kernel(const HangingRow* hanging, uint32_t first, uint32_t last,
                                       uint64_t row_base, float* values, int stride) {
  const uint64_t i = blockIdx.x * static_cast<uint64_t>(blockDim.x) + threadIdx.x;
  const uint64_t index = first + i / stride;
  if (index >= last) return;
  const int k = static_cast<int>(i % stride);
  float sum = 0;
  for (int c = 0; c < 8; ++c) {
    sum += hanging[index].weights[c] *
           values[static_cast<uint64_t>(hanging[index].sources[c]) * stride + k];
  }
  values[(row_base + index) * stride + k] = sum;
}

}  // namespace

Status DeviceLattice::upload(const Lattice& lattice) {
  VOXPACK_TRY(top.upload(lattice.top));
  VOXPACK_TRY(tables.upload(lattice.tables));
  StagedCopy copy;  // for the largest of the tables
  VOXPACK_TRY(copy.upload(lattice.corner_rows, corner_rows));
  VOXPACK_TRY(copy.upload(lattice.leaves, leaves));
  VOXPACK_TRY(hanging.upload(lattice.hanging));
  point_count = lattice.point_count;
  row_count = lattice.row_count();
  view = {lattice.finest_level, lattice.top_size, top.get(),
          tables.get(),         leaves.get(),     corner_rows.get()};
  frame = ray_frame(lattice);
  centre = centre_of(lattice);
  hanging_rounds.clear();
  uint64_t round_start = 1 + point_count;
  for (size_t i = 0; i < lattice.hanging.size(); ++i) {
    const auto* sources = lattice.hanging[i].sources;
    if (*std::max_element(sources, sources + 8) >= round_start) {
      hanging_rounds.push_back(static_cast<uint32_t>(i));
      round_start = 1 + point_count + i;
    }
  }
  if (!lattice.hanging.empty())
    hanging_rounds.push_back(static_cast<uint32_t>(lattice.hanging.size()));
  return {};
}

Status launch_resolve_hanging(const DeviceLattice& lattice, float* values, int stride) {
  uint32_t first = 0;
  for (uint32_t last : lattice.hanging_rounds) {
    const uint64_t threads = static_cast<uint64_t>(last - first) * stride;
    if (threads > 0) {
      resolve_hanging_kernel<<<static_cast<unsigned>((threads + 255) / 256), 256>>>(
          lattice.hanging.get(), first, last, 1 + lattice.point_count, values, stride);
    }
    first = last;
  }
  return launched("hanging rows");
}

std::vector<double> pixel_directions(const Camera& camera) {
  std::vector<double> directions;
  if (camera.lens == LensModel::pinhole) return directions;
  directions.resize(static_cast<size_t>(camera.width) * camera.height * 3);
  for (int y = 0; y < camera.height; ++y) {
    for (int x = 0; x < camera.width; ++x) {
      const Ray ray = camera_ray(camera, x + 0.5, y + 0.5);
      for (int a = 0; a < 3; ++a) {
        directions[(static_cast<size_t>(y) * camera.width + x) * 3 + a] = ray.direction[a];
      }
    }
  }
  return directions;
}

DeviceCamera to_device_camera(const Camera& camera, const double* directions) {
  DeviceCamera device{camera.width, camera.height, camera.fx, camera.fy,
                      camera.cx,    camera.cy,     {},        directions};
  std::copy(camera.camera_to_world.begin(), camera.camera_to_world.end(), device.camera_to_world);
  return device;
}

}  // namespace voxpack
