// What lies around one coarse block as dense windows (kernels/coarsen_math.h), filled from the
// sparse levels. CPU only.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/coarsen_math.h"
#include "kernels/coarsen_view.h"

namespace voxpack {

// The numbers of a point are worked on in groups of four: the density and three features, then four
// features each.
typedef float Lanes __attribute__((vector_size(16)));

inline constexpr int kWideWindow = kFineWindow + 2;  // with the sites around it
inline constexpr int kWideSites = kWideWindow * kWideWindow * kWideWindow;

// A point in a window: its place there and its index in the arrays of the level.
struct WindowPoint {
  uint32_t at;
  uint32_t point;
};

struct FineWindow {
  int count = 0;  // points in the window
  std::array<WindowPoint, kFineSites> points;
  std::array<uint8_t, kFineSites> is_point;
  std::array<float, kFineSites> seen;                            // 0 at empty sites
  std::array<float, kFineSites> density_weight, feature_weight;  // FitWeights
  bool is_seen = false;                                          // some density weight is not 0

  void fill(const CoarsenView& view, size_t block);

  // The numbers of `group` at all sites, zeros at empty ones; densities are clipped to the range.
  void load(const CoarsenView& view, int group, Lanes* numbers) const;
  // The weights of the numbers of `group`, of 0 replaced by a tiny one at points.
  void load_weights(int group, Lanes* weights) const;
};

struct CoarseWindow {
  int count = 0;
  std::array<WindowPoint, kCoarseSites> points;

  void fill(const CoarsenView& view, size_t block);
  void load(const NumbersView& coarse, int group, Lanes* numbers) const;
};

// The numbers of `group` of one point, 0 behind the last channel.
inline Lanes numbers_of(const NumbersView& level, uint32_t point, int group) {
  const auto channels = static_cast<size_t>(level.channels);
  const float* features = level.features + point * channels;
  if (group == 0 && channels >= 3) {
    return Lanes{level.density[point], features[0], features[1], features[2]};
  }
  Lanes numbers{};
  for (int lane = 0; lane < 4; ++lane) {
    const int channel = group * 4 + lane - 1;
    if (channel < 0) numbers[lane] = level.density[point];
    if (channel >= 0 && channel < level.channels) numbers[lane] = features[channel];
  }
  return numbers;
}

}  // namespace voxpack
