#include "heat_map.h"

#include <algorithm>
#include <cmath>

#include "core/interrupt.h"
#include "draw.h"
#include "io/image_io.h"
#include "orbit.h"

namespace voxpack {
namespace {

constexpr size_t kMaxPictures = 8;

// The field with its colours replaced by those of the detail.
Field coloured_by_detail(const Field& field, const DetailMap& detail) {
  Field heat = field;
  heat.appearance = {};
  heat.importance.edit().clear();
  heat.features.edit().assign(3 * field.point_count(), 0.0f);
  const float largest =
      detail.detail.empty() ? 0.0f : *std::max_element(detail.detail.begin(), detail.detail.end());
  for (size_t i = 0; i < detail.detail.size(); ++i) {
    if (!(largest > 0) || !(detail.detail[i] > 0)) continue;
    const double decades = std::log10(static_cast<double>(detail.detail[i]) / largest);
    const auto colour = heat_colour(1 + decades / kHeatDecades);
    for (size_t c = 0; c < 3; ++c) heat.features.edit()[3 * i + c] = static_cast<float>(colour[c]);
  }
  return heat;
}

}  // namespace

std::array<double, 3> heat_colour(double heat) {
  const double value = 3 * std::clamp(heat, 0.0, 1.0);
  return {std::clamp(value, 0.0, 1.0), std::clamp(value - 1, 0.0, 1.0),
          std::clamp(value - 2, 0.0, 1.0)};
}

Status draw_heat_maps(const Field& field, const DetailMap& detail, std::span<const View> views,
                      Kernels& kernels, OutputFolder& folder) {
  if (detail.detail.size() != field.point_count()) {
    return {Errc::usage, "the detail map does not belong to this field"};
  }
  std::vector<View> orbit;
  if (views.empty()) {
    orbit = orbit_views(field, OrbitOptions{.count = kMaxPictures});
    views = orbit;
  }
  const Field heat = coloured_by_detail(field, detail);
  VOXPACK_ASSIGN(const auto renderer, kernels.make_renderer(heat));
  const size_t count = std::min(kMaxPictures, views.size());
  for (size_t i = 0; i < count; ++i) {
    VOXPACK_TRY(check_interrupt());
    const View& view = views[i * views.size() / count];
    PictureF picture;
    VOXPACK_TRY(renderer->render(view.camera, picture));
    VOXPACK_TRY(write_png(folder.add(view.name + ".png"), to_image(picture, Background::white)));
  }
  return {};
}

}  // namespace voxpack
