// One coarse block of Kernels::coarsen() as the work of a team of threads that share a scratch
// memory: what a CUDA block does, and what a test runs on the CPU.
//
// A team has each(count, work), which calls work(i) once for i in 0 .. count - 1, in any order, and
// returns when all calls are done. The numbers are those of coarsen_cpu(), to the last bit.
#pragma once

#include "kernels/coarsen_scratch.h"

namespace voxpack {

struct WeightSums {
  float density, features;
};

// What the passes over the blocks read and write besides the input; per coarse site unless another
// length is named.
struct CoarsenArrays {
  const float* now_density = nullptr;  // where the fit has arrived; not read by the first pass
  const float* now_features = nullptr;
  float* next_density = nullptr;  // where it goes
  float* next_features = nullptr;
  float* vis_sum = nullptr;
  WeightSums* weight_sums = nullptr;
  bool* is_seen = nullptr;       // per coarse block
  const float* gains = nullptr;  // [channels]
  float* site_error = nullptr;   // per stored fine site, as drop_cost
  float* drop_cost = nullptr;
  float* empty_error = nullptr;  // per coarse block
};

// What a fine site adds to the sums of `group`: its numbers with their weights.
VOXPACK_HOST_DEVICE inline Four fine_numbers(const CoarsenView& view, const BlockScratch& s,
                                             int site, int group) {
  if (s.point[site] == kNoIndex) return Four{{0, 0, 0, 0}};
  Four numbers = four_of(view.fine, s.point[site], group);
  if (group == 0) {
    numbers.v[0] =
        clip_density(numbers.v[0], view.options.lowest_density, view.options.highest_density);
  }
  return numbers;
}

VOXPACK_HOST_DEVICE inline float weight_of(const BlockScratch& s, int site, int group, int lane) {
  return group == 0 && lane == 0 ? s.density_weight[site] + kTinyWeight : s.feature_weight[site];
}

// Calls visit(point, lane, sum) for each coarse point of block `b` and each lane of `group`, with
// the sum of s.numbers.
template <class Team, class Visit>
VOXPACK_HOST_DEVICE void sum_numbers(const CoarsenView& view, size_t b, int group, const Team& team,
                                     const BlockScratch& s, const Visit& visit) {
  const PyramidBlock& block = view.coarse_blocks[b];
  team.each(256, [&](int i) {
    const int lane = i & 3, site = i >> 2;
    const int x = site & 3, y = site >> 2 & 3, z = site >> 4;
    const uint32_t point = point_at(block.stored, block.mask, block.first, x, y, z);
    if (point == kNoIndex || group * 4 + lane > view.fine.channels) return;
    const float sum = downsample_at(x, y, z, [&](int at) { return s.numbers[at].v[lane]; });
    visit(point, lane, site, sum);
  });
}

VOXPACK_HOST_DEVICE inline void store_number(const CoarsenView& view, const CoarsenArrays& arrays,
                                             uint32_t point, int group, int lane, float value) {
  if (group == 0 && lane == 0) {
    arrays.next_density[point] = value;
  } else {
    const auto channels = static_cast<size_t>(view.fine.channels);
    arrays.next_features[point * channels + static_cast<size_t>(group * 4 + lane - 1)] = value;
  }
}

// First pass: weighted means.
template <class Team>
VOXPACK_HOST_DEVICE void average_block(const CoarsenView& view, const CoarsenArrays& arrays,
                                       size_t b, const Team& team, BlockScratch& s) {
  fill_fine(view, b, team, s);
  const PyramidBlock& block = view.coarse_blocks[b];
  team.each(64, [&](int site) {
    if (site == 0) arrays.is_seen[b] = s.is_seen;
    const int x = site & 3, y = site >> 2 & 3, z = site >> 4;
    const uint32_t point = point_at(block.stored, block.mask, block.first, x, y, z);
    if (point == kNoIndex) return;
    arrays.weight_sums[point] = {
        downsample_at(x, y, z, [&](int at) { return s.density_weight[at] + kTinyWeight; }),
        downsample_at(x, y, z, [&](int at) { return s.feature_weight[at]; })};
    arrays.vis_sum[point] = downsample_at(x, y, z, [&](int at) { return s.seen[at]; });
  });
  for (int group = 0; group < view.groups; ++group) {
    team.each(kFineSites, [&](int site) {
      Four numbers = fine_numbers(view, s, site, group);
      for (int k = 0; k < 4; ++k) numbers.v[k] *= weight_of(s, site, group, k);
      s.numbers[site] = numbers;
    });
    sum_numbers(view, b, group, team, s, [&](uint32_t point, int lane, int, float sum) {
      const WeightSums weights = arrays.weight_sums[point];
      const float weight = group == 0 && lane == 0 ? weights.density : weights.features;
      store_number(view, arrays, point, group, lane, sum / weight);
    });
  }
}

// One step of the fit. Blocks of which nothing is seen stay as they are.
template <class Team>
VOXPACK_HOST_DEVICE void correct_block(const CoarsenView& view, const CoarsenArrays& arrays,
                                       size_t b, const Team& team, BlockScratch& s) {
  const PyramidBlock& block = view.coarse_blocks[b];
  const NumbersView now = {view.fine.channels, arrays.now_density, arrays.now_features};
  if (!arrays.is_seen[b]) {
    const int count = static_cast<int>(count_bits(block.stored));
    const size_t channels = static_cast<size_t>(now.channels), first = block.first * channels;
    team.each(count, [&](int i) {
      arrays.next_density[block.first + i] = arrays.now_density[block.first + i];
    });
    team.each(count * now.channels,
              [&](int i) { arrays.next_features[first + i] = arrays.now_features[first + i]; });
    return;
  }
  fill_fine(view, b, team, s);
  find_corners(view, b, team, s);
  for (int group = 0; group < view.groups; ++group) {
    load_corners(now, group, team, s);
    team.each(kFineSites, [&](int site) {
      Four numbers = fine_numbers(view, s, site, group);
      const Four there = upsample_at(s.corners, site % 9, site / 9 % 9, site / 81);
      for (int k = 0; k < 4; ++k) {
        float& number = numbers.v[k];
        number -= there.v[k];
        if (group == 0 && k == 0) number = residual_density(s.point[site] != kNoIndex, number);
        number *= weight_of(s, site, group, k);
      }
      s.numbers[site] = numbers;
    });
    sum_numbers(view, b, group, team, s, [&](uint32_t point, int lane, int site, float sum) {
      const WeightSums weights = arrays.weight_sums[point];
      const float weight = group == 0 && lane == 0 ? weights.density : weights.features;
      const int own = 43 + (site & 3) + (site >> 2 & 3) * 6 + (site >> 4) * 36;
      store_number(view, arrays, point, group, lane,
                   step_of_fit(s.corners[own].v[lane], sum, weight));
    });
  }
}

// Last pass: what the coarse level loses.
template <class Team>
VOXPACK_HOST_DEVICE void measure_block(const CoarsenView& view, const CoarsenArrays& arrays,
                                       size_t b, const Team& team, BlockScratch& s) {
  if (!arrays.is_seen[b]) return;  // nothing has a weight
  fill_fine(view, b, team, s);
  find_corners(view, b, team, s);
  const NumbersView now = {view.fine.channels, arrays.now_density, arrays.now_features};
  // The block's own sites lie behind the first ones of the window.
  const auto place = [](int i) {
    return ((i >> 6) + 1) * 81 + ((i >> 3 & 7) + 1) * 9 + (i & 7) + 1;
  };
  team.each(kOwnSites, [&](int i) { s.costs.changed[i] = s.costs.whole[i] = 0; });
  for (int group = view.groups; group-- > 0;) {  // the last one is that with the densities
    load_corners(now, group, team, s);
    team.each(kOwnSites, [&](int i) {
      const int x = (i & 7) + 1, y = (i >> 3 & 7) + 1, z = (i >> 6) + 1;
      const Four there = upsample_at(s.corners, x, y, z);
      if (group == 0) s.costs.density[i] = there.v[0];
      const uint32_t point = s.point[place(i)];
      if (point == kNoIndex) return;
      const Four own = four_of(view.fine, point, group);
      float changed[4], whole[4];
      for (int k = 0; k < 4; ++k) {
        const int channel = group * 4 + k - 1;
        const float gain = channel >= 0 && channel < now.channels ? arrays.gains[channel] : 0.0f;
        const float lost = own.v[k] - there.v[k];
        changed[k] = gain * lost * lost;
        whole[k] = gain * own.v[k] * own.v[k];
      }
      s.costs.changed[i] += (changed[0] + changed[1]) + (changed[2] + changed[3]);
      s.costs.whole[i] += (whole[0] + whole[1]) + (whole[2] + whole[3]);
    });
  }
  team.each(kOwnSites, [&](int i) {
    const uint32_t point = s.point[place(i)];
    if (point == kNoIndex) return;
    const SiteCosts costs = site_costs(
        s.seen[place(i)], s.density_weight[place(i)], s.costs.changed[i], s.costs.whole[i],
        view.scale * view.fine.density[point], view.scale * s.costs.density[i]);
    arrays.site_error[point] = costs.site_error;
    arrays.drop_cost[point] = costs.drop_cost;
  });
  team.each(64, [&](int row) {
    double sum = 0;
    for (int i = row * 8; i < row * 8 + 8; ++i) {
      if (s.point[place(i)] != kNoIndex) continue;
      sum += static_cast<double>(
          empty_cost(s.density_weight[place(i)], view.scale * s.costs.density[i]));
    }
    s.costs.rows[row] = sum;
  });
  team.each(1, [&](int) {
    double sum = 0;
    for (int row = 0; row < 64; ++row) sum += s.costs.rows[row];
    arrays.empty_error[b] = static_cast<float>(sum);
  });
}

}  // namespace voxpack
