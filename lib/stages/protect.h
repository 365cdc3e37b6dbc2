// Regions that must stay sharp, such as a label: what is seen there weighs more.
#pragma once

#include <array>
#include <vector>

#include "core/status.h"
#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

// A box in the world, lower <= upper on each axis.
struct ProtectBox {
  std::array<double, 3> lower{}, upper{};
};

struct Protection {
  std::vector<ProtectBox> boxes;
  std::vector<Camera> cameras;  // see mask_cameras()
  // What is seen of a protected point, and in a protected part of a view, counts so many times; 1
  // and up, at most 1e4.
  double weight = 8;
};

// Parts of the view of `camera`, kMaskTile x kMaskTile pixels or less each, where `mask` has a
// pixel whose mean of R, G, B times alpha is at least half: a camera for each. Fails with bad_data
// if the mask has another size than the view.
inline constexpr int kMaskTile = 8;
Result<std::vector<Camera>> mask_cameras(const Camera& camera, const Image& mask);

// Whether each point of the field lies in a box. [point_count]
std::vector<uint8_t> points_in_boxes(const Field& field, const std::vector<ProtectBox>& boxes);

// Fails with usage if a box is inside out or not finite, or the weight out of range.
Status validate(const Protection& protection);

}  // namespace voxpack
