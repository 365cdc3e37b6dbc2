#include "kernels/coarsen_window.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/morton.h"

namespace voxpack {
namespace {

// Offset of each site of a block in a window of N^3.
template <int N>
constexpr std::array<int16_t, 64> site_offsets() {
  std::array<int16_t, 64> offsets{};
  for (uint64_t i = 0; i < 64; ++i) {
    offsets[i] = static_cast<int16_t>((gather_bits_3(i >> 2) * N + gather_bits_3(i >> 1)) * N +
                                      gather_bits_3(i));
  }
  return offsets;
}

// Which sites of a block lie in a window of N that starts `base` sites before it, per axis.
template <int N>
constexpr uint64_t sites_inside(int axis, int base) {
  return site_range(axis, -base, N - 1 - base);
}

// Place in the fine window of each site of the wide one, -1 outside.
constexpr std::array<int16_t, kWideSites> inner_places() {
  std::array<int16_t, kWideSites> places{};
  for (int z = 0; z < kWideWindow; ++z) {
    for (int y = 0; y < kWideWindow; ++y) {
      for (int x = 0; x < kWideWindow; ++x) {
        const bool inside = x > 0 && y > 0 && z > 0 && x <= 9 && y <= 9 && z <= 9;
        places[static_cast<size_t>((z * kWideWindow + y) * kWideWindow + x)] =
            static_cast<int16_t>(inside ? ((z - 1) * 9 + y - 1) * 9 + x - 1 : -1);
      }
    }
  }
  return places;
}

// Calls visit(place, point) for the sites of `mask` of a block that lie in the window of N^3 sites
// in which the block starts at `base`.
template <int N, class Visit>
void for_sites(const PyramidBlock& block, uint64_t allowed, const int base[3], Visit&& visit) {
  static constexpr std::array<int16_t, 64> kOffsets = site_offsets<N>();
  const int start = (base[2] * N + base[1]) * N + base[0];
  if ((allowed & block.mask) == block.stored) {
    uint32_t point = block.first;
    for (uint64_t left = block.stored; left != 0; left &= left - 1, ++point) {
      visit(start + kOffsets[static_cast<size_t>(std::countr_zero(left))], point);
    }
    return;
  }
  for (uint64_t left = block.mask & allowed; left != 0; left &= left - 1) {
    const uint64_t bit = left & -left;
    visit(start + kOffsets[static_cast<size_t>(std::countr_zero(left))],
          block.first + static_cast<uint32_t>(std::popcount(block.stored & (bit - 1))));
  }
}

// Each value's maximum with those `Pitch` before and behind it, as far as both are in the window.
template <size_t Pitch>
void spread_largest(const std::array<float, kWideSites>& from, std::array<float, kWideSites>& to) {
  std::copy_n(from.begin(), Pitch, to.begin());
  for (size_t i = Pitch; i < kWideSites - Pitch; ++i) {
    to[i] = largest_of(from[i - Pitch], from[i], from[i + Pitch]);
  }
  std::copy(from.end() - Pitch, from.end(), to.end() - Pitch);
}

}  // namespace

void FineWindow::fill(const CoarsenView& view, size_t block) {
  // The wide window starts two sites before the block of 8^3 fine sites.
  static constexpr int kBase[4] = {-2, 2, 6, 10};
  static constexpr auto kInside = [] {
    std::array<std::array<uint64_t, 4>, 3> masks{};
    for (int a = 0; a < 3; ++a) {
      for (size_t p = 0; p < 4; ++p) {
        masks[static_cast<size_t>(a)][p] = sites_inside<kWideWindow>(a, kBase[p]);
      }
    }
    return masks;
  }();
  static constexpr std::array<int16_t, kWideSites> kPlaces = inner_places();
  std::array<float, kWideSites> wide{}, near;
  is_point.fill(0);
  count = 0;
  for (uint32_t n = 0; n < 64; ++n) {
    const uint32_t place[3] = {n & 3, n >> 2 & 3, n >> 4};
    const uint32_t found = fine_block(view.links, block, place[0], place[1], place[2]);
    if (found == kNoIndex) continue;
    const int base[3] = {kBase[place[0]], kBase[place[1]], kBase[place[2]]};
    const uint64_t allowed = kInside[0][place[0]] & kInside[1][place[1]] & kInside[2][place[2]];
    for_sites<kWideWindow>(view.fine_blocks[found], allowed, base, [&](int at, uint32_t point) {
      wide[static_cast<size_t>(at)] = view.vis_sum[point];
      const int16_t to = kPlaces[static_cast<size_t>(at)];
      if (to < 0) return;
      points[static_cast<size_t>(count++)] = {static_cast<uint32_t>(to), point};
      is_point[static_cast<size_t>(to)] = 1;
    });
  }
  // The largest around: along x, y and z in turn. What wraps around reaches the outermost sites
  // only.
  std::array<float, kWideSites> along_x, along_y;
  spread_largest<1>(wide, along_x);
  spread_largest<kWideWindow>(along_x, along_y);
  spread_largest<kWideWindow * kWideWindow>(along_y, near);
  float largest = 0;
  for (size_t z = 0; z < 9; ++z) {
    for (size_t y = 0; y < 9; ++y) {
      const size_t from = ((z + 1) * kWideWindow + y + 1) * kWideWindow + 1, to = (z * 9 + y) * 9;
      for (size_t x = 0; x < 9; ++x) {
        const float own = wide[from + x], around = near[from + x];
        const FitWeights weights =
            fit_weights(own, around, is_point[to + x] != 0, view.options.empty_weight);
        seen[to + x] = own;
        density_weight[to + x] = weights.density;
        feature_weight[to + x] = weights.features;
        largest = around > largest ? around : largest;
      }
    }
  }
  is_seen = largest > 0;
}

void FineWindow::load(const CoarsenView& view, int group, Lanes* numbers) const {
  std::memset(numbers, 0, sizeof(Lanes) * kFineSites);
  for (int i = 0; i < count; ++i) {
    const auto [at, point] = points[static_cast<size_t>(i)];
    Lanes values = numbers_of(view.fine, point, group);
    if (group == 0) {
      values[0] =
          clip_density(values[0], view.options.lowest_density, view.options.highest_density);
    }
    numbers[at] = values;
  }
}

void FineWindow::load_weights(int group, Lanes* weights) const {
  for (size_t i = 0; i < kFineSites; ++i) {
    const float features = feature_weight[i];
    const float first = group == 0 ? density_weight[i] + kTinyWeight : features;
    weights[i] = Lanes{first, features, features, features};
  }
}

void CoarseWindow::fill(const CoarsenView& view, size_t block) {
  static constexpr int kBase[3] = {-3, 1, 5};
  static constexpr auto kInside = [] {
    std::array<std::array<uint64_t, 3>, 3> masks{};
    for (int a = 0; a < 3; ++a) {
      for (size_t p = 0; p < 3; ++p) {
        masks[static_cast<size_t>(a)][p] = sites_inside<kCoarseWindow>(a, kBase[p]);
      }
    }
    return masks;
  }();
  count = 0;
  for (size_t n = 0; n < 27; ++n) {
    const uint32_t found = view.links.neighbours[block * 27 + n];
    if (found == kNoIndex) continue;
    const size_t place[3] = {n % 3, n / 3 % 3, n / 9};
    const int base[3] = {kBase[place[0]], kBase[place[1]], kBase[place[2]]};
    const uint64_t allowed = kInside[0][place[0]] & kInside[1][place[1]] & kInside[2][place[2]];
    for_sites<kCoarseWindow>(view.coarse_blocks[found], allowed, base, [&](int at, uint32_t point) {
      points[static_cast<size_t>(count++)] = {static_cast<uint32_t>(at), point};
    });
  }
}

void CoarseWindow::load(const NumbersView& coarse, int group, Lanes* numbers) const {
  std::memset(numbers, 0, sizeof(Lanes) * kCoarseSites);
  for (int i = 0; i < count; ++i) {
    const auto [at, point] = points[static_cast<size_t>(i)];
    numbers[at] = numbers_of(coarse, point, group);
  }
}

}  // namespace voxpack
