// New points for an optimiser, and which of the old ones are seen: against the plain reference of
// the field's value and against Kernels::visibility(), on every device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/reference_field.h"
#include "kernels/test_scene.h"

namespace voxpack {
namespace {

class Regrid : public testing::TestWithParam<std::string> {
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

  std::unique_ptr<Optimizer> optimizer_of(const Field& field, Kernels& on) {
    OptimizerOptions options;
    options.rays_per_iteration = 512;
    auto made = on.make_optimizer(field, views, options);
    EXPECT_TRUE(made.ok());
    return std::move(made).take();
  }

  std::unique_ptr<Kernels> kernels;
  std::vector<View> views = ball_views(6, 24);
};
INSTANTIATE_TEST_SUITE_P(Device, Regrid, testing::Values("cpu", "cuda"));

Field random_field(int resolution, uint32_t seed, int coarsest = 0) {
  RandomFieldOptions options;
  options.resolution = resolution;
  options.coarsest = coarsest;
  options.kind = AppearanceKind::mlp;
  options.fill = 0.3;
  options.cube = {{-1, -1, -1}, 2};
  return make_random_field(options, seed);
}

Field field_of(const Optimizer& optimizer) {
  auto field = optimizer.field();
  EXPECT_TRUE(field.ok());
  return std::move(field).take();
}

// Every value of `found` is that of `before` at its place.
void expect_values_of(const Field& before, const Field& found, double density_scale) {
  const ReferenceField reference(before);
  const double factor = found.resolution / before.resolution;
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(found, positions, levels);
  int filled = 0;
  for (size_t i = 0; i < found.point_count(); ++i) {
    const Vec3 x = {positions[3 * i] / factor, positions[3 * i + 1] / factor,
                    positions[3 * i + 2] / factor};
    const Combination terms = reference.at(x);
    filled += !terms.empty();
    for (int c = 0; c <= found.channels(); ++c) {
      const double value = c == 0
                               ? double{found.density[i]}
                               : double{found.features[i * static_cast<size_t>(found.channels()) +
                                                       static_cast<size_t>(c) - 1]};
      ASSERT_NEAR(value, (c == 0 ? density_scale : 1.0) * value_of(before, terms, c), 1e-6)
          << "point " << i << " channel " << c;
    }
  }
  EXPECT_GT(filled, 300);
  EXPECT_LT(filled, static_cast<int>(found.point_count()));  // some lie in the void
}

TEST_P(Regrid, NewSitesHaveTheValueAtTheirPlace) {
  for (const int factor : {1, 2}) {
    SCOPED_TRACE(factor);
    const Field before = random_field(20, 3);
    const Field topology = topology_of(random_field(20 * factor, 4));
    const auto optimizer = optimizer_of(before, *kernels);
    ASSERT_TRUE(optimizer->regrid(topology, 0.7f).ok());
    const Field found = field_of(*optimizer);
    ASSERT_TRUE(validate(found).ok()) << validate(found).message();
    EXPECT_EQ(found.resolution, 20 * factor);
    EXPECT_EQ(found.point_count(), point_count(topology.blocks));
    EXPECT_EQ(found.appearance.weights, before.appearance.weights);
    expect_values_of(before, found, 0.7);
  }
}

TEST_P(Regrid, SamePointsKeepTheirBits) {
  const Field before = random_field(20, 5);
  const auto optimizer = optimizer_of(before, *kernels);
  ASSERT_TRUE(optimizer->regrid(topology_of(before), 1.0f).ok());
  const Field found = field_of(*optimizer);
  EXPECT_EQ(found.density, before.density);
  EXPECT_EQ(found.features, before.features);
}

TEST_P(Regrid, SameBitsAsTheCpu) {
  const Field before = random_field(20, 6);
  const Field topology = topology_of(random_field(40, 7));
  const auto cpu = make_kernels("cpu").take();
  const auto expected = optimizer_of(before, *cpu), found = optimizer_of(before, *kernels);
  ASSERT_TRUE(expected->regrid(topology, 0.7f).ok());
  ASSERT_TRUE(found->regrid(topology, 0.7f).ok());
  EXPECT_EQ(field_of(*found).density, field_of(*expected).density);
  EXPECT_EQ(field_of(*found).features, field_of(*expected).features);
}

// After a regrid the optimiser is as one that starts from that field.
TEST_P(Regrid, GoesOnFromTheNewPoints) {
  RandomFieldOptions options;
  options.resolution = 8;
  options.kind = AppearanceKind::mlp;
  options.keep_block = options.fill = 1;
  options.coarsest = 0;
  options.density_lo = 0.05f;
  options.density_hi = 0.1f;
  options.cube = {{-1, -1, -1}, 2};
  const Field coarse = make_random_field(options, 2);
  options.resolution = 16;
  const Field topology = topology_of(make_random_field(options, 2));
  const auto moved = optimizer_of(coarse, *kernels);
  ASSERT_TRUE(moved->run({}, 30).ok());  // moments that must be forgotten
  ASSERT_TRUE(moved->regrid(topology, 0.7f).ok());
  const Field start = field_of(*moved);
  const auto fresh = optimizer_of(start, *kernels);
  const auto change = [](std::span<const float> a, std::span<const float> b) {
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i)
      largest = std::max(largest, std::fabs(double{a[i]} - b[i]));
    return largest;
  };
  // The first step of Adam has the length of the rate, whatever the gradient.
  OptimizeSettings settings;
  settings.network_decay = 0;
  for (Optimizer* optimizer : {moved.get(), fresh.get()}) {
    ASSERT_TRUE(optimizer->run(settings, 1).ok());
    const Field after = field_of(*optimizer);
    EXPECT_NEAR(change(after.density, start.density), 0.1, 1e-3);
    EXPECT_NEAR(change(after.appearance.weights, start.appearance.weights), 6e-3, 1e-5);
  }
  const auto first = moved->run({}, 5);
  ASSERT_TRUE(moved->run({}, 60).ok());
  const auto last = moved->run({}, 5);
  ASSERT_TRUE(first.ok() && last.ok());
  EXPECT_LT(last.value().mse, first.value().mse / 2);
}

TEST_P(Regrid, EmptyFieldAndEmptyTopology) {
  Field empty;
  empty.cube = {{-1, -1, -1}, 2};
  empty.resolution = 20;
  empty.appearance = random_field(20, 1).appearance;
  const auto from_nothing = optimizer_of(empty, *kernels);
  EXPECT_TRUE(from_nothing->seen_sites(1, 1).value().empty());
  ASSERT_TRUE(from_nothing->regrid(topology_of(random_field(40, 8)), 1.0f).ok());
  for (const float density : field_of(*from_nothing).density) ASSERT_EQ(density, 0.0f);
  const auto to_nothing = optimizer_of(random_field(20, 8), *kernels);
  ASSERT_TRUE(to_nothing->regrid(empty, 1.0f).ok());
  EXPECT_EQ(field_of(*to_nothing).point_count(), 0u);
  EXPECT_TRUE(to_nothing->run({}, 1).ok());
}

TEST_P(Regrid, RefusesPointsThatDoNotFit) {
  const Field before = random_field(20, 9);
  const auto optimizer = optimizer_of(before, *kernels);
  EXPECT_EQ(optimizer->regrid(random_field(60, 1), 1.0f).code(), Errc::usage);
  EXPECT_EQ(optimizer->regrid(random_field(20, 1, 2), 1.0f).code(), Errc::usage);
  Field moved = before;
  moved.cube.edge = 3;
  EXPECT_EQ(optimizer->regrid(moved, 1.0f).code(), Errc::usage);
  EXPECT_EQ(optimizer->seen_sites(0, 1).error().code(), Errc::usage);
  EXPECT_EQ(field_of(*optimizer).density, before.density);
  const auto levels = optimizer_of(random_field(20, 1, 2), *kernels);
  EXPECT_EQ(levels->regrid(before, 1.0f).code(), Errc::usage);
}

// Fog at low x, and just nothing elsewhere: steps on the fog also fill leaves that were empty.
Field fog_at_a_side() {
  RandomFieldOptions options;
  options.resolution = 16;
  options.coarsest = 0;
  options.keep_block = options.fill = 1;
  options.density_lo = options.density_hi = -0.01f;
  options.cube = {{-1, -1, -1}, 2};
  Field field = make_random_field(options, 1);
  for (const Block& block : field.blocks) {
    if (block.x > 0) continue;
    std::fill_n(field.density.edit().begin() + block.first_point, point_count(block), 0.1f);
  }
  return field;
}

// Also with seams between levels, and after steps that have changed which leaves are empty.
TEST_P(Regrid, SeenSitesAreThoseOfVisibility) {
  std::vector<Camera> cameras;
  for (View& view : views) {
    view.camera.lens = LensModel::opencv;
    view.camera.k1 = 0.05;
    cameras.push_back(view.camera);
  }
  for (const Field& start : {random_field(20, 11), random_field(20, 11, 2), fog_at_a_side()}) {
    const auto optimizer = optimizer_of(start, *kernels);
    for (const int iterations : {0, 7}) {
      ASSERT_TRUE(optimizer->run({}, iterations).ok());
      const Field field = field_of(*optimizer);
      for (const uint32_t threshold : {1u, 33u, 3000u}) {
        const auto expected = kernels->visibility(field, cameras, 2);
        const auto masks = optimizer->seen_sites(2, threshold);
        ASSERT_TRUE(expected.ok() && masks.ok());
        ASSERT_EQ(masks.value().size(), field.blocks.size());
        size_t seen = 0;
        for (size_t b = 0; b < field.blocks.size(); ++b) {
          uint64_t wanted = 0;
          uint32_t point = field.blocks[b].first_point;
          for (uint64_t left = field.blocks[b].mask; left != 0; left &= left - 1, ++point) {
            if (expected.value().max[point] >= threshold) wanted |= left & -left;
          }
          ASSERT_EQ(masks.value()[b], wanted) << "block " << b << " threshold " << threshold;
          seen += static_cast<size_t>(std::popcount(wanted));
        }
        if (threshold < 3000) {  // of thin fog, nothing has so large a share
          EXPECT_GT(seen, 10u);
        }
        EXPECT_LT(seen, field.point_count());
      }
    }
  }
}

}  // namespace
}  // namespace voxpack
