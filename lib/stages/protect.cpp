#include "stages/protect.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace voxpack {
namespace {

bool is_marked(const Image& mask, int x, int y) {
  const auto channels = static_cast<size_t>(mask.channels);
  const uint8_t* p =
      mask.pixels.data() +
      (static_cast<size_t>(y) * static_cast<size_t>(mask.width) + static_cast<size_t>(x)) *
          channels;
  const int alpha = channels == 4 ? p[3] : 255;
  return (p[0] + p[1] + p[2]) * alpha >= 3 * 255 * 255 / 2;
}

bool has_mark(const Image& mask, int left, int top) {
  for (int y = top; y < std::min(top + kMaskTile, mask.height); ++y) {
    for (int x = left; x < std::min(left + kMaskTile, mask.width); ++x) {
      if (is_marked(mask, x, y)) return true;
    }
  }
  return false;
}

}  // namespace

Result<std::vector<Camera>> mask_cameras(const Camera& camera, const Image& mask) {
  const size_t size = static_cast<size_t>(std::max(0, mask.width)) *
                      static_cast<size_t>(std::max(0, mask.height)) *
                      static_cast<size_t>(std::max(0, mask.channels));
  if (mask.width != camera.width || mask.height != camera.height || mask.channels < 3 ||
      mask.pixels.size() != size) {
    return {Errc::bad_data, "the mask has " + std::to_string(mask.width) + " x " +
                                std::to_string(mask.height) + " pixels, its view " +
                                std::to_string(camera.width) + " x " +
                                std::to_string(camera.height)};
  }
  std::vector<Camera> parts;
  for (int top = 0; top < mask.height; top += kMaskTile) {
    for (int left = 0; left < mask.width; left += kMaskTile) {
      if (!has_mark(mask, left, top)) continue;
      Camera part = camera;
      part.width = std::min(kMaskTile, mask.width - left);
      part.height = std::min(kMaskTile, mask.height - top);
      part.cx -= left;
      part.cy -= top;
      parts.push_back(part);
    }
  }
  return parts;
}

std::vector<uint8_t> points_in_boxes(const Field& field, const std::vector<ProtectBox>& boxes) {
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  std::vector<uint8_t> inside(field.point_count(), 0);
  for (size_t i = 0; i < inside.size(); ++i) {
    const double spacing = std::ldexp(field.spacing(), levels[i]);
    double p[3];
    for (size_t a = 0; a < 3; ++a) p[a] = field.cube.origin[a] + positions[3 * i + a] * spacing;
    inside[i] = std::any_of(boxes.begin(), boxes.end(), [&](const ProtectBox& box) {
      bool in = true;
      for (size_t a = 0; a < 3; ++a) in = in && p[a] >= box.lower[a] && p[a] <= box.upper[a];
      return in;
    });
  }
  return inside;
}

Status validate(const Protection& protection) {
  if (!(protection.weight >= 1 && protection.weight <= 1e4)) {
    return {Errc::usage,
            "protect weight " + std::to_string(protection.weight) + " is not in 1..10000"};
  }
  for (const ProtectBox& box : protection.boxes) {
    for (size_t a = 0; a < 3; ++a) {
      if (!(std::isfinite(box.lower[a]) && std::isfinite(box.upper[a]) &&
            box.lower[a] <= box.upper[a])) {
        return {Errc::usage, "a protect box goes from " + std::to_string(box.lower[a]) + " to " +
                                 std::to_string(box.upper[a]) +
                                 " on an axis; give the smaller corner first"};
      }
    }
  }
  return {};
}

}  // namespace voxpack
