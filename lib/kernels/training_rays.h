// The rays of an optimisation: tiles of 4 x 4 pixels of the photos in a seeded random order.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "field/camera.h"
#include "kernels/lattice.h"
#include "kernels/view_fit.h"

namespace voxpack {

inline constexpr int kTilePixels = 4;
inline constexpr int kRaysPerTile = kTilePixels * kTilePixels;

// splitmix64 (Steele et al. 2014): the next of a seeded sequence.
VOXPACK_HOST_DEVICE inline uint64_t next_random(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Uniform in [0, 1), 24 bits.
VOXPACK_HOST_DEVICE inline float unit_float(uint64_t& random) {
  return static_cast<float>(next_random(random) >> 40) * 0x1p-24f;
}

// Seed of the random numbers of tile number `index` of iteration `step`.
VOXPACK_HOST_DEVICE inline uint64_t tile_seed(uint64_t seed, uint64_t step, int index) {
  uint64_t random = seed ^ (step << 20 | static_cast<uint64_t>(index));
  return next_random(random);
}

// Turns a ray into one that asks for derivatives: its target becomes random signs.
VOXPACK_HOST_DEVICE inline void make_probe(uint64_t seed, TrainRay& ray) {
  uint64_t random = ~seed;
  const uint64_t bits = next_random(random);
  for (int c = 0; c < 3; ++c) ray.target[c] = bits >> (32 + c) & 1 ? 1.0f : -1.0f;
}

// Gives a ray of `view` the corrections of that view, `parameters` [kViewParameters]; `centre` as
// in move_ray().
VOXPACK_HOST_DEVICE inline void correct_ray(const float* parameters, float centre, uint32_t view,
                                            TrainRay& ray) {
  move_ray(parameters, centre, ray.ray);
  for (int c = 0; c < 3; ++c) ray.gain[c] = expf(parameters[kViewGain + c]);
  ray.view = view;
}

class TrainingRays {
 public:
  // Keeps the views; they must outlive this. Only tiles with a visible pixel in or next to them are
  // used.
  TrainingRays(std::span<const View> views, uint64_t seed);

  bool empty() const { return tiles_.empty(); }

  // Whether a photo has alpha: then rays get random backgrounds, else white.
  bool has_masks() const { return has_masks_; }

  // The next tiles in order; starts over with a new order after the last.
  std::vector<uint64_t> next_tiles(int count);

  // The rays of a tile, with its own random background (masked photos) and sample offsets from
  // `seed`.
  void make_rays(const Lattice& lattice, uint64_t tile, uint64_t seed,
                 TrainRay rays[kRaysPerTile]) const;

 private:
  void shuffle();

  std::span<const View> views_;
  std::vector<uint64_t> tiles_;  // view << 32 | y << 16 | x, in tiles
  size_t next_ = 0;
  uint64_t random_;
  bool has_masks_ = false;
};

}  // namespace voxpack
