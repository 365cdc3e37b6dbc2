#include "orbit.h"

#include <cmath>
#include <numbers>

#include "field/framing.h"
#include "size_text.h"

namespace voxpack {

std::vector<View> orbit_views(const Field& field, const OrbitOptions& options) {
  constexpr double kMargin = 1.05;
  const Sphere sphere = seen_sphere(field);
  const double sin_elevation = std::sin(options.elevation_deg * std::numbers::pi / 180.0);
  std::vector<View> views(static_cast<size_t>(options.count));
  for (size_t i = 0; i < views.size(); ++i) {
    const double azimuth = 2 * std::numbers::pi * static_cast<double>(i) / options.count;
    views[i].camera =
        framing_camera(sphere, azimuth, sin_elevation, options.width, options.height, kMargin);
    views[i].name = format("orbit_%03zu", i);
  }
  return views;
}

}  // namespace voxpack
