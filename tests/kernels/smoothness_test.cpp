// Smoothness and network decay: the gradient against a plain reference, and what an optimiser step
// makes of them, on every device.
#include "kernels/smoothness.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "kernels/aligned.h"
#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/reference_field.h"
#include "kernels/test_scene.h"
#include "support/threads.h"

namespace voxpack {
namespace {

Field random_field(AppearanceKind kind, int finest) {
  RandomFieldOptions options;
  options.resolution = 16;
  options.coarsest = 1;
  options.finest = finest;
  options.kind = kind;
  options.fill = 0.8;
  options.density_lo = 0.05f;
  options.density_hi = 0.3f;
  options.cube = {{-1, -1, -1}, 2};
  return make_random_field(options, 4);
}

float value_of_point(const Field& field, size_t point, int channel) {
  const auto channels = static_cast<size_t>(field.channels());
  return channel == 0 ? field.density[point]
                      : field.features[point * channels + static_cast<size_t>(channel) - 1];
}

// The point that is the value at a site (in half steps of h), -1 if there is none.
int64_t point_at(const ReferenceField& reference, const Site& site) {
  const Combination& terms = reference.at_site(site);
  return terms.size() == 1 && terms[0].weight == 1 ? int64_t{terms[0].point} : -1;
}

// d/d value of the smoothness, [point][1 + channels], for the pages of rows given as touched.
std::vector<double> reference_gradient(const Field& field, const std::vector<uint8_t>& touched,
                                       uint64_t step, double density_weight,
                                       double feature_weight) {
  const ReferenceField reference(field);
  const auto floats = static_cast<size_t>(1 + field.channels());
  std::vector<double> gradient(field.point_count() * floats);
  const auto is_touched = [&](int64_t point) {
    return touched[static_cast<size_t>(point + 1) / kRowsPerPage] != 0;
  };
  for (size_t b = 0; b < field.blocks.size(); ++b) {
    if ((b + step) % 2 != 0) continue;
    const Block& block = field.blocks[b];
    const int64_t spacing = int64_t{1} << (block.level + 1);
    for (int i = 0; i < 64; ++i) {
      const Site site = {(block.x * 4 + i % 4) * spacing, (block.y * 4 + i / 4 % 4) * spacing,
                         (block.z * 4 + i / 16) * spacing};
      const int64_t own = point_at(reference, site);
      if (own < 0 || !is_touched(own)) continue;
      for (size_t axis = 0; axis < 3; ++axis) {
        Site next = site;
        next[axis] += spacing;
        const int64_t other = point_at(reference, next);
        if (other < 0) continue;
        for (size_t c = 0; c < floats; ++c) {
          const int channel = static_cast<int>(c);
          const double slope = 2 * (c == 0 ? density_weight : feature_weight) *
                               (double{value_of_point(field, static_cast<size_t>(other), channel)} -
                                double{value_of_point(field, static_cast<size_t>(own), channel)});
          gradient[static_cast<size_t>(own) * floats + c] -= slope;
          if (is_touched(other)) gradient[static_cast<size_t>(other) * floats + c] += slope;
        }
      }
    }
  }
  return gradient;
}

TEST(Smoothness, GradientOfTheReference) {
  for (const auto kind : {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2}) {
    for (const int finest : {0, -1}) {
      SCOPED_TRACE(std::string(to_string(kind)) + ", finest level " + std::to_string(finest));
      const Field field = random_field(kind, finest);
      const Lattice lattice = make_lattice(field).take();
      ASSERT_FALSE(lattice.hanging.empty());
      ASSERT_GT(lattice.leaves.size(), field.blocks.size());
      const int stride = row_stride(field.channels());
      const std::vector<float> rows = make_rows(field, lattice, stride);
      const size_t pages = (lattice.row_count() + kRowsPerPage - 1) / kRowsPerPage;
      std::mt19937 random(1);
      std::vector<uint8_t> touched(pages);
      for (uint8_t& page : touched) page = random() % 4 != 0;
      OptimizeSettings settings;
      settings.density_smoothness = 0.5f;
      settings.feature_smoothness = 0.25f;
      for (const uint64_t step : {6, 7}) {
        const SmoothnessPass pass =
            make_smoothness(settings, step, field.blocks.size(), lattice.point_count);
        const std::vector<double> expected = reference_gradient(field, touched, step, 0.5, 0.25);
        for (const int lanes : {1, 3}) {
          std::vector<double> found(expected.size());
          for (int lane = 0; lane < lanes; ++lane) {
            AlignedFloats gradients(rows.size());
            std::vector<uint8_t> marked(pages);
            TrainLane out{};
            out.row_gradients = gradients.data();
            out.touched_pages = marked.data();
            add_smoothness(lattice, pass, rows.data(), stride, touched.data(), lane, lanes, out);
            const auto floats = static_cast<size_t>(1 + field.channels());
            for (size_t i = 0; i < rows.size(); ++i) {
              const size_t row = i / static_cast<size_t>(stride),
                           k = i % static_cast<size_t>(stride);
              if (gradients.data()[i] == 0) continue;
              ASSERT_TRUE(row >= 1 && row <= field.point_count() && k < floats);
              ASSERT_TRUE(marked[row / kRowsPerPage]);  // Adam will see it
              found[(row - 1) * floats + k] += double{gradients.data()[i]};
            }
            for (size_t page = 0; page < pages; ++page) ASSERT_LE(marked[page], touched[page]);
          }
          for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-5);
        }
      }
    }
  }
}

class Regularised : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto made = make_kernels(GetParam());
    if (made.ok()) {
      kernels = std::move(made).take();
    } else if (std::getenv("VOXPACK_REQUIRE_CUDA") != nullptr) {
      FAIL() << made.error().message();
    } else {
      GTEST_SKIP() << made.error().message();
    }
  }

  // `start` after some iterations.
  Field run(const Field& start, const OptimizeSettings& settings, int iterations, Kernels& on) {
    OptimizerOptions options;
    options.rays_per_iteration = 256;  // so few that not all pages are touched by each lane
    auto made = on.make_optimizer(start, views, options);
    EXPECT_TRUE(made.ok());
    EXPECT_TRUE(made.value()->run(settings, iterations).ok());
    auto field = made.value()->field();
    EXPECT_TRUE(field.ok());
    return std::move(field).take();
  }

  std::unique_ptr<Kernels> kernels;
  std::vector<View> views = ball_views(6, 24);
};
INSTANTIATE_TEST_SUITE_P(Device, Regularised, testing::Values("cpu", "cuda"));

OptimizeSettings smooth(float density, float feature) {
  OptimizeSettings settings;
  settings.density_smoothness = density;
  settings.feature_smoothness = feature;
  return settings;
}

// Where the smoothness outweighs the photos, the first step of Adam goes against its sign.
TEST_P(Regularised, StepGoesAgainstTheGradient) {
  const Field start = random_field(AppearanceKind::rgb, 0);
  const Field plain = run(start, smooth(0, 0), 1, *kernels);
  std::vector<uint8_t> touched(start.point_count() / kRowsPerPage + 1);
  for (size_t i = 0; i < start.point_count(); ++i) {
    if (plain.density[i] != start.density[i]) touched[(i + 1) / kRowsPerPage] = 1;
  }
  const std::vector<double> gradient = reference_gradient(start, touched, 0, 1e6, 1e6);
  const Field found = run(start, smooth(1e6f, 1e6f), 1, *kernels);
  const OptimizeSettings settings;
  size_t pulled = 0, free = 0, wrong = 0;
  for (size_t i = 0; i < start.point_count(); ++i) {
    for (int c = 0; c < 4; ++c) {
      const double g = gradient[i * 4 + static_cast<size_t>(c)];
      const double moved =
          double{value_of_point(found, i, c)} - double{value_of_point(start, i, c)};
      if (g == 0) {
        ++free;
        wrong += std::fabs(value_of_point(found, i, c) - value_of_point(plain, i, c)) > 1e-5f;
      } else if (std::fabs(g) > 100) {
        ++pulled;
        const double rate = double{c == 0 ? settings.density_rate : settings.feature_rate};
        ASSERT_NEAR(moved, g > 0 ? -rate : rate, 1e-5) << "point " << i << " channel " << c;
      }
    }
  }
  EXPECT_GT(pulled, 500u);
  EXPECT_GT(free, 500u);
  EXPECT_LE(wrong, free / 100);  // the sign of a gradient that is next to nothing is anyone's
}

double mean_difference(const Field& a, const Field& b, bool density) {
  const FloatArray &x = density ? a.density : a.features, &y = density ? b.density : b.features;
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += std::fabs(double{x[i]} - double{y[i]});
  return sum / static_cast<double>(x.size());
}

// With the smoothness about as strong as the photos, its weights show in the values after a few
// steps: the devices agree better than an eighth more of either weight would let them. A GPU adds
// in any order, and a gradient that is next to nothing moves its value either way.
TEST_P(Regularised, ValuesOfTheCpu) {
  const auto cpu = make_kernels("cpu").take();
  for (const auto kind : {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2}) {
    SCOPED_TRACE(to_string(kind));
    const Field start = random_field(kind, 0);
    const Field expected = run(start, smooth(1e-4f, 2e-5f), 3, *cpu);
    const Field found = run(start, smooth(1e-4f, 2e-5f), 3, *kernels);
    const Field denser = run(start, smooth(1.25e-4f, 2e-5f), 3, *cpu);
    const Field smoother = run(start, smooth(1e-4f, 2.5e-5f), 3, *cpu);
    EXPECT_GT(mean_difference(denser, expected, true), 1e-4);
    EXPECT_GT(mean_difference(smoother, expected, false), 1e-4);
    EXPECT_LT(mean_difference(found, expected, true), mean_difference(denser, expected, true) / 2);
    EXPECT_LT(mean_difference(found, expected, false),
              mean_difference(smoother, expected, false) / 2);
  }
}

TEST_P(Regularised, NetworkDecaysAfterTheStep) {
  const Field start = random_field(AppearanceKind::mlp, 0);
  OptimizeSettings settings;
  settings.network_decay = 0;
  const Field plain = run(start, settings, 1, *kernels);
  settings.network_decay = 20;
  const Field decayed = run(start, settings, 1, *kernels);
  const std::vector<float>&a = plain.appearance.weights, &b = decayed.appearance.weights;
  ASSERT_GT(a.size(), 100u);
  const float keep = 1 - 20 * settings.network_rate;
  size_t wrong = 0;
  for (size_t i = 0; i < a.size(); ++i) wrong += std::fabs(b[i] - a[i] * keep) > 1e-6f;
  EXPECT_LE(wrong, a.size() / 100);
}

TEST(Smoothness, SameBytesForAnyThreads) {
  const std::vector<View> views = ball_views(4, 24);
  const auto run = [&](int threads) {
    const Threads scope(threads);
    OptimizerOptions options;
    options.rays_per_iteration = 512;
    const auto kernels = make_kernels("cpu").take();
    const auto optimizer =
        kernels->make_optimizer(random_field(AppearanceKind::rgb, -1), views, options).take();
    EXPECT_TRUE(optimizer->run(smooth(1e-4f, 2e-5f), 6).ok());
    return optimizer->field().take();
  };
  const Field one = run(1);
  for (const int threads : {2, 7}) {
    const Field other = run(threads);
    EXPECT_EQ(other.density, one.density);
    EXPECT_EQ(other.features, one.features);
  }
}

}  // namespace
}  // namespace voxpack
