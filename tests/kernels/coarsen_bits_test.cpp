// Kernels::coarsen() on every device, and the work of a CUDA block done on the CPU. What the
// numbers mean is checked in tests/stages/coarsen_test.cpp against a plain fit.
#include <gtest/gtest.h>
#include <omp.h>

#include <bit>
#include <cstring>
#include <map>
#include <random>

#include "core/morton.h"
#include "kernels/coarsen.h"
#include "kernels/coarsen_block.h"
#include "kernels/kernels.h"

namespace voxpack {
namespace {

struct Level {
  std::vector<PyramidBlock> blocks;
  LargeVector<float> density, features, vis_sum;
};

std::array<uint32_t, 3> corner_of(uint64_t code) {
  return {gather_bits_3(code), gather_bits_3(code >> 1), gather_bits_3(code >> 2)};
}

// Blocks in Morton order with the masks of `sites`, which are Morton codes of sites.
std::vector<PyramidBlock> blocks_of(const std::map<uint64_t, bool>& sites) {
  std::vector<PyramidBlock> blocks;
  uint32_t next = 0;
  for (const auto& [site, is_point] : sites) {
    if (blocks.empty() || blocks.back().code != site >> 6) {
      blocks.push_back({});
      blocks.back().code = site >> 6;
      blocks.back().first = next;
    }
    blocks.back().stored |= uint64_t{1} << (site & 63);
    if (is_point) blocks.back().mask |= uint64_t{1} << (site & 63);
    ++next;
  }
  return blocks;
}

// Clumps of sites in a cube of 43^3, some of which do not count as points; whole regions are not
// seen, and densities leave the range that is averaged.
Level random_level(int channels, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> share(0, 1);
  std::map<uint64_t, bool> sites;
  for (uint32_t i = 0; i < 43 * 43 * 43; ++i) {
    const uint32_t x = i % 43, y = i / 43 % 43, z = i / 1849;
    const uint32_t clump = (x / 7 + y / 6 * 3 + z / 5 * 5) % 4;
    if (clump == 3 || share(random) > 0.5f) continue;
    sites[morton_code(x, y, z)] = share(random) > 0.1f;
  }
  Level level;
  level.blocks = blocks_of(sites);
  for (const auto& [site, is_point] : sites) {
    level.density.push_back(30 * share(random) - 12);
    for (int c = 0; c < channels; ++c) level.features.push_back(2 * share(random) - 0.7f);
    const bool hidden = gather_bits_3(site) < 15 || share(random) < 0.3f;
    level.vis_sum.push_back(hidden ? 0.0f : std::pow(share(random), 8.0f) * 1000);
  }
  return level;
}

// The coarser blocks of `fine` and their links, site by site.
struct Coarser {
  std::vector<PyramidBlock> blocks;
  CoarseLinks links;
};

Coarser coarser_blocks(const Level& fine) {
  std::map<uint64_t, bool> sites;
  for (const PyramidBlock& block : fine.blocks) {
    for (uint64_t left = block.mask; left != 0; left &= left - 1) {
      const auto at = corner_of(block.code << 6 | static_cast<uint64_t>(std::countr_zero(left)));
      for (uint32_t n = 0; n < 27; ++n) {
        const uint32_t to[3] = {at[0] + n % 3, at[1] + n / 3 % 3, at[2] + n / 9};  // plus one
        if ((to[0] & to[1] & to[2] & 1) == 0) continue;
        sites[morton_code(to[0] / 2, to[1] / 2, to[2] / 2)] = true;
      }
    }
  }
  Coarser made{blocks_of(sites), {}};
  std::map<uint64_t, uint32_t> index;
  for (const PyramidBlock& block : made.blocks) {
    index.emplace(block.code, static_cast<uint32_t>(index.size()));
  }
  for (const PyramidBlock& block : made.blocks) {
    const auto at = corner_of(block.code);
    auto& around = made.links.neighbours.emplace_back();
    for (uint32_t n = 0; n < 27; ++n) {
      const uint32_t to[3] = {at[0] + n % 3 - 1, at[1] + n / 3 % 3 - 1, at[2] + n / 9 - 1};
      const bool outside = (to[0] | to[1] | to[2]) > 0x1fffff;
      const auto found = outside ? index.end() : index.find(morton_code(to[0], to[1], to[2]));
      around[n] = found == index.end() ? kNoIndex : found->second;
    }
    uint32_t first = 0, children = 0;
    for (uint32_t b = 0; b < fine.blocks.size(); ++b) {
      if (fine.blocks[b].code >> 3 < block.code) first = b + 1;
      if (fine.blocks[b].code >> 3 == block.code) children |= 1u << (fine.blocks[b].code & 7);
    }
    made.links.first_child.push_back(first);
    made.links.child_masks.push_back(static_cast<uint8_t>(children));
  }
  return made;
}

struct Problem {
  Level fine;
  Coarser coarse;
  std::vector<float> gains;
  CoarsenInput input;
};

void fill_problem(Level fine, int level, int channels, Problem& problem) {
  problem.fine = std::move(fine);
  problem.coarse = coarser_blocks(problem.fine);
  for (int c = 0; c < channels; ++c) problem.gains.push_back(0.1f + 0.37f * static_cast<float>(c));
  problem.input.level = level;
  problem.input.channels = channels;
  problem.input.fine_blocks = problem.fine.blocks;
  problem.input.density = problem.fine.density;
  problem.input.features = problem.fine.features;
  problem.input.vis_sum = problem.fine.vis_sum;
  problem.input.gains = problem.gains;
  problem.input.coarse_blocks = problem.coarse.blocks;
  problem.input.links = &problem.coarse.links;
}

std::string first_difference(const CoarsenOutput& a, const CoarsenOutput& b) {
  const auto differ = [](const char* name, const LargeVector<float>& x,
                         const LargeVector<float>& y) -> std::string {
    if (x.size() != y.size()) return std::string(name) + ": different sizes";
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::bit_cast<uint32_t>(x[i]) != std::bit_cast<uint32_t>(y[i])) {
        return std::string(name) + "[" + std::to_string(i) + "]: " + std::to_string(x[i]) +
               " and " + std::to_string(y[i]);
      }
    }
    return {};
  };
  return differ("vis_sum", a.vis_sum, b.vis_sum) + differ("density", a.density, b.density) +
         differ("features", a.features, b.features) +
         differ("site_error", a.site_error, b.site_error) +
         differ("drop_cost", a.drop_cost, b.drop_cost) +
         differ("empty_error", a.empty_error, b.empty_error);
}

// The work of a CUDA block by one thread, forwards or backwards: a race between the threads of a
// team would make a difference.
struct LoneTeam {
  bool backwards;
  template <class Work>
  void each(int count, const Work& work) const {
    for (int i = 0; i < count; ++i) work(backwards ? count - 1 - i : i);
  }
};

CoarsenOutput by_teams(const CoarsenInput& input, bool backwards) {
  const LoneTeam team{backwards};
  const size_t sites = site_count(input.coarse_blocks), blocks = input.coarse_blocks.size();
  CoarsenOutput now, next;
  for (CoarsenOutput* out : {&now, &next}) {
    out->density.assign(sites, NAN);
    out->features.assign(sites * static_cast<size_t>(input.channels), NAN);
  }
  now.vis_sum.assign(sites, NAN);
  now.site_error.assign(input.density.size(), 0.0f);
  now.drop_cost.assign(input.density.size(), 0.0f);
  now.empty_error.assign(blocks, 0.0f);
  std::vector<WeightSums> weight_sums(sites);
  const auto is_seen = std::make_unique<bool[]>(blocks);
  CoarsenArrays arrays;
  arrays.vis_sum = now.vis_sum.data();
  arrays.weight_sums = weight_sums.data();
  arrays.is_seen = is_seen.get();
  arrays.gains = input.gains.data();
  arrays.site_error = now.site_error.data();
  arrays.drop_cost = now.drop_cost.data();
  arrays.empty_error = now.empty_error.data();
  const CoarsenView view = view_of(input);
  BlockScratch scratch;
  const auto pass = [&](auto&& work) {
    now.density.swap(next.density);
    now.features.swap(next.features);
    arrays.now_density = now.density.data();
    arrays.now_features = now.features.data();
    arrays.next_density = next.density.data();
    arrays.next_features = next.features.data();
    for (size_t b = 0; b < blocks; ++b) {
      std::memset(&scratch, 0xa5, sizeof scratch);
      work(b);
    }
  };
  pass([&](size_t b) { average_block(view, arrays, b, team, scratch); });
  for (int i = 0; i < kCorrections; ++i) {
    pass([&](size_t b) { correct_block(view, arrays, b, team, scratch); });
  }
  pass([&](size_t b) { measure_block(view, arrays, b, team, scratch); });
  return now;
}

// Runs check(input, output of the CPU) for three levels, one made from the other.
template <class Check>
void for_levels(int channels, Check&& check) {
  const auto cpu = make_kernels("cpu");
  Level fine = random_level(channels, static_cast<uint32_t>(channels + 1));
  for (int level = 0; level < 3; ++level) {
    Problem problem;
    fill_problem(std::move(fine), level, channels, problem);
    CoarsenOutput expected;
    const Status status = cpu.value()->coarsen(problem.input, expected);
    ASSERT_TRUE(status.ok()) << status.message();
    size_t costs = 0;
    for (const float cost : expected.site_error) costs += cost > 0;
    for (const float cost : expected.empty_error) costs += cost > 0;
    ASSERT_GT(costs, 10u);
    check(problem.input, expected);
    fine = {problem.coarse.blocks, expected.density, expected.features, expected.vis_sum};
  }
}

constexpr int kChannelCounts[] = {0, 2, 3, 15, 28};

TEST(CoarsenTeam, GivesTheBitsOfTheCpu) {
  for (const int channels : kChannelCounts) {
    for_levels(channels, [&](const CoarsenInput& input, const CoarsenOutput& expected) {
      for (const bool backwards : {false, true}) {
        EXPECT_EQ(first_difference(by_teams(input, backwards), expected), "")
            << channels << " channels, level " << input.level;
      }
    });
  }
}

class CoarsenOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto made = make_kernels(GetParam());
    if (made.ok()) {
      kernels = std::move(made).take();
      ASSERT_EQ(kernels->name(), GetParam());
    } else if (std::getenv("VOXPACK_REQUIRE_CUDA")) {
      FAIL() << made.error().message();
    } else {
      GTEST_SKIP() << made.error().message();
    }
  }
  std::unique_ptr<Kernels> kernels;
};
INSTANTIATE_TEST_SUITE_P(Device, CoarsenOn, testing::Values("cpu", "cuda"));

TEST_P(CoarsenOn, SameBitsAsCpu) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(3);
  for (const int channels : kChannelCounts) {
    for_levels(channels, [&](const CoarsenInput& input, const CoarsenOutput& expected) {
      CoarsenOutput found;
      const Status status = kernels->coarsen(input, found);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(first_difference(found, expected), "")
          << channels << " channels, level " << input.level;
    });
  }
  omp_set_num_threads(threads);
}

TEST_P(CoarsenOn, NothingIsNothing) {
  const CoarseLinks links;
  CoarsenInput input;
  input.channels = 3;
  const std::vector<float> gains(3, 1.0f);
  input.gains = gains;
  input.links = &links;
  CoarsenOutput out;
  out.density.assign(5, 1.0f);
  const Status status = kernels->coarsen(input, out);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(out.density.empty() && out.site_error.empty() && out.empty_error.empty());
}

TEST_P(CoarsenOn, RefusesArraysThatDoNotFit) {
  Problem problem;
  fill_problem(random_level(3, 1), 0, 3, problem);
  CoarsenOutput out;
  ASSERT_TRUE(kernels->coarsen(problem.input, out).ok());
  const auto refuses = [&](auto&& spoil) {
    Problem other;
    fill_problem(random_level(3, 1), 0, 3, other);
    spoil(other);
    return kernels->coarsen(other.input, out).code() == Errc::usage;
  };
  EXPECT_TRUE(refuses([](Problem& p) { p.input.channels = 4; }));
  EXPECT_TRUE(refuses([](Problem& p) { p.input.gains = p.input.gains.first(2); }));
  EXPECT_TRUE(refuses([](Problem& p) { p.input.links = nullptr; }));
  EXPECT_TRUE(refuses([](Problem& p) { p.input.vis_sum = p.input.vis_sum.first(10); }));
  EXPECT_TRUE(refuses([](Problem& p) { p.fine.blocks.back().first += 1; }));
  EXPECT_TRUE(refuses([](Problem& p) { p.coarse.blocks[1].first += 1; }));
  EXPECT_TRUE(refuses([](Problem& p) { p.coarse.links.first_child.pop_back(); }));
  EXPECT_TRUE(refuses([](Problem& p) { p.coarse.links.first_child[0] += 100'000; }));
  EXPECT_TRUE(refuses([](Problem& p) { p.coarse.links.neighbours[0][13] = 100'000; }));
}

}  // namespace
}  // namespace voxpack
