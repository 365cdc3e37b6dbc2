// Tiles of the photos and their rays.
#include "kernels/training_rays.h"

#include <algorithm>
#include <utility>

namespace voxpack {
namespace {

constexpr int kRing =
    3;  // tiles around the mask that are used too, so that the space beside it is cleared

// Per tile, whether any of its pixels is not transparent; opaque photos have all tiles.
std::vector<uint8_t> visible_tiles(const Image& image, int columns, int rows) {
  std::vector<uint8_t> visible(size_t(columns) * rows, image.channels == 4 ? 0 : 1);
  if (image.channels != 4) return visible;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (image.pixels[(size_t(y) * image.width + x) * 4 + 3] != 0) {
        visible[size_t(y / kTilePixels) * columns + x / kTilePixels] = 1;
      }
    }
  }
  return visible;
}

}  // namespace

TrainingRays::TrainingRays(std::span<const View> views, uint64_t seed)
    : views_(views), random_(seed) {
  for (size_t v = 0; v < views.size(); ++v) {
    const Image& image = views[v].image;
    if (image.empty()) continue;
    has_masks_ |= image.channels == 4;
    const int columns = (image.width + kTilePixels - 1) / kTilePixels;
    const int rows = (image.height + kTilePixels - 1) / kTilePixels;
    const std::vector<uint8_t> visible = visible_tiles(image, columns, rows);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        bool near = false;
        for (int dy = std::max(0, y - kRing); dy <= std::min(rows - 1, y + kRing); ++dy) {
          for (int dx = std::max(0, x - kRing); dx <= std::min(columns - 1, x + kRing); ++dx) {
            near |= visible[size_t(dy) * columns + dx] != 0;
          }
        }
        if (near) tiles_.push_back(uint64_t{v} << 32 | uint64_t(y) << 16 | uint64_t(x));
      }
    }
  }
  shuffle();
}

void TrainingRays::shuffle() {
  for (size_t i = tiles_.size(); i > 1; --i)
    std::swap(tiles_[i - 1], tiles_[next_random(random_) % i]);
  next_ = 0;
}

std::vector<uint64_t> TrainingRays::next_tiles(int count) {
  std::vector<uint64_t> tiles;
  tiles.reserve(count);
  while (static_cast<int>(tiles.size()) < count) {
    if (next_ == tiles_.size()) shuffle();
    tiles.push_back(tiles_[next_++]);
  }
  return tiles;
}

void TrainingRays::make_rays(const Lattice& lattice, uint64_t tile, uint64_t seed,
                             TrainRay rays[kRaysPerTile]) const {
  const View& view = views_[tile >> 32];
  const Image& image = view.image;
  const int x0 = static_cast<int>(tile & 0xffff) * kTilePixels;
  const int y0 = static_cast<int>(tile >> 16 & 0xffff) * kTilePixels;
  uint64_t random = seed;
  float background[3] = {1, 1, 1};
  if (has_masks_) {
    for (float& b : background) b = unit_float(random);
  }
  for (int i = 0; i < kRaysPerTile; ++i) {
    const int x = std::min(x0 + i % kTilePixels, image.width - 1);
    const int y = std::min(y0 + i / kTilePixels, image.height - 1);
    TrainRay& ray = rays[i];
    ray.ray = to_march_ray(lattice, camera_ray(view.camera, x + 0.5, y + 0.5), unit_float(random));
    const uint8_t* pixel = image.pixels.data() + (size_t(y) * image.width + x) * image.channels;
    const float alpha = image.channels == 4 ? pixel[3] / 255.0f : 1.0f;
    for (int c = 0; c < 3; ++c) {
      ray.background[c] = background[c];
      ray.target[c] = pixel[c] / 255.0f * alpha + (1 - alpha) * background[c];
    }
  }
}

}  // namespace voxpack
