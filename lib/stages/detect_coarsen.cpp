// The next coarser level of a pyramid: weighted least squares, block by block.
#include <algorithm>
#include <array>
#include <bit>

#include "core/morton.h"
#include "stages/detect_metric.h"
#include "stages/detect_pyramid.h"

namespace voxpack {
namespace {

constexpr float kUnseenWeight =
    1e-6f;  // of the best seen site around: unseen sites decide only among themselves
constexpr float kTinyWeight = 1e-30f;
// Over-relaxed; from 2 on the steps would not converge.
constexpr float kStep = 1.7f;
// A removed point darkens every sample around it in the same way, while the errors of a coarser
// level change sign from site to site and partly cancel along a ray: measured ratio.
constexpr float kDropFactor = 2.5f;

uint32_t point_of(const PyramidBlock& block, uint64_t bit) {
  return block.first + static_cast<uint32_t>(std::popcount(block.stored & (bit - 1)));
}

// Indices of the points at the sites lower .. lower + N - 1 per axis, x fastest; kNoIndex where
// there is none.
template <int N>
void gather(const PyramidLevel& level, const int lower[3], std::array<uint32_t, N * N * N>& out) {
  out.fill(kNoIndex);
  int first[3], last[3];
  for (int a = 0; a < 3; ++a) {
    first[a] = std::max(0, lower[a]) / kBlockCells;
    last[a] = (lower[a] + N - 1) / kBlockCells;
  }
  for (int z = first[2]; z <= last[2]; ++z) {
    for (int y = first[1]; y <= last[1]; ++y) {
      for (int x = first[0]; x <= last[0]; ++x) {
        const uint32_t found = level.index.find(morton_code(
            static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(z)));
        if (found == kNoIndex) continue;
        const PyramidBlock& block = level.blocks[found];
        const int base[3] = {x * kBlockCells - lower[0], y * kBlockCells - lower[1],
                             z * kBlockCells - lower[2]};
        for (uint64_t left = block.mask; left != 0; left &= left - 1) {
          const auto bit = static_cast<uint64_t>(std::countr_zero(left));
          const int i = base[0] + static_cast<int>(gather_bits_3(bit));
          const int j = base[1] + static_cast<int>(gather_bits_3(bit >> 1));
          const int k = base[2] + static_cast<int>(gather_bits_3(bit >> 2));
          if (i < 0 || j < 0 || k < 0 || i >= N || j >= N || k >= N) continue;
          out[static_cast<size_t>((k * N + j) * N + i)] = point_of(block, left & -left);
        }
      }
    }
  }
}

// Calls visit(coarse window index, weight) for the corners that interpolate the fine site (x, y, z)
// >= 0 of a window whose coarse sites start at 0.
template <int N, class Visit>
void for_taps(int x, int y, int z, Visit&& visit) {
  const int ox = x & 1, oy = y & 1, oz = z & 1;
  const int base = ((z >> 1) * N + (y >> 1)) * N + (x >> 1);
  const float weight = 1.0f / static_cast<float>(1 << (ox + oy + oz));
  for (int k = 0; k <= oz; ++k) {
    for (int j = 0; j <= oy; ++j) {
      for (int i = 0; i <= ox; ++i) visit(base + (k * N + j) * N + i, weight);
    }
  }
}

struct Corner {
  int lower[3];
};

Corner corner_of(uint64_t code) {
  return {{static_cast<int>(gather_bits_3(code)) * kBlockCells,
           static_cast<int>(gather_bits_3(code >> 1)) * kBlockCells,
           static_cast<int>(gather_bits_3(code >> 2)) * kBlockCells}};
}

// Site bits whose coordinate on `axis` is 3.
uint64_t upper_face(int axis) {
  uint64_t mask = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    if (gather_bits_3(i >> axis) == kBlockCells - 1) mask |= uint64_t{1} << i;
  }
  return mask;
}

constexpr int kWide = 11;  // a fine window and the sites around it

// Builds the coarse level of one fine level.
class Coarsener {
 public:
  Coarsener(const PyramidLevel& fine, std::span<const float> gains, const CoarsenOptions& options)
      : fine_(fine), gains_(gains), options_(options), channels_(fine.channels) {}

  Coarsening run() {
    coarse_.level = fine_.level + 1;
    coarse_.channels = channels_;
    list_blocks();
    coarse_.index.build(coarse_.blocks);
    for_blocks([&](size_t b) { find_sites(coarse_.blocks[b]); });
    allocate();
    best_seen_.resize(coarse_.own.density.size());
    for_blocks([&](size_t b) { average(coarse_.blocks[b]); });
    publish();
    for (int i = 0; i < options_.corrections; ++i) correct();
    Coarsening out;
    out.site_error.assign(fine_.density.size(), 0.0f);
    out.drop_cost.assign(fine_.density.size(), 0.0f);
    out.empty_error.assign(coarse_.blocks.size(), 0.0f);
    for_blocks([&](size_t b) { measure(b, out); });
    out.coarse = std::move(coarse_);
    return out;
  }

 private:
  // The fine sites that the coarse sites of a block reach, from one below the block on, x fastest.
  struct FineWindow {
    std::array<uint32_t, 9 * 9 * 9> points;
    std::array<float, 9 * 9 * 9> density_weight;
  };

  template <class Work>
  void for_blocks(Work&& work) {
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t b = 0; b < coarse_.blocks.size(); ++b) work(b);
  }

  // A fine site at an odd place reaches up to the next coarse site, which may lie in the next
  // block.
  void list_blocks() {
    static const uint64_t kUpper[3] = {upper_face(0), upper_face(1), upper_face(2)};
    std::vector<uint64_t> codes;
    codes.reserve(fine_.blocks.size() / 2);
    std::vector<uint64_t> with_points;
    for (const PyramidBlock& block : fine_.blocks) {
      const uint64_t parent = parent_code(block.code);
      if (block.has_points && (with_points.empty() || with_points.back() != parent)) {
        with_points.push_back(parent);
      }
      if (block.mask == 0) continue;
      if (codes.empty() || codes.back() != parent) codes.push_back(parent);
      for (int step = 1; step < 8; ++step) {
        if ((static_cast<int>(block.code & 7) & step) != step) continue;
        uint64_t touching = block.mask;
        for (int a = 0; a < 3; ++a) {
          if (step >> a & 1) touching &= kUpper[a];
        }
        if (touching == 0) continue;
        codes.push_back(morton_code(gather_bits_3(parent) + (step & 1),
                                    gather_bits_3(parent >> 1) + (step >> 1 & 1),
                                    gather_bits_3(parent >> 2) + (step >> 2)));
      }
    }
    codes.insert(codes.end(), with_points.begin(), with_points.end());
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    coarse_.blocks.resize(codes.size());
    size_t next = 0;
    for (size_t i = 0; i < codes.size(); ++i) {
      coarse_.blocks[i].code = codes[i];
      while (next < with_points.size() && with_points[next] < codes[i]) ++next;
      coarse_.blocks[i].has_points = next < with_points.size() && with_points[next] == codes[i];
    }
  }

  // A site matters for the density with what is seen of it, or of its neighbours: empty and
  // negative sites are not seen themselves, and what is behind the surface matters to nobody.
  void gather_fine(const PyramidBlock& block, FineWindow& window) const {
    const Corner corner = corner_of(block.code);
    const int lower[3] = {corner.lower[0] * 2 - 2, corner.lower[1] * 2 - 2,
                          corner.lower[2] * 2 - 2};
    std::array<uint32_t, kWide * kWide * kWide> points;
    gather<kWide>(fine_, lower, points);
    std::array<float, kWide * kWide * kWide> seen, near;
    for (size_t i = 0; i < points.size(); ++i) {
      seen[i] = points[i] == kNoIndex ? 0.0f : fine_.vis_sum[points[i]];
    }
    near = seen;
    for (const size_t pitch : {size_t{1}, size_t{kWide}, size_t{kWide * kWide}}) {
      const std::array<float, kWide* kWide* kWide> before = near;
      for (size_t i = pitch; i + pitch < near.size(); ++i) {
        near[i] = std::max({before[i - pitch], before[i], before[i + pitch]});
      }
    }
    for (size_t z = 0; z < 9; ++z) {
      for (size_t y = 0; y < 9; ++y) {
        for (size_t x = 0; x < 9; ++x) {
          const size_t from = ((z + 1) * kWide + y + 1) * kWide + x + 1, to = (z * 9 + y) * 9 + x;
          window.points[to] = points[from];
          window.density_weight[to] = std::max(seen[from], options_.empty_weight * near[from]);
        }
      }
    }
  }

  void find_sites(PyramidBlock& block) const {
    FineWindow window;
    gather_fine(block, window);
    for (uint64_t site = 0; site < 64; ++site) {
      bool any = false;
      for_support(
          site, [&](int at, float) { any |= window.points[static_cast<size_t>(at)] != kNoIndex; });
      if (any) block.mask |= uint64_t{1} << site;
    }
    block.stored = block.mask;
  }

  void allocate() {
    size_t count = 0;
    for (PyramidBlock& block : coarse_.blocks) {
      block.first = static_cast<uint32_t>(count);
      count += static_cast<size_t>(std::popcount(block.stored));
    }
    coarse_.own.density.resize(count);
    coarse_.own.features.resize(count * static_cast<size_t>(channels_));
    coarse_.own.vis_sum.resize(count);
  }

  void publish() {
    coarse_.density = coarse_.own.density;
    coarse_.features = coarse_.own.features;
    coarse_.vis_sum = coarse_.own.vis_sum;
  }

  // Calls visit(index in the 9^3 fine window, weight) for the 27 fine sites that coarse site `site`
  // reaches.
  template <class Visit>
  static void for_support(uint64_t site, Visit&& visit) {
    constexpr float kWeight[3] = {0.5f, 1.0f, 0.5f};
    const int x = static_cast<int>(gather_bits_3(site)) * 2;
    const int y = static_cast<int>(gather_bits_3(site >> 1)) * 2;
    const int z = static_cast<int>(gather_bits_3(site >> 2)) * 2;
    for (int k = 0; k < 3; ++k) {
      for (int j = 0; j < 3; ++j) {
        for (int i = 0; i < 3; ++i) {
          visit(((z + k) * 9 + y + j) * 9 + x + i, kWeight[i] * kWeight[j] * kWeight[k]);
        }
      }
    }
  }

  float clipped(float density) const {
    return std::clamp(density, options_.lowest_density, options_.highest_density);
  }

  // Weighted sums of what the fine sites around a coarse site have to say.
  struct Fit {
    float density = 0, density_weight = 0, feature_weight = 0;
    float features[kMaxChannels] = {};
  };

  // value(fine point or kNoIndex, window index, density, features*) gives the numbers to fit.
  template <class Value>
  Fit fit_site(const FineWindow& window, uint64_t site, float best_seen, Value&& value) const {
    Fit fit;
    for_support(site, [&](int at, float weight) {
      const uint32_t point = window.points[static_cast<size_t>(at)];
      const float seen = point == kNoIndex ? 0.0f : fine_.vis_sum[point];
      float numbers[1 + kMaxChannels] = {};
      value(point, at, numbers);
      const float dw = weight * (window.density_weight[static_cast<size_t>(at)] + kTinyWeight);
      fit.density += dw * numbers[0];
      fit.density_weight += dw;
      if (point == kNoIndex) return;
      const float fw = weight * (seen + kUnseenWeight * best_seen + kTinyWeight);
      for (int c = 0; c < channels_; ++c) fit.features[c] += fw * numbers[1 + c];
      fit.feature_weight += fw;
    });
    return fit;
  }

  void average(const PyramidBlock& block) {
    FineWindow window;
    gather_fine(block, window);
    size_t out = block.first;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++out) {
      const auto site = static_cast<uint64_t>(std::countr_zero(left));
      float best = 0, sum = 0;
      for_support(site, [&](int at, float weight) {
        const uint32_t point = window.points[static_cast<size_t>(at)];
        if (point == kNoIndex) return;
        best = std::max(best, fine_.vis_sum[point]);
        sum += weight * fine_.vis_sum[point];
      });
      const Fit fit = fit_site(window, site, best, [&](uint32_t point, int, float* numbers) {
        numbers[0] = point == kNoIndex ? 0.0f : clipped(fine_.density[point]);
        if (point == kNoIndex) return;
        const float* features =
            fine_.features.data() + size_t{point} * static_cast<size_t>(channels_);
        std::copy_n(features, channels_, numbers + 1);
      });
      coarse_.own.density[out] = fit.density / fit.density_weight;
      float* features = coarse_.own.features.data() + out * static_cast<size_t>(channels_);
      for (int c = 0; c < channels_; ++c) features[c] = fit.features[c] / fit.feature_weight;
      coarse_.own.vis_sum[out] = sum;
      best_seen_[out] = best;
    }
  }

  // One Jacobi step of the weighted least-squares fit: each coarse site takes the mean residual of
  // the fine sites that it interpolates.
  void correct() {
    std::vector<float> density(coarse_.own.density.size());
    std::vector<float> features(coarse_.own.features.size());
    for_blocks([&](size_t b) {
      const PyramidBlock& block = coarse_.blocks[b];
      FineWindow window;
      gather_fine(block, window);
      std::array<uint32_t, 6 * 6 * 6> around;
      const Corner corner = corner_of(block.code);
      const int lower[3] = {corner.lower[0] - 1, corner.lower[1] - 1, corner.lower[2] - 1};
      gather<6>(coarse_, lower, around);
      std::vector<float> residuals;
      residual_window(window, around, residuals);
      size_t out = block.first;
      const size_t stride = 1 + static_cast<size_t>(channels_);
      for (uint64_t left = block.mask; left != 0; left &= left - 1, ++out) {
        const auto site = static_cast<uint64_t>(std::countr_zero(left));
        const Fit fit =
            fit_site(window, site, best_seen_[out], [&](uint32_t, int at, float* numbers) {
              std::copy_n(residuals.data() + static_cast<size_t>(at) * stride, stride, numbers);
            });
        density[out] = coarse_.own.density[out] + kStep * fit.density / fit.density_weight;
        for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
          const size_t i = out * static_cast<size_t>(channels_) + c;
          features[i] = coarse_.own.features[i] + kStep * fit.features[c] / fit.feature_weight;
        }
      }
    });
    coarse_.own.density = std::move(density);
    coarse_.own.features = std::move(features);
    publish();
  }

  // [9^3][1 + channels]: fine minus interpolated coarse; features of empty sites are left at zero.
  void residual_window(const FineWindow& window, const std::array<uint32_t, 216>& around,
                       std::vector<float>& residuals) const {
    const size_t stride = 1 + static_cast<size_t>(channels_);
    residuals.assign(window.points.size() * stride, 0.0f);
    for (int z = 0; z < 9; ++z) {
      for (int y = 0; y < 9; ++y) {
        for (int x = 0; x < 9; ++x) {
          const size_t at = static_cast<size_t>((z * 9 + y) * 9 + x);
          const uint32_t point = window.points[at];
          float* out = residuals.data() + at * stride;
          if (point != kNoIndex) {
            out[0] = clipped(fine_.density[point]);
            std::copy_n(fine_.features.data() + size_t{point} * (stride - 1), stride - 1, out + 1);
          }
          // The fine window starts one site below the block, the coarse one two fine sites below.
          for_taps<6>(x + 1, y + 1, z + 1, [&](int tap, float weight) {
            const uint32_t source = around[static_cast<size_t>(tap)];
            if (source == kNoIndex) return;
            out[0] -= weight * coarse_.density[source];
            if (point == kNoIndex) return;
            const float* features = coarse_.features.data() + size_t{source} * (stride - 1);
            for (size_t c = 0; c + 1 < stride; ++c) out[1 + c] -= weight * features[c];
          });
          // An empty site looks the same with any negative density.
          if (point == kNoIndex) out[0] = std::min(out[0], 0.0f);
        }
      }
    }
  }

  void measure(size_t b, Coarsening& out) const {
    const Corner corner = corner_of(coarse_.blocks[b].code);
    FineWindow window;
    gather_fine(coarse_.blocks[b], window);
    std::array<uint32_t, 125> corners;
    gather<5>(coarse_, corner.lower, corners);
    double empty = 0;
    for (int z = 0; z < 8; ++z) {
      for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 8; ++x) {
          const size_t at = static_cast<size_t>(((z + 1) * 9 + y + 1) * 9 + x + 1);
          const uint32_t point = window.points[at];
          const float error = measure_site(point, window.density_weight[at], x, y, z, corners, out);
          if (point == kNoIndex) empty += static_cast<double>(error);
        }
      }
    }
    out.empty_error[b] = static_cast<float>(empty);
  }

  float measure_site(uint32_t point, float density_weight, int x, int y, int z,
                     const std::array<uint32_t, 125>& corners, Coarsening& out) const {
    const size_t channels = static_cast<size_t>(channels_);
    const float scale = std::ldexp(1.0f, fine_.level);  // voxel lengths h of a cell of this level
    float density = 0;
    float features[kMaxChannels] = {};
    for_taps<5>(x, y, z, [&](int tap, float weight) {
      const uint32_t source = corners[static_cast<size_t>(tap)];
      if (source == kNoIndex) return;
      density += weight * coarse_.density[source];
      if (point == kNoIndex) return;
      for (size_t c = 0; c < channels; ++c) {
        features[c] += weight * coarse_.features[source * channels + c];
      }
    });
    const float seen = point == kNoIndex ? 0.0f : fine_.vis_sum[point];
    const float own = point == kNoIndex ? 0.0f : signed_alpha(scale * fine_.density[point]);
    if (point == kNoIndex) density = std::max(density, 0.0f);  // as empty as zero
    const float change = own - signed_alpha(scale * density);
    const float weight = kBehindContrast * density_weight;
    const float density_error = weight * change * change;
    if (point == kNoIndex) return density_error;
    float changed = 0, whole = 0;
    for (size_t c = 0; c < channels; ++c) {
      const float f = fine_.features[point * channels + c];
      changed += gains_[c] * (f - features[c]) * (f - features[c]);
      whole += gains_[c] * f * f;
    }
    out.site_error[point] = seen * changed + density_error;
    // A negative density is not seen itself; it counts with what it keeps transparent.
    const float alpha_weight = own < 0 ? weight : kBehindContrast * seen;
    out.drop_cost[point] = kDropFactor * (seen * whole + alpha_weight * own * own);
    return density_error;
  }

 private:
  const PyramidLevel& fine_;
  std::span<const float> gains_;
  const CoarsenOptions& options_;
  int channels_;
  PyramidLevel coarse_;
  std::vector<float>
      best_seen_;  // per coarse site: the largest visibility among the fine sites it reaches
};

}  // namespace

Coarsening coarsen(const PyramidLevel& fine, std::span<const float> gains,
                   const CoarsenOptions& options) {
  return Coarsener(fine, gains, options).run();
}

}  // namespace voxpack
