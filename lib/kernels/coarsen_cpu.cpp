// Kernels::coarsen() on the CPU: weighted least squares, block by block, on dense windows.
#include <omp.h>

#include <algorithm>
#include <bit>

#include "core/morton.h"
#include "kernels/coarsen_window.h"
#include "kernels/parallel_copy.h"

namespace voxpack {
namespace {

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

// Builds the numbers of the coarse level of one fine level.
class Coarsener {
 public:
  Coarsener(const CoarsenInput& input, CoarsenOutput& out)
      : input_(input), view_(view_of(input)), out_(out) {
    workspaces_.resize(static_cast<size_t>(omp_get_max_threads()));
    gains_.resize(static_cast<size_t>(view_.groups), Lanes{});
    for (size_t c = 0; c < input.gains.size(); ++c) {
      gains_[(c + 1) / 4][(c + 1) % 4] = input.gains[c];
    }
  }

  void run() {
    const size_t count = site_count(input_.coarse_blocks);
    const auto channels = static_cast<size_t>(input_.channels);
    out_.density.resize(count);
    out_.features.resize(count * channels);
    out_.vis_sum.resize(count);
    weight_sums_.resize(count);
    is_seen_.assign(input_.coarse_blocks.size(), 0);
    for_blocks([this](size_t b, Workspace& work) { average(b, work); });
    for (int i = 0; i < kCorrections; ++i) correct();
    next_density_ = next_features_ = {};
    out_.site_error = make_zeros<float>(input_.density.size());
    out_.drop_cost = make_zeros<float>(input_.density.size());
    out_.empty_error = make_zeros<float>(input_.coarse_blocks.size());
    for_blocks([this](size_t b, Workspace& work) { measure(b, work); });
  }

 private:
  template <class Work>
  void for_blocks(Work&& work) {
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t b = 0; b < input_.coarse_blocks.size(); ++b) {
      work(b, workspaces_[static_cast<size_t>(omp_get_thread_num())]);
    }
  }

  // What the fit has arrived at.
  NumbersView coarse() const {
    return {input_.channels, out_.density.data(), out_.features.data()};
  }

  // Writes `values` [4^3] to the numbers of `group` of the points of a block.
  void store(const PyramidBlock& block, int group, const std::array<Lanes, 64>& values,
             LargeVector<float>& density, LargeVector<float>& features) const {
    const auto channels = static_cast<size_t>(input_.channels);
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
    const PyramidBlock& block = input_.coarse_blocks[b];
    work.fine.fill(view_, b);
    is_seen_[b] = work.fine.is_seen;
    for (int group = 0; group < view_.groups; ++group) {
      work.fine.load(view_, group, work.numbers.data());
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
      store(block, group, work.sums, out_.density, out_.features);
    }
    std::array<float, 64> seen;
    downsample_window(work.fine.seen.data(), seen.data());
    size_t point = block.first;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      out_.vis_sum[point] = seen[kInnerSites[static_cast<size_t>(std::countr_zero(left))]];
    }
  }

  // One step of the weighted least-squares fit. Blocks of which nothing is seen stay.
  void correct() {
    next_density_.resize(out_.density.size());
    next_features_.resize(out_.features.size());
    for_blocks([this](size_t b, Workspace& work) {
      if (!is_seen_[b]) return keep(b);
      const PyramidBlock& block = input_.coarse_blocks[b];
      work.fine.fill(view_, b);
      work.coarse.fill(view_, b);
      for (int group = 0; group < view_.groups; ++group) {
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
          sum = step_of_fit(work.corners[static_cast<size_t>(own)], sum, weight_sum);
        }
        store(block, group, work.sums, next_density_, next_features_);
      }
    });
    out_.density.swap(next_density_);
    out_.features.swap(next_features_);
  }

  // Hands the numbers of a block on as they are.
  void keep(size_t b) {
    const PyramidBlock& block = input_.coarse_blocks[b];
    const auto count = static_cast<size_t>(std::popcount(block.stored));
    const auto channels = static_cast<size_t>(input_.channels);
    std::copy_n(out_.density.begin() + block.first, count, next_density_.begin() + block.first);
    std::copy_n(out_.features.begin() + static_cast<ptrdiff_t>(block.first * channels),
                count * channels,
                next_features_.begin() + static_cast<ptrdiff_t>(block.first * channels));
  }

  // Fine minus interpolated coarse.
  void load_residual(int group, Workspace& work) const {
    work.fine.load(view_, group, work.numbers.data());
    work.coarse.load(coarse(), group, work.corners.data());
    upsample_window(work.corners.data(), work.interpolated.data());
    for (size_t i = 0; i < kFineSites; ++i) work.numbers[i] -= work.interpolated[i];
    if (group > 0) return;
    for (size_t i = 0; i < kFineSites; ++i) {
      work.numbers[i][0] = residual_density(work.fine.is_point[i] != 0, work.numbers[i][0]);
    }
  }

  void measure(size_t b, Workspace& work) {
    if (!is_seen_[b]) return;  // nothing has a weight
    work.fine.fill(view_, b);
    work.coarse.fill(view_, b);
    work.changed.fill(0);
    work.whole.fill(0);
    for (int group = view_.groups; group-- > 0;) {  // the last one leaves the densities
      work.coarse.load(coarse(), group, work.corners.data());
      upsample_window(work.corners.data(), work.interpolated.data());
      add_feature_errors(group, work);
    }
    for (size_t i = 0; i < static_cast<size_t>(work.fine.count); ++i) {
      const auto [at, point] = work.fine.points[i];
      if (!is_own(at)) continue;
      const SiteCosts costs = site_costs(
          work.fine.seen[at], work.fine.density_weight[at], work.changed[i], work.whole[i],
          view_.scale * view_.fine.density[point], view_.scale * work.interpolated[at][0]);
      out_.site_error[point] = costs.site_error;
      out_.drop_cost[point] = costs.drop_cost;
    }
    double empty = 0;
    for (uint32_t row = 0; row < 64; ++row) {  // of the 8^3 sites, added up row by row
      const uint32_t first = ((row >> 3) + 1) * 81 + ((row & 7) + 1) * 9 + 1;
      double sum = 0;
      for (uint32_t at = first; at < first + 8; ++at) {
        if (work.fine.is_point[at]) continue;
        sum += static_cast<double>(
            empty_cost(work.fine.density_weight[at], view_.scale * work.interpolated[at][0]));
      }
      empty += sum;
    }
    out_.empty_error[b] = static_cast<float>(empty);
  }

  // The sites of the fine window that lie in the block, not before it.
  static bool is_own(uint32_t at) { return at >= 81 && at % 81 >= 9 && at % 9 != 0; }

  void add_feature_errors(int group, Workspace& work) const {
    const Lanes gains = gains_[static_cast<size_t>(group)];
    for (size_t i = 0; i < static_cast<size_t>(work.fine.count); ++i) {
      const auto [at, point] = work.fine.points[i];
      const Lanes own = numbers_of(view_.fine, point, group);
      const Lanes lost = own - work.interpolated[at];
      const Lanes changed = gains * lost * lost, whole = gains * own * own;
      work.changed[i] += (changed[0] + changed[1]) + (changed[2] + changed[3]);
      work.whole[i] += (whole[0] + whole[1]) + (whole[2] + whole[3]);
    }
  }

 private:
  const CoarsenInput& input_;
  CoarsenView view_;
  CoarsenOutput& out_;
  std::vector<Workspace> workspaces_;  // per thread
  std::vector<Lanes> gains_;           // of the numbers of each group; 0 for the density
  LargeVector<float> next_density_, next_features_;  // numbers after a correction
  struct WeightSums {
    float density, features;
  };
  LargeVector<WeightSums> weight_sums_;  // per coarse site
  std::vector<uint8_t> is_seen_;         // per coarse block
};

}  // namespace

void coarsen_cpu(const CoarsenInput& input, CoarsenOutput& output) {
  Coarsener(input, output).run();
}

}  // namespace voxpack
