// The next coarser level against a plain fit in double precision over maps of sites.
#include <gtest/gtest.h>
#include <omp.h>

#include <map>
#include <random>

#include "core/morton.h"
#include "kernels/coarsen_math.h"
#include "stages/detect_metric.h"
#include "stages/detect_pyramid.h"

namespace voxpack {
namespace {

constexpr int kChannels = 5;  // more than one group of four numbers

using Site = std::array<int, 3>;

// Every third site of a cube of 21^3, in random clumps; a third of them are not seen.
Field make_clumps(std::vector<float>& seen) {
  Field field;
  field.cube = {{0, 0, 0}, 1.0};
  field.resolution = 20;
  field.appearance.kind = AppearanceKind::mlp;
  field.appearance.feature_count = 2;
  field.appearance.hidden_width = 4;
  field.appearance.weights.assign(field.appearance.weight_count(), 0.1f);
  std::mt19937 random(5);
  std::uniform_real_distribution<float> share(0, 1);
  std::vector<uint16_t> positions;
  for (int i = 0; i < 21 * 21 * 21; ++i) {
    const int at[3] = {i % 21, i / 21 % 21, i / 441};
    if (share(random) > ((at[0] / 5 + at[1] / 5 + at[2] / 5) % 2 ? 0.6f : 0.06f)) continue;
    for (const int c : at) positions.push_back(static_cast<uint16_t>(c));
    field.density.edit().push_back(16 * share(random) - 5);
    for (int c = 0; c < kChannels; ++c) field.features.edit().push_back(share(random));
  }
  EXPECT_TRUE(assign_points(field, positions, {}).ok());
  for (size_t i = 0; i < field.point_count(); ++i) {
    seen.push_back(share(random) < 0.3f ? 0.0f : share(random));
  }
  return field;
}

struct Numbers {
  double value[1 + kChannels] = {};
};

class PlainFit {
 public:
  PlainFit(const Field& field, const std::vector<float>& seen) : field_(field), seen_(seen) {
    std::vector<uint16_t> positions;
    std::vector<int8_t> levels;
    list_points(field, positions, levels);
    for (size_t i = 0; i < field.point_count(); ++i) {
      points_[{positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]}] = i;
    }
    for (const auto& [site, point] : points_) {
      for (int n = 0; n < 27; ++n) {
        const Site around = {site[0] + n % 3 - 1, site[1] + n / 3 % 3 - 1, site[2] + n / 9 - 1};
        if ((around[0] | around[1] | around[2]) & 1) continue;
        coarse[{around[0] / 2, around[1] / 2, around[2] / 2}];
      }
    }
    for (int step = 0; step <= 3; ++step) improve(step == 0 ? 1.0 : 1.7);
  }

  // Interpolated at a fine site.
  Numbers at(const Site& site) const {
    Numbers sum;
    for (int c = 0; c < 8; ++c) {
      Site corner;
      double weight = 1;
      for (int a = 0; a < 3; ++a) {
        const int odd = site[a] & 1, up = c >> a & 1;
        corner[a] = (site[a] >> 1) + up;
        weight *= odd ? 0.5 : 1 - up;
      }
      const auto found = coarse.find(corner);
      if (weight == 0 || found == coarse.end()) continue;
      for (int k = 0; k <= kChannels; ++k) sum.value[k] += weight * found->second.value[k];
    }
    return sum;
  }

  double density_weight(const Site& site) const {
    double near = 0;
    for (int n = 0; n < 27; ++n) {
      near = std::max(near,
                      seen_at({site[0] + n % 3 - 1, site[1] + n / 3 % 3 - 1, site[2] + n / 9 - 1}));
    }
    return std::max(seen_at(site), 0.25 * near);
  }

  const std::map<Site, size_t>& points() const { return points_; }

  std::map<Site, Numbers> coarse;
  std::map<Site, double> feature_weights;  // of the fit at each coarse site
  std::map<Site, double> density_weights;

 private:
  double seen_at(const Site& site) const {
    const auto found = points_.find(site);
    return found == points_.end() ? 0.0 : static_cast<double>(seen_[found->second]);
  }

  void improve(double step) {
    std::map<Site, Numbers> next = coarse;
    for (auto& [site, numbers] : next) {
      Numbers sum;
      double density = 1e-30, features = 1e-30;
      for (int n = 0; n < 27; ++n) {
        const int d[3] = {n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1};
        const Site fine = {2 * site[0] + d[0], 2 * site[1] + d[1], 2 * site[2] + d[2]};
        const double weight = 1.0 / (1 << (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
        const Numbers now = at(fine);
        const double dw = weight * (density_weight(fine) + 1e-30);
        density += dw;
        const auto found = points_.find(fine);
        if (found == points_.end()) {
          sum.value[0] += dw * std::min(0.0, -now.value[0]);
          continue;
        }
        const size_t point = found->second;
        const double raw = std::clamp(static_cast<double>(field_.density[point]), -10.0, 10.0);
        sum.value[0] += dw * (raw - now.value[0]);
        const double fw = weight * (static_cast<double>(seen_[point]) + 1e-30);
        features += fw;
        for (int k = 0; k < kChannels; ++k) {
          const double own = static_cast<double>(field_.features[point * kChannels + k]);
          sum.value[1 + k] += fw * (own - now.value[1 + k]);
        }
      }
      for (int k = 0; k <= kChannels; ++k) {
        numbers.value[k] += step * sum.value[k] / (k == 0 ? density : features);
      }
      density_weights[site] = density;
      feature_weights[site] = features;
    }
    coarse = std::move(next);
  }

  const Field& field_;
  const std::vector<float>& seen_;
  std::map<Site, size_t> points_;
};

PyramidLevel level_of(const Field& field, const std::vector<float>& seen,
                      std::vector<uint64_t>& masks) {
  masks.clear();
  for (const Block& block : field.blocks) masks.push_back(block.mask);
  PyramidLevel below;
  return make_pyramid_level({&field, seen, masks}, 0, &below);
}

Coarsening coarsen_on_cpu(const PyramidLevel& fine, const std::vector<float>& gains) {
  const auto kernels = make_kernels("cpu");
  auto made = coarsen(fine, gains, {}, *kernels.value());
  EXPECT_TRUE(made.ok());
  return std::move(made).take();
}

TEST(Coarsen, MatchesPlainFit) {
  std::vector<float> seen;
  const Field field = make_clumps(seen);
  std::vector<uint64_t> masks;
  const PyramidLevel fine = level_of(field, seen, masks);
  const std::vector<float> gains = {1.0f, 0.5f, 2.0f, 0.25f, 3.0f};
  const Coarsening made = coarsen_on_cpu(fine, gains);
  const PlainFit expected(field, seen);

  size_t sites = 0, compared = 0;
  for (const PyramidBlock& block : made.coarse.blocks) {
    size_t point = block.first;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point, ++sites) {
      const uint64_t code = block.code << 6 | static_cast<uint64_t>(std::countr_zero(left));
      const Site site = {static_cast<int>(gather_bits_3(code)),
                         static_cast<int>(gather_bits_3(code >> 1)),
                         static_cast<int>(gather_bits_3(code >> 2))};
      ASSERT_TRUE(expected.coarse.contains(site));
      const Numbers& numbers = expected.coarse.at(site);
      if (expected.density_weights.at(site) < 1e-2) continue;
      ASSERT_NEAR(made.coarse.density[point], numbers.value[0], 2e-3);
      if (expected.feature_weights.at(site) < 1e-2) continue;
      for (int k = 0; k < kChannels; ++k) {
        ASSERT_NEAR(made.coarse.features[point * kChannels + k], numbers.value[1 + k], 2e-3) << k;
      }
      ++compared;
    }
  }
  EXPECT_EQ(sites, expected.coarse.size());
  EXPECT_GT(compared, sites / 2);

  for (const auto& [site, point] : expected.points()) {
    const Numbers there = expected.at(site);
    double error = 0;
    for (int k = 0; k < kChannels; ++k) {
      const double lost = field.features[point * kChannels + k] - there.value[1 + k];
      error += gains[k] * lost * lost;
    }
    const double change =
        signed_alpha(field.density[point]) - signed_alpha(static_cast<float>(there.value[0]));
    error = seen[point] * error + kBehindContrast * expected.density_weight(site) * change * change;
    ASSERT_NEAR(made.site_error[point], error, 5e-3 * error + 2e-3) << point;
  }
}

TEST(Coarsen, SameForAnyNumberOfThreads) {
  std::vector<float> seen;
  const Field field = make_clumps(seen);
  std::vector<uint64_t> masks;
  const PyramidLevel fine = level_of(field, seen, masks);
  const std::vector<float> gains(kChannels, 1.0f);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Coarsening one = coarsen_on_cpu(fine, gains);
  omp_set_num_threads(5);
  const Coarsening five = coarsen_on_cpu(fine, gains);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.coarse.own.density, five.coarse.own.density);
  EXPECT_EQ(one.coarse.own.features, five.coarse.own.features);
  EXPECT_EQ(one.coarse.own.vis_sum, five.coarse.own.vis_sum);
  EXPECT_EQ(one.site_error, five.site_error);
  EXPECT_EQ(one.drop_cost, five.drop_cost);
  EXPECT_EQ(one.empty_error, five.empty_error);
}

TEST(Coarsen, NothingSeenCostsNothing) {
  std::vector<float> seen;
  const Field field = make_clumps(seen);
  std::vector<uint64_t> masks;
  const std::vector<float> blind(seen.size(), 0.0f);
  const Coarsening made =
      coarsen_on_cpu(level_of(field, blind, masks), std::vector<float>(kChannels, 1.0f));
  for (const auto* costs : {&made.site_error, &made.drop_cost, &made.empty_error}) {
    for (const float cost : *costs) ASSERT_EQ(cost, 0.0f);
  }
  for (const float density : made.coarse.own.density) ASSERT_TRUE(std::isfinite(density));
  for (const float feature : made.coarse.own.features) ASSERT_TRUE(std::isfinite(feature));
}

}  // namespace
}  // namespace voxpack
