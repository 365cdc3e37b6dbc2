// What lies around one coarse block in the scratch memory of a team of threads (coarsen_block.h),
// and interpolation there.
#pragma once

#include "kernels/coarsen_math.h"
#include "kernels/coarsen_view.h"

namespace voxpack {

// A group of four numbers of a point.
struct alignas(16) Four {
  float v[4];
};

struct BlockSites {
  uint64_t stored, mask;
  uint32_t first;
};

// Sites of the wide window, which has one more around the fine window, and of the block's own part
// of the fine window.
inline constexpr int kWideSide = kFineWindow + 2;
inline constexpr int kOwnSites = 512;

struct BlockScratch {
  uint32_t point[kFineSites];  // kNoIndex at empty sites
  float seen[kFineSites], density_weight[kFineSites], feature_weight[kFineSites];
  uint32_t corner_point[kCoarseSites];
  Four corners[kCoarseSites];
  union {
    struct {
      BlockSites blocks[64];
      float wide[kWideSide * kWideSide * kWideSide];
      float along_x[9 * 11 * 11], along_y[9 * 9 * 11];
    } fill;
    Four numbers[kFineSites];
    struct {
      float changed[kOwnSites], whole[kOwnSites], density[kOwnSites];
      double rows[64];
    } costs;
  };
  bool is_seen;  // some density weight is not 0
};

// Index of the point at site (x, y, z), each 0..3, of a block; kNoIndex if there is none.
VOXPACK_HOST_DEVICE inline uint32_t point_at(uint64_t stored, uint64_t mask, uint32_t first, int x,
                                             int y, int z) {
  const int site = (x & 1) | (y & 1) << 1 | (z & 1) << 2 | (x >> 1) << 3 | (y >> 1) << 4 |
                   (z >> 1) << 5;  // Morton code
  if (!(mask >> site & 1)) return kNoIndex;
  return first + count_bits(stored & ((uint64_t{1} << site) - 1));
}

// Numbers of `group` of one point, 0 behind the last channel.
VOXPACK_HOST_DEVICE inline Four four_of(const NumbersView& level, uint32_t point, int group) {
  const float* features = level.features + static_cast<size_t>(point) * level.channels;
  Four numbers;
  for (int lane = 0; lane < 4; ++lane) {
    const int channel = group * 4 + lane - 1;
    numbers.v[lane] = channel < 0                ? level.density[point]
                      : channel < level.channels ? features[channel]
                                                 : 0.0f;
  }
  return numbers;
}

// `a`, or halfway between `a` and `b`.
VOXPACK_HOST_DEVICE inline Four between(const Four& a, const Four& b, bool halfway) {
  Four out;
  for (int k = 0; k < 4; ++k) out.v[k] = halfway ? 0.5f * (a.v[k] + b.v[k]) : a.v[k];
  return out;
}

// A coarse window interpolated at fine site (x, y, z), as upsample_window() does: along z, then y,
// then x. Even sites lie between two coarse ones. Without branches, which would diverge.
VOXPACK_HOST_DEVICE inline Four upsample_at(const Four* coarse, int x, int y, int z) {
  const Four* corner = coarse + (z + 1) / 2 * 36 + (y + 1) / 2 * 6 + (x + 1) / 2;
  const bool even_x = (x & 1) == 0, even_y = (y & 1) == 0, even_z = (z & 1) == 0;
  const Four a = between(corner[0], corner[36], even_z);
  const Four b = between(corner[6], corner[42], even_z);
  const Four c = between(corner[1], corner[37], even_z);
  const Four d = between(corner[7], corner[43], even_z);
  return between(between(a, b, even_y), between(c, d, even_y), even_x);
}

// Sum of value(site of the fine window) with the weights of interpolation for coarse site (x, y,
// z) of the block, as downsample_window() does: along x, then y, then z.
template <class Value>
VOXPACK_HOST_DEVICE inline float downsample_at(int x, int y, int z, const Value& value) {
  const auto row = [&](int j, int k) {
    const int at = (k * 9 + j) * 9 + 2 * x;
    const float ends = value(at) + value(at + 2);
    return value(at + 1) + 0.5f * ends;
  };
  const auto plane = [&](int k) {
    const float ends = row(2 * y, k) + row(2 * y + 2, k);
    return row(2 * y + 1, k) + 0.5f * ends;
  };
  const float ends = plane(2 * z) + plane(2 * z + 2);
  return plane(2 * z + 1) + 0.5f * ends;
}

// Points, what is seen and the weights of the fine window of block `b`.
template <class Team>
VOXPACK_HOST_DEVICE void fill_fine(const CoarsenView& view, size_t b, const Team& team,
                                   BlockScratch& s) {
  team.each(64, [&](int n) {
    const auto place = static_cast<uint32_t>(n);
    const uint32_t found = fine_block(view.links, b, place & 3, place >> 2 & 3, place >> 4);
    BlockSites& sites = s.fill.blocks[n];
    sites.stored = found == kNoIndex ? 0 : view.fine_blocks[found].stored;
    sites.mask = found == kNoIndex ? 0 : view.fine_blocks[found].mask;
    sites.first = found == kNoIndex ? 0 : view.fine_blocks[found].first;
    if (n == 0) s.is_seen = false;
  });
  // The wide window starts two sites before the block of 8^3 fine sites.
  team.each(kWideSide * kWideSide * kWideSide, [&](int i) {
    const int x = i % 11, y = i / 11 % 11, z = i / 121;
    const BlockSites& sites =
        s.fill.blocks[((x + 2) >> 2) | ((y + 2) >> 2) << 2 | ((z + 2) >> 2) << 4];
    const uint32_t point =
        point_at(sites.stored, sites.mask, sites.first, (x + 2) & 3, (y + 2) & 3, (z + 2) & 3);
    s.fill.wide[i] = point == kNoIndex ? 0.0f : view.vis_sum[point];
    if (x == 0 || y == 0 || z == 0 || x == 10 || y == 10 || z == 10) return;
    s.point[((z - 1) * 9 + y - 1) * 9 + x - 1] = point;
  });
  team.each(9 * 11 * 11, [&](int i) {
    const float* from = s.fill.wide + i / 9 * 11 + i % 9;
    s.fill.along_x[i] = largest_of(from[0], from[1], from[2]);
  });
  team.each(9 * 9 * 11, [&](int i) {
    const float* from = s.fill.along_x + i / 81 * 99 + i % 81;
    s.fill.along_y[i] = largest_of(from[0], from[9], from[18]);
  });
  team.each(kFineSites, [&](int i) {
    const int x = i % 9, y = i / 9 % 9, z = i / 81;
    const float own = s.fill.wide[((z + 1) * 11 + y + 1) * 11 + x + 1];
    const float* from = s.fill.along_y + i;
    const float around = largest_of(from[0], from[81], from[162]);
    const FitWeights weights =
        fit_weights(own, around, s.point[i] != kNoIndex, view.options.empty_weight);
    s.seen[i] = own;
    s.density_weight[i] = weights.density;
    s.feature_weight[i] = weights.features;
    if (around > 0) s.is_seen = true;
  });
}

// The points of the coarse window of block `b`, which starts one site before it.
template <class Team>
VOXPACK_HOST_DEVICE void find_corners(const CoarsenView& view, size_t b, const Team& team,
                                      BlockScratch& s) {
  team.each(kCoarseSites, [&](int i) {
    const int x = i % 6 + 3, y = i / 6 % 6 + 3, z = i / 36 + 3;
    const uint32_t found =
        view.links.neighbours[b * 27 + static_cast<size_t>((x >> 2) + (y >> 2) * 3 + (z >> 2) * 9)];
    s.corner_point[i] = kNoIndex;
    if (found == kNoIndex) return;
    const PyramidBlock& block = view.coarse_blocks[found];
    s.corner_point[i] = point_at(block.stored, block.mask, block.first, x & 3, y & 3, z & 3);
  });
}

// The numbers of `group` of the coarse window.
template <class Team>
VOXPACK_HOST_DEVICE void load_corners(const NumbersView& coarse, int group, const Team& team,
                                      BlockScratch& s) {
  team.each(kCoarseSites, [&](int i) {
    if (s.corner_point[i] == kNoIndex) {
      s.corners[i] = Four{{0, 0, 0, 0}};
    } else {
      s.corners[i] = four_of(coarse, s.corner_point[i], group);
    }
  });
}

}  // namespace voxpack
