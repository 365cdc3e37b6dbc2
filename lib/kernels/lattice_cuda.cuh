// A lattice and cameras on the device. For .cu files only.
#pragma once

#include <vector>

#include "field/camera.h"
#include "kernels/device_memory.cuh"
#include "kernels/lattice.h"

namespace voxpack {

// The tables of a lattice in device memory; the host lattice may go once this is made.
struct DeviceLattice {
  DeviceArray<uint32_t> top, tables, corner_rows;
  DeviceArray<LeafView> leaves;
  DeviceArray<HangingRow> hanging;
  std::vector<uint32_t>
      hanging_rounds;  // ends of the runs of hanging rows that depend on earlier runs only
  LatticeView view{};
  RayFrame frame{};
  float centre = 0;  // centre_of() the lattice
  uint64_t point_count = 0;
  uint64_t row_count = 0;

  Status upload(const Lattice& lattice);
};

// Fills the hanging rows of `values` [row][stride] from the others, as resolve_hanging() does.
Status launch_resolve_hanging(const DeviceLattice& lattice, float* values, int stride);

// What a kernel needs of a camera and of the lattice's frame to make rays.
struct DeviceCamera {
  int width, height;
  double fx, fy, cx, cy;
  double camera_to_world[12];
  const double* directions;  // world directions [height][width][3] of a distorted lens, or null
};

// Directions of the pixels of a camera with a distorted lens; empty for a pinhole.
std::vector<double> pixel_directions(const Camera& camera);
DeviceCamera to_device_camera(const Camera& camera, const double* directions);

// The ray of pixel (x, y), as to_march_ray(camera_ray()) makes it on the host.
__device__ inline MarchRay pixel_ray(const DeviceCamera& camera, const RayFrame& frame, int x,
                                     int y, float offset) {
  double direction[3];
  const double* m = camera.camera_to_world;
  if (camera.directions != nullptr) {
    const double* d = camera.directions + (static_cast<size_t>(y) * camera.width + x) * 3;
    for (int a = 0; a < 3; ++a) direction[a] = d[a];
  } else {
    const double local[3] = {(x + 0.5 - camera.cx) / camera.fx,
                             -((y + 0.5 - camera.cy) / camera.fy), -1.0};
    double length2 = 0;
    for (int a = 0; a < 3; ++a) {
      direction[a] = m[a * 4] * local[0] + m[a * 4 + 1] * local[1] + m[a * 4 + 2] * local[2];
      length2 += direction[a] * direction[a];
    }
    const double inverse = 1 / sqrt(length2);
    for (double& value : direction) value *= inverse;
  }
  const double position[3] = {m[3], m[7], m[11]};
  return to_march_ray(frame, position, direction, offset);
}

}  // namespace voxpack
