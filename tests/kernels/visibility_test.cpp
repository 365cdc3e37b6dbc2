// Kernels::visibility against the plain reference: shares of points in pixels, in units of 2^-16.
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <csignal>

#include "core/interrupt.h"
#include "kernels/kernels.h"
#include "kernels/random_field.h"
#include "kernels/reference_march.h"
#include "kernels/test_cameras.h"

namespace voxpack {
namespace {

constexpr double kUnit = 65536;

std::vector<Camera> cameras_around(const Field& field, int count, int size) {
  std::vector<Camera> cameras;
  Vec3 middle;
  for (size_t a = 0; a < 3; ++a) middle[a] = field.cube.origin[a] + field.cube.edge / 2;
  for (int i = 0; i < count; ++i) {
    Vec3 from = spiral_direction(i, count);
    for (size_t a = 0; a < 3; ++a) from[a] = middle[a] + 2 * field.cube.edge * from[a];
    cameras.push_back(look_at(from, middle, size, size - 2, 1.3 * size));
  }
  return cameras;
}

Visibility visibility_of(const Field& field, std::span<const Camera> cameras, int stride) {
  auto found = make_kernels("cpu").value()->visibility(field, cameras, stride);
  EXPECT_TRUE(found.ok());
  return std::move(found).take();
}

struct ReferenceVisibility {
  std::vector<double> sum, max;  // in units
  std::vector<double> sum_tolerance;
  std::vector<double> max_tolerance;
  double alpha = 0;
  size_t rays = 0;
};

// A share is rounded at a corner, which hangs or not, so a point's sum is off by up to a unit per
// sample; at seams, where rounding decides on which side a sample lies, by all that the ray gives.
ReferenceVisibility visibility_reference(const Field& field, std::span<const Camera> cameras,
                                         int stride) {
  const ReferenceField reference(field);
  const double rounding =
      reference.leaves().front().level == reference.leaves().back().level ? 0.15 : 1;
  ReferenceVisibility out;
  for (auto* v : {&out.sum, &out.max}) v->assign(field.point_count(), 0);
  out.sum_tolerance.assign(field.point_count(), 4);
  out.max_tolerance.assign(field.point_count(), 2);
  for (const Camera& camera : cameras) {
    for (int y = 0; y < camera.height; y += stride) {
      for (int x = 0; x < camera.width; x += stride) {
        ++out.rays;
        const Ray ray = camera_ray(camera, x + 0.5, y + 0.5);
        const ReferenceRay sampled = sample_ray(field, reference, ray, 0.5);
        double remaining = 1;
        for (const ReferenceSample& sample : sampled.samples) {
          const double density = value_of(field, sample.terms, 0);
          if (density <= 0 || remaining < 1e-3) continue;
          const double weight = remaining * (1 - std::exp(-density * sample.step));
          remaining -= weight;
          for (const Term& term : sample.terms) {
            const double units = kUnit * weight * term.weight;
            out.sum[term.point] += std::round(units);
            out.max[term.point] = std::max(out.max[term.point], std::round(units));
            out.sum_tolerance[term.point] +=
                rounding + 1e-4 * units + (sampled.is_ambiguous ? kUnit * weight : 0);
            if (sampled.is_ambiguous) out.max_tolerance[term.point] += kUnit * weight;
          }
        }
        out.alpha += 1 - remaining;
      }
    }
  }
  return out;
}

TEST(Visibility, MatchesReference) {
  struct LevelCase {
    int coarsest, finest, stride;
  };
  for (const LevelCase& c : {LevelCase{0, 0, 1}, {2, 0, 1}, {1, -1, 2}, {3, 1, 3}}) {
    SCOPED_TRACE(testing::Message() << "levels " << c.coarsest << ".." << c.finest);
    RandomFieldOptions options;
    options.coarsest = c.coarsest;
    options.finest = c.finest;
    options.resolution = 22;
    const Field field = make_random_field(options, 40 + static_cast<uint32_t>(c.coarsest));
    const std::vector<Camera> cameras = cameras_around(field, 3, 15);
    const ReferenceVisibility expected = visibility_reference(field, cameras, c.stride);
    const Visibility found = visibility_of(field, cameras, c.stride);
    ASSERT_EQ(found.sum.size(), field.point_count());
    ASSERT_EQ(found.max.size(), field.point_count());
    double total = 0, tight = 0, seen = 0;
    for (size_t i = 0; i < field.point_count(); ++i) {
      ASSERT_NEAR(static_cast<double>(found.sum[i]), expected.sum[i], expected.sum_tolerance[i])
          << "point " << i;
      // At seams a sample reaches a point on several ways, of which the kernel counts the largest.
      const double max_tolerance = expected.max_tolerance[i] + 1e-4 * expected.max[i];
      ASSERT_LE(found.max[i], expected.max[i] + max_tolerance) << "point " << i;
      ASSERT_GE(found.max[i], expected.max[i] / (c.coarsest == c.finest ? 1 : 4) - max_tolerance)
          << "point " << i;
      total += static_cast<double>(found.sum[i]);
      seen += expected.sum[i] > 100;
      tight += expected.sum[i] > 100 && expected.sum_tolerance[i] < 0.2 * expected.sum[i];
    }
    EXPECT_GT(seen, 50);
    EXPECT_GT(tight, 0.5 * seen);  // the comparison says something
    // What reaches empty sites is lost, the more the sparser the field.
    EXPECT_LT(total, kUnit * expected.alpha * 1.001);
    EXPECT_GT(total, kUnit * expected.alpha * 0.5);
  }
}

// All sites around those with density are there, so the shares of a ray add up to its alpha.
TEST(Visibility, SumsToTheAlphaOfTheRays) {
  RandomFieldOptions options;
  options.coarsest = 1;
  options.keep_block = options.fill = 1;
  options.resolution = 24;
  options.density_lo = -0.3f;
  options.density_hi = 0.6f;
  Field field = make_random_field(options, 70);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  for (size_t i = 0; i < field.point_count(); ++i) {
    for (size_t a = 0; a < 3; ++a) {
      const double place = positions[3 * i + a] * std::exp2(levels[i]);
      if (place < 3 || place > 21) field.density.edit()[i] = -1;
    }
  }
  const std::vector<Camera> cameras = cameras_around(field, 4, 16);
  const auto kernels = make_kernels("cpu");
  const auto renderer = kernels.value()->make_renderer(field);
  ASSERT_TRUE(renderer.ok());
  double alpha = 0;
  for (const Camera& camera : cameras) {
    PictureF picture;
    ASSERT_TRUE(renderer.value()->render(camera, picture).ok());
    for (size_t i = 3; i < picture.pixels.size(); i += 4) alpha += double{picture.pixels[i]};
  }
  double total = 0;
  for (const uint64_t sum : visibility_of(field, cameras, 1).sum) total += static_cast<double>(sum);
  EXPECT_GT(alpha, 100);
  EXPECT_NEAR(total / kUnit / alpha, 1.0, 4e-3);  // a ray ends where less than 1e-3 gets through
}

TEST(Visibility, SameIntegersForAnyThreads) {
  RandomFieldOptions options;
  options.coarsest = 2;
  options.resolution = 30;
  const Field field = make_random_field(options, 77);
  const std::vector<Camera> cameras = cameras_around(field, 5, 33);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Visibility one = visibility_of(field, cameras, 2);
  for (const int threads : {2, 7}) {
    omp_set_num_threads(threads);
    const Visibility more = visibility_of(field, cameras, 2);
    EXPECT_EQ(one.sum, more.sum);
    EXPECT_EQ(one.max, more.max);
  }
  omp_set_num_threads(before);
  std::vector<Camera> reversed(cameras.rbegin(), cameras.rend());
  EXPECT_EQ(one.sum, visibility_of(field, reversed, 2).sum);
}

TEST(Visibility, OddRequests) {
  const Field field = make_random_field({}, 3);
  const std::vector<Camera> cameras = cameras_around(field, 1, 9);
  for (const int stride : {0, -1}) {
    const auto refused = make_kernels("cpu").value()->visibility(field, cameras, stride);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Errc::usage);
  }
  for (const uint64_t sum : visibility_of(field, {}, 1).sum) ASSERT_EQ(sum, 0u);
  Field nothing;
  nothing.resolution = 16;
  EXPECT_TRUE(visibility_of(nothing, cameras, 1).sum.empty());
  // A stride beyond the picture leaves its first pixel.
  EXPECT_EQ(visibility_of(field, cameras, 1000).sum.size(), field.point_count());
  interrupt_signal = SIGTERM;
  const auto stopped = make_kernels("cpu").value()->visibility(field, cameras, 1);
  interrupt_signal = 0;
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), Errc::interrupted);
}

TEST(MakeKernels, RefusesUnknownDevices) {
  EXPECT_EQ(make_kernels("cpu").value()->name(), "cpu");
  for (const char* device : {"", "auto", "CPU", "gpu"}) {
    const auto refused = make_kernels(device);
    ASSERT_FALSE(refused.ok()) << device;
    EXPECT_EQ(refused.error().code(), Errc::usage);
  }
}

}  // namespace
}  // namespace voxpack
