#include "stages/detect_cameras.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "field/framing.h"

namespace voxpack {

std::vector<Camera> sphere_cameras(const Field& field, int count) {
  constexpr double kMargin = 1.03;
  const Sphere sphere = seen_sphere(field);
  const int pixels = std::clamp(field.resolution, kMinSphereViewPixels, kMaxSphereViewPixels);
  std::vector<Camera> cameras(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    // Golden-angle spiral; the offset by half a turn's step keeps cameras off the poles.
    const double azimuth = i * std::numbers::pi * (3 - std::sqrt(5.0));
    cameras[static_cast<size_t>(i)] =
        framing_camera(sphere, azimuth, 1 - (2 * i + 1.0) / count, pixels, pixels, kMargin);
  }
  return cameras;
}

}  // namespace voxpack
