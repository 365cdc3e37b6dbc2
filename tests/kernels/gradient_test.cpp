// The gradients of MarchTable::train against differences of the reference loss in double.
//
// Loss of a ray: squared error of the pixel over its background, plus residual_penalty times the
// squared residual of the network, minus concentration times the sum of the squared weights of its
// samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "kernels/aligned.h"
#include "kernels/lattice.h"
#include "kernels/network.h"
#include "kernels/random_field.h"
#include "kernels/reference_march.h"
#include "kernels/view_fit.h"

namespace voxpack {
namespace {

constexpr double kRelativeTolerance = 2e-3;
constexpr double kStep = 1e-6;  // of the differences, in double

std::vector<const MarchTable*> tables() {
  std::vector<const MarchTable*> all = {&march_table_baseline()};
  if (&best_march_table() != all[0]) all.push_back(&best_march_table());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      &best_march_table() != &march_table_avx2()) {
    all.push_back(&march_table_avx2());
  }
  return all;
}

struct GradientCase {
  AppearanceKind kind;
  int coarsest, finest;
  float concentration, residual_penalty;
};

// Fields, rays and the loss of their values.
class Problem {
 public:
  Problem(const GradientCase& c, uint32_t seed)
      : settings_{0.37f, c.concentration, c.residual_penalty} {
    RandomFieldOptions options;
    options.resolution = 16;
    options.coarsest = c.coarsest;
    options.finest = c.finest;
    options.kind = c.kind;
    options.density_lo = -0.05f;
    options.density_hi = 0.35f;
    field = make_random_field(options, seed);
    density.assign(field.density.begin(), field.density.end());
    features.assign(field.features.begin(), field.features.end());
    lattice = std::move(make_lattice(field)).take();
    const ReferenceField reference(field);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> any(-1, 1);
    while (rays.size() < 24) {
      Ray ray;
      double length = 0;
      for (size_t a = 0; a < 3; ++a) {
        ray.direction[a] = any(random);
        length += ray.direction[a] * ray.direction[a];
      }
      for (size_t a = 0; a < 3; ++a) {
        ray.direction[a] /= std::sqrt(length);
        ray.origin[a] = field.cube.origin[a] +
                        field.cube.edge * (0.5 + 0.3 * any(random) - 1.4 * ray.direction[a]);
      }
      TrainRay train{to_march_ray(lattice, ray, static_cast<float>((any(random) + 1) / 2)), {}, {}};
      for (size_t c2 = 0; c2 < 3; ++c2) {
        train.background[c2] = static_cast<float>(any(random));
        train.target[c2] = static_cast<float>(any(random));
      }
      ReferenceRay sampled =
          sample_ray(field, reference, ray, static_cast<double>(train.ray.offset));
      const ReferencePixel pixel =
          march_reference(field.appearance, density, features, sampled, ray.direction);
      // Next to a kink, to a seam, or where the march may stop, float and double rightly differ.
      if (sampled.is_ambiguous || pixel.alpha < 0.05 || pixel.alpha > 0.99 ||
          pixel.smallest_density < 1e-5 || pixel.smallest_hidden < 1e-4) {
        continue;
      }
      rays.push_back(train);
      world_rays.push_back(ray);
      samples.push_back(sampled);
      directions.push_back(ray.direction);
    }
  }

  double loss(double* squared_error = nullptr) const {
    double total = 0, error2 = 0;
    for (size_t r = 0; r < rays.size(); ++r) {
      const ReferencePixel pixel =
          march_reference(field.appearance, density, features, samples[r], directions[r]);
      for (size_t c = 0; c < 3; ++c) {
        const double error = gain[c] * pixel.rgb[c] +
                             (1 - pixel.alpha) * double{rays[r].background[c]} -
                             double{rays[r].target[c]};
        error2 += error * error;
        total += double{settings_.residual_penalty} * pixel.residual[c] * pixel.residual[c];
      }
      total -= double{settings_.concentration} * pixel.squared_weights;
    }
    if (squared_error) *squared_error = error2;
    return double{settings_.gradient_scale} * (total + error2);
  }

  // d loss / d value by central differences; `value` is one of this problem's own.
  double slope(double& value) const {
    const double before = value;
    value = before + kStep;
    const double above = loss();
    value = before - kStep;
    const double below = loss();
    value = before;
    return (above - below) / (2 * kStep);
  }

  // The weights are floats: the step is what rounding leaves of it.
  double slope(float& weight) const {
    const float before = weight;
    weight = before + 1e-3f;
    const double above = loss();
    const double up = double{weight};
    weight = before - 1e-3f;
    const double difference = above - loss();
    const double step = up - double{weight};
    weight = before;
    return difference / step;
  }

  // Turns all rays about the centre of the cube (rotation vector), then moves them (edges).
  void move_rays(const Vec3& rotation, const Vec3& translation) {
    const ReferenceField reference(field);
    const double angle = std::hypot(rotation[0], rotation[1], rotation[2]);
    const auto turned = [&](const Vec3& v) {  // Rodrigues
      if (angle == 0) return v;
      Vec3 k, cross, out;
      double dot = 0;
      for (size_t a = 0; a < 3; ++a) {
        k[a] = rotation[a] / angle;
        dot += k[a] * v[a];
      }
      for (size_t a = 0; a < 3; ++a)
        cross[a] = k[(a + 1) % 3] * v[(a + 2) % 3] - k[(a + 2) % 3] * v[(a + 1) % 3];
      for (size_t a = 0; a < 3; ++a) {
        out[a] = v[a] * std::cos(angle) + cross[a] * std::sin(angle) +
                 k[a] * dot * (1 - std::cos(angle));
      }
      return out;
    };
    for (size_t r = 0; r < rays.size(); ++r) {
      Ray moved = world_rays[r];
      Vec3 arm;
      for (size_t a = 0; a < 3; ++a)
        arm[a] = moved.origin[a] - field.cube.origin[a] - field.cube.edge / 2;
      arm = turned(arm);
      for (size_t a = 0; a < 3; ++a) {
        moved.origin[a] = field.cube.origin[a] + field.cube.edge * (0.5 + translation[a]) + arm[a];
      }
      moved.direction = turned(moved.direction);
      samples[r] = sample_ray(field, reference, moved, static_cast<double>(rays[r].ray.offset));
    }
  }

  const TrainSettings& settings() const { return settings_; }

  std::array<double, 3> gain = {1, 1, 1};
  Field field;  // its weights are in use, its points are replaced by the two below
  std::vector<double> density, features;
  Lattice lattice;
  std::vector<TrainRay> rays;
  std::vector<Ray> world_rays;
  std::vector<ReferenceRay> samples;
  std::vector<Vec3> directions;

 private:
  TrainSettings settings_;
};

// What train() gives for the problem, hanging rows handed on to the points.
struct Trained {
  Trained(const Problem& problem, const MarchTable& table)
      : stride(row_stride(problem.field.channels())), network(problem.field.appearance) {
    const std::vector<float> start = make_rows(problem.field, problem.lattice, stride);
    rows = AlignedFloats(start.size());
    std::copy(start.begin(), start.end(), rows.data());
    gradients = AlignedFloats(start.size());
    network_gradients =
        AlignedFloats(network.weights_in_count() + network.weights_out_count() + 16);
    AlignedFloats scratch(size_t{kSampleSpace} * kSampleBytes / sizeof(float));
    touched.assign(problem.lattice.row_count() / kRowsPerPage + 1, 0);
    lane = {gradients.data(),
            touched.data(),
            network_gradients.data(),
            network_gradients.data() + network.weights_in_count(),
            scratch.data(),
            view_gradients.data(),
            0,
            0};
    TrainSettings settings = problem.settings();
    settings.centre = centre_of(problem.lattice);
    table.train(problem.lattice.view(), rows.data(), stride, network.view(), problem.rays.data(),
                static_cast<int>(problem.rays.size()), settings, lane);
    for (size_t row = 0; row < problem.lattice.row_count(); ++row) {
      for (int k = 0; k < stride; ++k) {
        const bool is_zero = gradients.data()[row * size_t(stride) + size_t(k)] == 0;
        EXPECT_TRUE(is_zero || touched[row / kRowsPerPage]) << "row " << row;
      }
    }
    scatter_hanging(problem.lattice, stride, gradients.data(), touched.data());
  }

  double of_point(size_t point, int channel) const {
    return double{gradients.data()[(point + 1) * size_t(stride) + size_t(channel)]};
  }

  // Gradient of appearance.weights[i], from the padded layout of NetworkView.
  double of_weight(const AppearanceModel& model, size_t i) const {
    const auto width = static_cast<size_t>(model.hidden_width),
               inputs = static_cast<size_t>(model.input_count());
    const auto padded = static_cast<size_t>(network.view().hidden);
    if (i < inputs * width) return double{lane.gradients_in[i / width * padded + i % width]};
    const size_t j = i - inputs * width;
    return double{lane.gradients_out[j % 3 * padded + j / 3]};
  }

  int stride;
  Network network;
  AlignedFloats rows, gradients, network_gradients;
  std::vector<uint8_t> touched;
  std::vector<float> view_gradients = std::vector<float>(kViewParameters);
  TrainLane lane{};
};

class Gradient : public testing::TestWithParam<GradientCase> {};

INSTANTIATE_TEST_SUITE_P(Kinds, Gradient,
                         testing::Values(GradientCase{AppearanceKind::rgb, 0, 0, 0.0f, 0.0f},
                                         GradientCase{AppearanceKind::rgb, 2, 0, 0.3f, 0.0f},
                                         GradientCase{AppearanceKind::sh1, 1, 0, 0.2f, 0.4f},
                                         GradientCase{AppearanceKind::sh2, 1, -1, 0.0f, 0.0f},
                                         GradientCase{AppearanceKind::mlp, 1, 0, 0.0f, 0.0f},
                                         GradientCase{AppearanceKind::mlp, 0, 0, 0.5f, 0.7f}));

TEST_P(Gradient, MatchesDifferences) {
  Problem problem(GetParam(), 31);
  std::vector<Trained> trained;
  for (const MarchTable* table : tables()) trained.emplace_back(problem, *table);
  double squared_error = 0;
  problem.loss(&squared_error);
  for (const Trained& t : trained)
    EXPECT_NEAR(t.lane.squared_error, squared_error, 1e-4 * squared_error);

  const int channels = problem.field.channels();
  double largest = 0;
  for (int channel = 0; channel <= channels; ++channel) {
    for (size_t point = 0; point < problem.density.size(); ++point) {
      largest = std::max(largest, std::fabs(trained[0].of_point(point, channel)));
    }
  }
  // 150 values with a noticeable gradient and 100 of the others.
  std::vector<std::pair<size_t, int>> entries, others;
  for (int channel = 0; channel <= channels; ++channel) {
    for (size_t point = 0; point < problem.density.size(); ++point) {
      const bool is_large = std::fabs(trained[0].of_point(point, channel)) > 0.02 * largest;
      (is_large ? entries : others).push_back({point, channel});
    }
  }
  std::mt19937 random(3);
  std::shuffle(entries.begin(), entries.end(), random);
  std::shuffle(others.begin(), others.end(), random);
  entries.resize(std::min<size_t>(entries.size(), 150));
  entries.insert(entries.end(), others.begin(), others.begin() + 100);
  int large = 0;
  const auto check = [&](double expected, const auto& found, const std::string& name) {
    large += std::fabs(expected) > 0.02 * largest;
    for (size_t t = 0; t < trained.size(); ++t) {
      EXPECT_NEAR(found(trained[t]), expected,
                  kRelativeTolerance * std::fabs(expected) + 2e-5 * largest)
          << name << " table " << t;
    }
  };
  for (const auto& [point, channel] : entries) {
    const size_t p = point;
    const int c = channel;
    double& value =
        c == 0 ? problem.density[p] : problem.features[p * size_t(channels) + size_t(c) - 1];
    check(
        problem.slope(value), [&](const Trained& t) { return t.of_point(p, c); },
        "point " + std::to_string(p) + " channel " + std::to_string(c));
  }
  EXPECT_GT(large, 40);
  std::vector<float>& weights = problem.field.appearance.weights;
  largest = 0;
  large = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    largest = std::max(largest, std::fabs(trained[0].of_weight(problem.field.appearance, i)));
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    check(
        problem.slope(weights[i]),
        [&](const Trained& t) { return t.of_weight(problem.field.appearance, i); },
        "weight " + std::to_string(i));
  }
  if (!weights.empty()) {
    EXPECT_GT(large, 40);
  }
}

// The colour of kind rgb does not depend on the direction, as the derivative of a rotation assumes.
TEST(GradientOfViews, MatchesDifferences) {
  Problem problem({AppearanceKind::rgb, 1, 0, 0.2f, 0.0f}, 8);
  std::vector<double> expected;
  for (size_t k = 0; k < kViewGain; ++k) {
    const auto loss_at = [&](double value) {
      Vec3 rotation{}, translation{};
      (k < kViewTranslation ? rotation : translation)[k % 3] = value;
      problem.move_rays(rotation, translation);
      return problem.loss();
    };
    expected.push_back((loss_at(1e-6) - loss_at(-1e-6)) / 2e-6);
  }
  problem.move_rays({}, {});
  for (size_t c = 0; c < 3; ++c) {
    const auto loss_at = [&](double value) {
      problem.gain[c] = std::exp(value);
      return problem.loss();
    };
    expected.push_back((loss_at(1e-6) - loss_at(-1e-6)) / 2e-6);
    problem.gain[c] = 1;
  }
  for (const MarchTable* table : tables()) {
    const Trained trained(problem, *table);
    for (size_t k = 0; k < kViewParameters; ++k) {
      const size_t group = k / 3 * 3;
      const double scale = std::fabs(expected[group]) + std::fabs(expected[group + 1]) +
                           std::fabs(expected[group + 2]);
      ASSERT_GT(scale, 1e-3);
      EXPECT_NEAR(double{trained.view_gradients[k]}, expected[k], 3e-3 * scale)
          << table->name << " parameter " << k;
    }
  }
}

// A sample in the void of all rays or without density has no gradient, whatever its features are.
TEST(GradientOfNothing, IsZero) {
  Problem problem({AppearanceKind::rgb, 1, 0, 0.5f, 0}, 5);
  std::fill(problem.field.density.edit().begin(), problem.field.density.edit().end(), -1.0f);
  const Trained trained(problem, best_march_table());
  EXPECT_EQ(trained.lane.sample_count, 0u);
  for (size_t i = 0; i < trained.gradients.size(); ++i)
    ASSERT_EQ(trained.gradients.data()[i], 0.0f);
  double expected = 0;
  for (const TrainRay& ray : problem.rays) {
    for (size_t c = 0; c < 3; ++c)
      expected += std::pow(double{ray.background[c]} - double{ray.target[c]}, 2);
  }
  EXPECT_NEAR(trained.lane.squared_error, expected, 1e-5 * expected);
}

// adam_page() against the formulas of Kingma & Ba 2014, in double.
TEST(Adam, MatchesReference) {
  for (const MarchTable* table : tables()) {
    for (const int stride : {8, 16, 32}) {
      SCOPED_TRACE(testing::Message() << table->name << " stride " << stride);
      const int rows = 13;
      const size_t floats = size_t{16} * size_t(stride);
      AlignedFloats x(floats), m(floats), v(floats),
          lanes[3] = {AlignedFloats(floats), AlignedFloats(floats), AlignedFloats(floats)};
      std::mt19937 random(9);
      std::uniform_real_distribution<float> any(-1, 1);
      for (size_t i = 0; i < floats; ++i) {
        x.data()[i] = any(random);
        m.data()[i] = any(random);
        v.data()[i] = std::fabs(any(random));
        for (AlignedFloats& lane : lanes) lane.data()[i] = any(random);
      }
      for (AlignedFloats& lane : lanes)
        std::fill_n(lane.data() + 4 * stride, stride, 0.0f);  // row 4 has none
      AdamSettings adam{{}, 0.9f, 0.99f, 1.25f, 1.5f, 1e-6f};
      for (size_t k = 0; k < 32; ++k) adam.rate[k] = 0.01f * static_cast<float>(k + 1);
      const auto copy = [&](const AlignedFloats& from) {
        return std::vector<double>(from.data(), from.data() + floats);
      };
      const std::vector<double> x0 = copy(x), m0 = copy(m), v0 = copy(v), g0 = copy(lanes[0]),
                                g1 = copy(lanes[1]), g2 = copy(lanes[2]);
      float* pointers[3] = {lanes[0].data(), lanes[1].data(), lanes[2].data()};
      table->adam_page(x.data(), m.data(), v.data(), pointers, 3, stride, rows, adam);
      for (size_t i = 0; i < floats; ++i) {
        const auto row = static_cast<int>(i) / stride;
        if (row == 4 || row >= rows) {
          ASSERT_EQ(x.data()[i], static_cast<float>(x0[i]));
          ASSERT_EQ(m.data()[i], static_cast<float>(m0[i]));
          continue;
        }
        const double g = g0[i] + g1[i] + g2[i];
        const double m1 = 0.9 * m0[i] + 0.1 * g, v1 = 0.99 * v0[i] + 0.01 * g * g;
        const double step =
            double{adam.rate[i % size_t(stride)]} * m1 * 1.25 / (std::sqrt(v1 * 1.5) + 1e-6);
        ASSERT_NEAR(m.data()[i], m1, 1e-5);
        ASSERT_NEAR(v.data()[i], v1, 1e-5);
        ASSERT_NEAR(x.data()[i], x0[i] - step, 1e-5 + 1e-4 * std::fabs(step));
        for (const AlignedFloats& lane : lanes) ASSERT_EQ(lane.data()[i], 0.0f);
      }
    }
  }
}

}  // namespace
}  // namespace voxpack
