// Random valid fields of several levels for the tests of the kernels.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "field/field.h"

namespace voxpack {

struct RandomFieldOptions {
  int resolution = 24;
  int coarsest = 1;
  int finest = 0;
  AppearanceKind kind = AppearanceKind::rgb;
  int feature_count = 4;    // of kind mlp
  int hidden_width = 12;    // of kind mlp; not a multiple of the vector width
  double keep_block = 0.7;  // share of the blocks that exist
  double split = 0.5;       // share of these that are split, where they can be
  double fill = 0.6;        // share of the sites that are stored
  float density_lo = -1.0f;
  float density_hi = 2.0f;
  Cube cube{{-1.5, 0.25, 2.0}, 3.0};
};

class RandomFieldMaker {
 public:
  RandomFieldMaker(const RandomFieldOptions& options, uint32_t seed)
      : options_(options), random_(seed) {}

  Field make() {
    Field field;
    field.cube = options_.cube;
    field.resolution = options_.resolution;
    field.appearance.kind = options_.kind;
    if (options_.kind == AppearanceKind::mlp) {
      field.appearance.feature_count = options_.feature_count;
      field.appearance.hidden_width = options_.hidden_width;
      field.appearance.weights.resize(field.appearance.weight_count());
      for (float& weight : field.appearance.weights) weight = uniform(-0.4f, 0.4f);
    }
    const int blocks = (sites_per_axis(options_.resolution, options_.coarsest) + 3) / 4;
    for (int z = 0; z < blocks; ++z) {
      for (int y = 0; y < blocks; ++y) {
        for (int x = 0; x < blocks; ++x) add_block(options_.coarsest, x, y, z);
      }
    }
    field.density.edit().resize(levels_.size(), 0.0f);
    field.features.edit().resize(levels_.size() * static_cast<size_t>(field.channels()), 0.0f);
    for (float& density : field.density.edit())
      density = uniform(options_.density_lo, options_.density_hi);
    for (float& feature : field.features.edit()) feature = uniform(-1.0f, 1.0f);
    if (!assign_points(field, positions_, levels_).ok()) return Field{};
    return field;
  }

 private:
  float uniform(float lo, float hi) {
    return std::uniform_real_distribution<float>(lo, hi)(random_);
  }
  bool chance(double share) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < share;
  }

  void add_block(int level, int x, int y, int z) {
    if (!chance(options_.keep_block)) return;
    if (level > options_.finest && chance(options_.split)) {
      for (int child = 0; child < 8; ++child) {
        add_block(level - 1, 2 * x + (child & 1), 2 * y + (child >> 1 & 1), 2 * z + (child >> 2));
      }
      return;
    }
    const int sites = sites_per_axis(options_.resolution, level);
    for (int site = 0; site < 64; ++site) {
      const int p[3] = {4 * x + site % 4, 4 * y + site / 4 % 4, 4 * z + site / 16};
      if (p[0] >= sites || p[1] >= sites || p[2] >= sites || !chance(options_.fill)) continue;
      for (const int c : p) positions_.push_back(static_cast<uint16_t>(c));
      levels_.push_back(static_cast<int8_t>(level));
    }
  }

  RandomFieldOptions options_;
  std::mt19937 random_;
  std::vector<uint16_t> positions_;
  std::vector<int8_t> levels_;
};

inline Field make_random_field(const RandomFieldOptions& options, uint32_t seed) {
  return RandomFieldMaker(options, seed).make();
}

}  // namespace voxpack
