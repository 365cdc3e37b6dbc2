// The densities at the corners of the leaves, as 8-bit codes, and the corners that need a point of
// their own: those that hang on a coarser neighbour, and those of upper faces that no leaf of the
// same level owns.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decoder/atlas_leaves.h"

namespace voxpack {

inline constexpr int kAtlasCorners = 125;  // 5 x 5 x 5 of a leaf, x fastest

// Place of a corner with a coordinate 4 among the 61 such corners of a leaf: rows of x first.
constexpr int apron_bit(int x, int y, int z) {
  return z == 4 ? y * 5 + x : (y == 4 ? 25 + z * 5 + x : 45 + z * 4 + y);
}
// Morton code of the site (x, y, z), 0..3 each, in its block.
constexpr int site_bit(int x, int y, int z) {
  return (x & 1) | (y & 1) << 1 | (z & 1) << 2 | (x & 2) << 2 | (y & 2) << 3 | (z & 2) << 4;
}

// A list that grows without moving: numbers of many megabytes, once.
template <class T>
class PagedList {
 public:
  size_t size() const { return size_; }
  void push_back(T value) {
    if (size_ % kPage == 0) pages_.push_back(std::make_unique<T[]>(kPage));
    pages_.back()[size_ % kPage] = value;
    ++size_;
  }
  T operator[](size_t i) const { return pages_[i / kPage][i % kPage]; }

 private:
  static constexpr size_t kPage = 1 << 14;
  std::vector<std::unique_ptr<T[]>> pages_;
  size_t size_ = 0;
};

// A corner that needs a point of its own is a sum of points: rank << 8 | weight, which is in 1/256
// but for 255, which stands for 1.
inline constexpr uint32_t kMaxSourcePoint = 1 << 24;
inline constexpr float source_weight(uint32_t source) {
  return (source & 255) == 255 ? 1.0f : static_cast<float>(source & 255) / 256.0f;
}

struct AtlasCorners {
  float density_range = 4.0f;     // code 127 stands for it
  std::vector<int8_t> codes;      // [leaf][125]
  std::vector<uint8_t> is_dense;  // [leaf] 1: a corner is positive, there is something to see
  size_t dense_count = 0;
  std::vector<int32_t> next;    // [leaf] the leaf of the same level behind it along x, -1: none
  std::vector<uint64_t> own;    // [leaf] sites of the leaf that hang and are needed
  std::vector<uint64_t> apron;  // [leaf] corners with a coordinate 4 that it has for itself
  std::vector<uint32_t> first_extra;  // [leaf] number of its first corner in `own` or `apron`: leaf
                                      // by leaf, `own` first, rising bits
  PagedList<uint32_t> first_source;   // [corner of these + 1]
  PagedList<uint32_t> sources;
};

// Finds all of AtlasCorners; `density_codes` [point] are the points' densities, 127 for
// `density_range`.
AtlasCorners find_atlas_corners(const LeafMap& map, std::span<const int8_t> density_codes,
                                float density_range);

}  // namespace voxpack
