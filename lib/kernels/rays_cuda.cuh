// The photos on the GPU and the rays of an iteration (training_rays.h). For .cu files only.
#pragma once

#include <span>
#include <vector>

#include "field/camera.h"
#include "kernels/lattice_cuda.cuh"
#include "kernels/training_rays.h"

namespace voxpack {

struct DeviceView {
  DeviceCamera camera;
  const uint8_t* pixels;
  int channels;
};

// What decides the rays of an iteration.
struct RayBatch {
  const uint64_t* tiles;  // on the device
  int tile_count;
  bool has_masks;
  bool is_probe;  // make_probe()
  uint64_t seed;
  uint64_t step;
  const float* view_parameters;  // [view][kViewParameters] on the device; null: none
};

class DeviceViews {
 public:
  Status upload(std::span<const View> views);
  const std::vector<DeviceCamera>& cameras() const { return cameras_; }

  // Writes kRaysPerTile rays for each tile, the same as TrainingRays::make_rays() makes.
  Status launch_rays(const RayBatch& batch, const RayFrame& frame, float centre,
                     TrainRay* rays) const;

 private:
  std::vector<DeviceArray<uint8_t>> pixels_;
  std::vector<DeviceArray<double>> directions_;
  std::vector<DeviceCamera> cameras_;
  DeviceArray<DeviceView> views_;
};

}  // namespace voxpack
