// The next coarser level of a pyramid: weighted least squares, block by block, on dense windows.
#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/morton.h"
#include "stages/detect_links.h"
#include "stages/detect_metric.h"
#include "stages/detect_pyramid.h"
#include "stages/detect_window.h"

namespace voxpack {
namespace {

// Steps towards the fit, in parts of the mean residual. More of them change nothing that can be
// seen, longer ones go too far where empty sites come into play (measured).
constexpr int kCorrections = 3;
constexpr float kStep = 1.7f;
// A removed point darkens every sample around it in the same way, while the errors of a coarser
// level change sign from site to site and partly cancel along a ray: measured ratio.
constexpr float kDropFactor = 2.5f;

// Memory of one thread.
struct Workspace {
  FineWindow fine;
  CoarseWindow coarse;
  std::array<Lanes, kFineSites> numbers, weights, interpolated;
  std::array<Lanes, kCoarseSites> corners;
  std::array<Lanes, 64> sums, weight_sums;
  std::array<float, kFineSites> changed, whole;  // per point of the fine window
};

// Place of site `bit` of a block in a window of 4^3.
constexpr std::array<uint8_t, 64> inner_sites() {
  std::array<uint8_t, 64> places{};
  for (uint64_t i = 0; i < 64; ++i) {
    places[i] = static_cast<uint8_t>((gather_bits_3(i >> 2) * 4 + gather_bits_3(i >> 1)) * 4 +
                                     gather_bits_3(i));
  }
  return places;
}
constexpr std::array<uint8_t, 64> kInnerSites = inner_sites();

// Builds the coarse level of one fine level.
class Coarsener {
 public:
  Coarsener(const PyramidLevel& fine, std::span<const float> gains, const CoarsenOptions& options)
      : fine_(fine), options_(options), groups_(group_count(fine.channels)) {
    workspaces_.resize(static_cast<size_t>(omp_get_max_threads()));
    gains_.resize(static_cast<size_t>(groups_), Lanes{});
    for (size_t c = 0; c < gains.size(); ++c) gains_[(c + 1) / 4][(c + 1) % 4] = gains[c];
  }

  Coarsening run() {
    coarse_.level = fine_.level + 1;
    coarse_.channels = fine_.channels;
    links_ = make_coarse_blocks(fine_, coarse_);
    allocate();
    for_blocks([this](size_t b, Workspace& work) { average(b, work); });
    publish();
    for (int i = 0; i < kCorrections; ++i) correct();
    next_ = {};
    Coarsening out;
    out.site_error.assign(fine_.density.size(), 0.0f);
    out.drop_cost.assign(fine_.density.size(), 0.0f);
    out.empty_error.assign(coarse_.blocks.size(), 0.0f);
    for_blocks([&](size_t b, Workspace& work) { measure(b, work, out); });
    out.coarse = std::move(coarse_);
    return out;
  }

 private:
  template <class Work>
  void for_blocks(Work&& work) {
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t b = 0; b < coarse_.blocks.size(); ++b) {
      work(b, workspaces_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }

  void allocate() {
    const size_t count = coarse_.blocks.empty()
                             ? 0
                             : coarse_.blocks.back().first +
                                   static_cast<size_t>(std::popcount(coarse_.blocks.back().stored));
    coarse_.own.density.resize(count);
    coarse_.own.features.resize(count * static_cast<size_t>(coarse_.channels));
    coarse_.own.vis_sum.resize(count);
    weight_sums_.resize(count);
    is_seen_.assign(coarse_.blocks.size(), 0);
  }

  void publish() {
    coarse_.density = coarse_.own.density;
    coarse_.features = coarse_.own.features;
    coarse_.vis_sum = coarse_.own.vis_sum;
  }

  // Writes `values` [4^3] to the numbers of `group` of the points of a block.
  void store(const PyramidBlock& block, int group, const std::array<Lanes, 64>& values,
             std::vector<float>& density, std::vector<float>& features) const {
    const auto channels = static_cast<size_t>(coarse_.channels);
    size_t point = block.first;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      const Lanes value = values[kInnerSites[static_cast<size_t>(std::countr_zero(left))]];
      size_t lane = 0;
      if (group == 0) density[point] = value[lane++];
      for (; lane < 4; ++lane) {
        const size_t channel = static_cast<size_t>(group) * 4 + lane - 1;
        if (channel < channels) features[point * channels + channel] = value[lane];
      }
    }
  }

  void average(size_t b, Workspace& work) {
    const PyramidBlock& block = coarse_.blocks[b];
    work.fine.fill(fine_, links_, b, options_.empty_weight);
    is_seen_[b] = work.fine.is_seen;
    for (int group = 0; group < groups_; ++group) {
      work.fine.load(fine_, group, options_, work.numbers.data());
      if (group < 2) {
        work.fine.load_weights(group, work.weights.data());
        downsample_window(work.weights.data(), work.weight_sums.data());
      }
      for (size_t i = 0; i < kFineSites; ++i) work.numbers[i] *= work.weights[i];
      downsample_window(work.numbers.data(), work.sums.data());
      size_t point = block.first;
      for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
        const size_t at = kInnerSites[static_cast<size_t>(std::countr_zero(left))];
        work.sums[at] /= work.weight_sums[at];
        if (group == 0) weight_sums_[point] = {work.weight_sums[at][0], work.weight_sums[at][1]};
      }
      store(block, group, work.sums, coarse_.own.density, coarse_.own.features);
    }
    std::array<float, 64> seen;
    downsample_window(work.fine.seen.data(), seen.data());
    size_t point = block.first;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      coarse_.own.vis_sum[point] = seen[kInnerSites[static_cast<size_t>(std::countr_zero(left))]];
    }
  }

  // One step of the weighted least-squares fit: each coarse site moves by kStep x the mean
  // residual of the fine sites that it interpolates. Blocks of which nothing is seen stay.
  void correct() {
    next_.density.resize(coarse_.own.density.size());
    next_.features.resize(coarse_.own.features.size());
    for_blocks([this](size_t b, Workspace& work) {
      if (!is_seen_[b]) return keep(b);
      const PyramidBlock& block = coarse_.blocks[b];
      work.fine.fill(fine_, links_, b, options_.empty_weight);
      work.coarse.fill(coarse_, links_, b);
      for (int group = 0; group < groups_; ++group) {
        load_residual(group, work);
        if (group < 2) work.fine.load_weights(group, work.weights.data());
        for (size_t i = 0; i < kFineSites; ++i) work.numbers[i] *= work.weights[i];
        downsample_window(work.numbers.data(), work.sums.data());
        size_t point = block.first;
        for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
          const auto site = static_cast<size_t>(std::countr_zero(left));
          const auto [d, f] = weight_sums_[point];
          const Lanes weight_sum = {group == 0 ? d : f, f, f, f};
          const int own = 43 + 36 * (kInnerSites[site] >> 4) + 6 * (kInnerSites[site] >> 2 & 3) +
                          (kInnerSites[site] & 3);
          Lanes& sum = work.sums[kInnerSites[site]];
          sum = work.corners[static_cast<size_t>(own)] + kStep * sum / weight_sum;
        }
        store(block, group, work.sums, next_.density, next_.features);
      }
    });
    coarse_.own.density.swap(next_.density);
    coarse_.own.features.swap(next_.features);
    publish();
  }

  // Hands the numbers of a block on as they are.
  void keep(size_t b) {
    const PyramidBlock& block = coarse_.blocks[b];
    const auto count = static_cast<size_t>(std::popcount(block.stored));
    const auto channels = static_cast<size_t>(coarse_.channels);
    std::copy_n(coarse_.own.density.begin() + block.first, count,
                next_.density.begin() + block.first);
    std::copy_n(coarse_.own.features.begin() + static_cast<ptrdiff_t>(block.first * channels),
                count * channels,
                next_.features.begin() + static_cast<ptrdiff_t>(block.first * channels));
  }

  // Fine minus interpolated coarse. An empty site looks the same with any negative density.
  void load_residual(int group, Workspace& work) const {
    work.fine.load(fine_, group, options_, work.numbers.data());
    work.coarse.load(coarse_, group, work.corners.data());
    upsample_window(work.corners.data(), work.interpolated.data());
    for (size_t i = 0; i < kFineSites; ++i) work.numbers[i] -= work.interpolated[i];
    if (group > 0) return;
    for (size_t i = 0; i < kFineSites; ++i) {
      const float density = work.numbers[i][0];
      work.numbers[i][0] = work.fine.is_point[i] || density < 0 ? density : 0.0f;
    }
  }

  void measure(size_t b, Workspace& work, Coarsening& out) const {
    if (!is_seen_[b]) return;  // nothing has a weight
    work.fine.fill(fine_, links_, b, options_.empty_weight);
    work.coarse.fill(coarse_, links_, b);
    work.changed.fill(0);
    work.whole.fill(0);
    for (int group = groups_; group-- > 0;) {  // the last one leaves the densities
      work.coarse.load(coarse_, group, work.corners.data());
      upsample_window(work.corners.data(), work.interpolated.data());
      add_feature_errors(group, work);
    }
    const float scale = std::ldexp(1.0f, fine_.level);  // voxel lengths h of a cell of this level
    for (size_t i = 0; i < static_cast<size_t>(work.fine.count); ++i) {
      const auto [at, point] = work.fine.points[i];
      if (!is_own(at)) continue;
      const float own = signed_alpha(scale * fine_.density[point]);
      const float change = own - signed_alpha(scale * work.interpolated[at][0]);
      const float weight = kBehindContrast * work.fine.density_weight[at];
      const float seen = work.fine.seen[at];
      out.site_error[point] = seen * work.changed[i] + weight * change * change;
      // A negative density is not seen itself; it counts with what it keeps transparent.
      const float alpha_weight = own < 0 ? weight : kBehindContrast * seen;
      out.drop_cost[point] = kDropFactor * (seen * work.whole[i] + alpha_weight * own * own);
    }
    double empty = 0;
    for (uint32_t at = 0; at < kFineSites; ++at) {
      const float density = work.interpolated[at][0];  // below zero as empty as zero
      if (work.fine.is_point[at] || !(density > 0) || !is_own(at)) continue;
      const float change = signed_alpha(scale * density);
      empty +=
          static_cast<double>(kBehindContrast * work.fine.density_weight[at] * change * change);
    }
    out.empty_error[b] = static_cast<float>(empty);
  }

  // The sites of the fine window that lie in the block, not before it.
  static bool is_own(uint32_t at) { return at >= 81 && at % 81 >= 9 && at % 9 != 0; }

  void add_feature_errors(int group, Workspace& work) const {
    const Lanes gains = gains_[static_cast<size_t>(group)];
    for (size_t i = 0; i < static_cast<size_t>(work.fine.count); ++i) {
      const auto [at, point] = work.fine.points[i];
      const Lanes own = numbers_of(fine_, point, group);
      const Lanes lost = own - work.interpolated[at];
      const Lanes changed = gains * lost * lost, whole = gains * own * own;
      work.changed[i] += (changed[0] + changed[1]) + (changed[2] + changed[3]);
      work.whole[i] += (whole[0] + whole[1]) + (whole[2] + whole[3]);
    }
  }

 private:
  const PyramidLevel& fine_;
  const CoarsenOptions& options_;
  int groups_;
  std::vector<Workspace> workspaces_;  // per thread
  std::vector<Lanes> gains_;           // of the numbers of each group; 0 for the density
  PyramidLevel coarse_;
  CoarseLinks links_;
  PyramidLevel::Arrays next_;  // numbers after a correction
  struct WeightSums {
    float density, features;
  };
  std::vector<WeightSums> weight_sums_;  // per coarse site
  std::vector<uint8_t> is_seen_;         // per coarse block
};

}  // namespace

Coarsening coarsen(const PyramidLevel& fine, std::span<const float> gains,
                   const CoarsenOptions& options) {
  return Coarsener(fine, gains, options).run();
}

}  // namespace voxpack
