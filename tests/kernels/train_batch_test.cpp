// MarchTable::train decodes rays in batches: what it adds up must not depend on how they fall into
// them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "kernels/aligned.h"
#include "kernels/lattice.h"
#include "kernels/network.h"

namespace voxpack {
namespace {

constexpr int kRayCount = 41;  // two batches and a part

std::vector<const MarchTable*> tables() {
  std::vector<const MarchTable*> all = {&march_table_baseline()};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    all.push_back(&march_table_avx2());
  if (&best_march_table() == &march_table_avx512()) all.push_back(&march_table_avx512());
  return all;
}

// A beam of 256 x 8 x 8 thin cells along x: 500 samples on a ray.
Field beam(AppearanceKind kind, int feature_count, int hidden_width) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> any(-1, 1);
  Field field;
  field.cube = {{0, 0, 0}, 1};
  field.resolution = 256;
  field.appearance = {kind, feature_count, hidden_width, {}};
  field.appearance.weights.resize(field.appearance.weight_count());
  for (float& weight : field.appearance.weights) weight = 0.3f * any(random);
  for (uint16_t i = 0; i < 256; ++i) {
    field.blocks.push_back({0, static_cast<uint16_t>(i / 4), static_cast<uint16_t>(i % 2),
                            static_cast<uint16_t>(i / 2 % 2), 0, ~uint64_t{0}});
  }
  std::sort(field.blocks.begin(), field.blocks.end(), block_before);
  uint32_t points = 0;
  for (Block& block : field.blocks) {
    block.first_point = points;
    points += 64;
  }
  field.density.edit().resize(points, 0.0f);
  for (float& density : field.density.edit()) density = 0.004f + 0.002f * any(random);
  field.features.edit().resize(size_t{points} * static_cast<size_t>(field.channels()), 0.0f);
  for (float& feature : field.features.edit()) feature = any(random);
  return field;
}

// Rays along the beam; every fifth passes by.
std::vector<TrainRay> rays_along(const Lattice& lattice) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> any(-1, 1);
  std::vector<TrainRay> rays;
  for (int i = 0; i < kRayCount; ++i) {
    Ray ray;
    const double across = i % 5 == 2 ? 0.5 : 4.0 / 256;
    ray.origin = {-0.5, across + 0.008 * any(random), across + 0.008 * any(random)};
    ray.direction = {1, 0, 0};
    TrainRay train{to_march_ray(lattice, ray, 0.5f), {}, {}};
    for (int c = 0; c < 3; ++c) {
      train.background[c] = static_cast<float>(any(random));
      train.target[c] = static_cast<float>(any(random));
    }
    rays.push_back(train);
  }
  return rays;
}

// What train() adds up for the rays, `at_once` in each call.
struct Sums {
  Sums(const Field& field, const MarchTable& table, int at_once)
      : lattice(make_lattice(field).take()), network(field.appearance) {
    const int stride = row_stride(field.channels());
    const std::vector<float> rows = make_rows(field, lattice, stride);
    AlignedFloats values(rows.size());
    std::copy(rows.begin(), rows.end(), values.data());
    gradients = AlignedFloats(rows.size());
    network_gradients = AlignedFloats(network.weights_in_count() + network.weights_out_count());
    constexpr size_t kSpace = size_t{kSampleSpace} * kSampleBytes / sizeof(float);
    AlignedFloats samples(8 * kSpace);
    std::vector<uint8_t> touched(lattice.row_count() / kRowsPerPage + 1);
    lane.row_gradients = gradients.data();
    lane.touched_pages = touched.data();
    lane.gradients_in = network_gradients.data();
    lane.gradients_out = lane.gradients_in + network.weights_in_count();
    lane.samples = samples.data();
    const std::vector<TrainRay> rays = rays_along(lattice);
    const TrainSettings settings{0.5f, 0.2f, 0.1f};
    for (int first = 0; first < kRayCount; first += at_once) {
      table.train(lattice.view(), values.data(), stride, network.view(), rays.data() + first,
                  std::min(at_once, kRayCount - first), settings, lane);
    }
    EXPECT_TRUE(std::all_of(samples.data() + kSpace, samples.data() + samples.size(),
                            [](float f) { return f == 0; }));
  }

  Lattice lattice;
  Network network;
  AlignedFloats gradients, network_gradients;
  TrainLane lane{};
};

void expect_near(const AlignedFloats& found, const AlignedFloats& expected) {
  float largest = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    largest = std::max(largest, std::fabs(expected.data()[i]));
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(found.data()[i], expected.data()[i], 1e-5f * largest) << i;
}

TEST(TrainBatch, IsTheSumOfItsRays) {
  for (const auto& [kind, features, hidden] :
       {std::tuple{AppearanceKind::rgb, 0, 0}, std::tuple{AppearanceKind::sh2, 0, 0},
        std::tuple{AppearanceKind::mlp, 3, 4}, std::tuple{AppearanceKind::mlp, 8, 36},
        std::tuple{AppearanceKind::mlp, 28, 64}}) {
    const Field field = beam(kind, features, hidden);
    for (const MarchTable* table : tables()) {
      SCOPED_TRACE(testing::Message() << to_string(kind) << ' ' << features << ' ' << table->name);
      const Sums one(field, *table, 1), all(field, *table, kRayCount);
      ASSERT_GT(one.lane.sample_count, uint64_t{3 * kSampleSpace});  // space runs out in a batch
      EXPECT_EQ(all.lane.sample_count, one.lane.sample_count);
      EXPECT_NEAR(all.lane.squared_error, one.lane.squared_error, 1e-5 * one.lane.squared_error);
      expect_near(all.gradients, one.gradients);
      expect_near(all.network_gradients, one.network_gradients);
    }
  }
}

}  // namespace
}  // namespace voxpack
