// A small made-up field for tests: a textured sphere shell, fine on one side and coarse on the
// other.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "field/field.h"

namespace voxpack {

struct TestFieldOptions {
  int resolution = 48;   // cells per axis at level 0
  int fine_level = 0;    // of the half with small x
  int coarse_level = 1;  // of the other half; at most fine_level + 3
  AppearanceKind kind = AppearanceKind::mlp;
  int feature_count = 4;   // of kind mlp
  int hidden_width = 8;    // of kind mlp
  float shell = 1.6f;      // points up to this many spacings from the surface
  bool importance = true;  // larger at the top
};

// A number in -1..1 that looks random.
inline float test_noise(uint32_t seed) {
  seed = (seed ^ 61u) ^ (seed >> 16);
  seed *= 9u;
  seed ^= seed >> 4;
  seed *= 0x27d4eb2du;
  seed ^= seed >> 15;
  return static_cast<float>(seed >> 8) / 8388608.0f - 1.0f;
}

// A valid field; empty blocks if assign_points() refuses, which a test sees at once.
inline Field make_test_field(const TestFieldOptions& options = {}) {
  Field field;
  field.cube = {{-1.0, -1.0, -1.0}, 2.0};
  field.resolution = options.resolution;
  field.appearance.kind = options.kind;
  if (options.kind == AppearanceKind::mlp) {
    field.appearance.feature_count = options.feature_count;
    field.appearance.hidden_width = options.hidden_width;
    field.appearance.weights.resize(field.appearance.weight_count());
    uint32_t seed = 1;
    for (float& weight : field.appearance.weights) weight = 0.4f * test_noise(seed++);
  }
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  std::vector<float> importance;
  // Levels change only between blocks of the coarse level.
  const double h = 1.0 / options.resolution;
  const double seam = std::floor(0.5 / (h * 4 * std::exp2(options.coarse_level))) *
                      (h * 4 * std::exp2(options.coarse_level));
  for (const int level : {options.fine_level, options.coarse_level}) {
    if (level == options.coarse_level && level == options.fine_level && !levels.empty()) continue;
    const double spacing = h * std::exp2(level);
    const int sites = sites_per_axis(options.resolution, level);
    const bool one_level = options.fine_level == options.coarse_level;
    for (int z = 0; z < sites; ++z) {
      for (int y = 0; y < sites; ++y) {
        for (int x = 0; x < sites; ++x) {
          const double p[3] = {x * spacing, y * spacing, z * spacing};
          const bool coarse = p[0] >= seam;
          if (!one_level && coarse != (level == options.coarse_level)) continue;
          const double r = std::hypot(p[0] - 0.5, p[1] - 0.5, p[2] - 0.5);
          const double depth = (0.37 - r) / spacing;  // inside: > 0
          if (std::fabs(depth) > static_cast<double>(options.shell)) continue;
          positions.insert(positions.end(), {static_cast<uint16_t>(x), static_cast<uint16_t>(y),
                                             static_cast<uint16_t>(z)});
          levels.push_back(static_cast<int8_t>(level));
          field.density.edit().push_back(static_cast<float>(3.0 * depth));
          const auto id = static_cast<uint32_t>(levels.size());
          for (int c = 0; c < field.channels(); ++c) {
            const double wave =
                std::sin(40.0 * p[0] + c) * std::cos(31.0 * p[1] - 2 * c + 9.0 * p[2]);
            field.features.edit().push_back(static_cast<float>(0.5 + 0.4 * wave) +
                                            0.02f * test_noise(id * 37 + static_cast<uint32_t>(c)));
          }
          importance.push_back(static_cast<float>(p[2]) + 0.05f);
        }
      }
    }
  }
  if (options.importance) field.importance = importance;
  if (!assign_points(field, positions, levels).ok()) return Field{};
  return field;
}

}  // namespace voxpack
