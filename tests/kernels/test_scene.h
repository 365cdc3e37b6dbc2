// Photos of a coloured ball, computed exactly, for the tests of the optimiser and of the bake.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "field/camera.h"
#include "kernels/test_cameras.h"

namespace voxpack {

inline constexpr double kBallRadius = 0.8;

// Colour of the ball's surface at its unit normal: smooth, none of the channels constant.
inline std::array<double, 3> ball_colour(const Vec3& n) {
  return {0.5 + 0.4 * n[0], 0.5 + 0.4 * std::sin(3 * n[1]), 0.5 - 0.4 * n[2]};
}

// RGBA photo of the ball around the origin; 4 x 4 rays per pixel.
inline View ball_view(const Camera& camera, const std::string& name) {
  View view{name, camera, {camera.width, camera.height, 4, {}}};
  for (int y = 0; y < camera.height; ++y) {
    for (int x = 0; x < camera.width; ++x) {
      double sum[3] = {}, hits = 0;
      for (int s = 0; s < 16; ++s) {
        const Ray ray = camera_ray(camera, x + (s % 4 + 0.5) / 4, y + (s / 4 + 0.5) / 4);
        double b = 0, c = -kBallRadius * kBallRadius;
        for (size_t a = 0; a < 3; ++a) {
          b += ray.origin[a] * ray.direction[a];
          c += ray.origin[a] * ray.origin[a];
        }
        if (b * b < c) continue;
        const double t = -b - std::sqrt(b * b - c);
        Vec3 normal;
        for (size_t a = 0; a < 3; ++a)
          normal[a] = (ray.origin[a] + t * ray.direction[a]) / kBallRadius;
        const auto colour = ball_colour(normal);
        for (size_t k = 0; k < 3; ++k) sum[k] += colour[k];
        ++hits;
      }
      for (const double channel : sum) {
        view.image.pixels.push_back(
            static_cast<uint8_t>(std::lround(hits > 0 ? 255 * channel / hits : 0)));
      }
      view.image.pixels.push_back(static_cast<uint8_t>(std::lround(255 * hits / 16)));
    }
  }
  return view;
}

// `count` photos from around the ball, each size x size pixels.
inline std::vector<View> ball_views(int count, int size) {
  std::vector<View> views;
  for (int i = 0; i < count; ++i) {
    const Vec3 d = spiral_direction(i, count);
    views.push_back(
        ball_view(look_at({3 * d[0], 3 * d[1], 3 * d[2]}, {0, 0, 0}, size, size, 1.5 * size),
                  "view_" + std::to_string(i)));
  }
  return views;
}

}  // namespace voxpack
