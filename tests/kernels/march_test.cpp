// The renderer and every build of the march code against the plain reference of
// docs/field-format.md section 4.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/aligned.h"
#include "kernels/kernels.h"
#include "kernels/lattice.h"
#include "kernels/network.h"
#include "kernels/random_field.h"
#include "kernels/reference_march.h"
#include "kernels/test_cameras.h"
#include "kernels/traverse.h"

namespace voxpack {
namespace {

// The march stops where less than 1e-4 gets through; the rest is float rounding. Features are
// within +-1 and the networks of the tests amplify less than threefold.
constexpr double kAlphaTolerance = 1.2e-4;
constexpr double kColourTolerance = 4e-4;

constexpr AppearanceKind kKinds[] = {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2,
                                     AppearanceKind::mlp};

std::vector<const MarchTable*> tables() {
  std::vector<const MarchTable*> all = {&march_table_baseline()};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    all.push_back(&march_table_avx2());
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    all.push_back(&march_table_avx512());
  }
  return all;
}

Vec3 middle_of(const Cube& cube) {
  return {cube.origin[0] + cube.edge / 2, cube.origin[1] + cube.edge / 2,
          cube.origin[2] + cube.edge / 2};
}

Vec3 moved(const Vec3& from, const Vec3& direction, double by) {
  return {from[0] + by * direction[0], from[1] + by * direction[1], from[2] + by * direction[2]};
}

std::unique_ptr<Renderer> renderer_of(const Field& field) {
  auto kernels = make_kernels("cpu");
  EXPECT_TRUE(kernels.ok());
  auto made = kernels.value()->make_renderer(field);
  EXPECT_TRUE(made.ok());
  return std::move(made).take();
}

PictureF picture_of(const Field& field, const Camera& camera) {
  PictureF picture;
  EXPECT_TRUE(renderer_of(field)->render(camera, picture).ok());
  EXPECT_EQ(picture.width, camera.width);
  EXPECT_EQ(picture.height, camera.height);
  EXPECT_EQ(picture.pixels.size(), size_t(camera.width) * size_t(camera.height) * 4);
  return picture;
}

struct Agreement {
  int compared = 0, skipped = 0, visible = 0;
};

void compare_picture(const Field& field, const ReferenceField& reference, const Camera& camera,
                     Agreement& agreement) {
  const PictureF picture = picture_of(field, camera);
  for (int y = 0; y < camera.height; ++y) {
    for (int x = 0; x < camera.width; ++x) {
      const Ray ray = camera_ray(camera, x + 0.5, y + 0.5);
      const ReferenceRay sampled = sample_ray(field, reference, ray, 0.5);
      if (sampled.is_ambiguous) {
        ++agreement.skipped;
        continue;
      }
      const ReferencePixel expected =
          march_reference(field.appearance, field.density, field.features, sampled, ray.direction);
      const float* pixel = &picture.pixels[(size_t(y) * size_t(camera.width) + size_t(x)) * 4];
      ++agreement.compared;
      agreement.visible += expected.alpha > 0.05;
      ASSERT_NEAR(pixel[3], expected.alpha, kAlphaTolerance) << "pixel " << x << ", " << y;
      for (int c = 0; c < 3; ++c) {
        ASSERT_NEAR(pixel[c], expected.rgb[size_t(c)], kColourTolerance)
            << "pixel " << x << ", " << y;
      }
    }
  }
}

struct LevelCase {
  int resolution, coarsest, finest;
};

TEST(March, PicturesMatchReference) {
  Agreement agreement;
  uint32_t seed = 20;
  for (const LevelCase& levels : {LevelCase{24, 0, 0}, {26, 1, 0}, {30, 2, -1}, {40, 3, 1}}) {
    for (const AppearanceKind kind : kKinds) {
      SCOPED_TRACE(testing::Message()
                   << to_string(kind) << ", levels " << levels.coarsest << ".." << levels.finest);
      RandomFieldOptions options;
      options.resolution = levels.resolution;
      options.coarsest = levels.coarsest;
      options.finest = levels.finest;
      options.kind = kind;
      options.density_hi = seed % 2 ? 3.0f : 1.0f;
      const Field field = make_random_field(options, ++seed);
      ASSERT_GT(field.point_count(), 0u);
      const ReferenceField reference(field);
      const Vec3 middle = middle_of(field.cube);
      const Vec3 from =
          moved(middle, spiral_direction(static_cast<int>(seed % 17), 17), 2.2 * field.cube.edge);
      compare_picture(field, reference, look_at(from, middle, 13, 11, 15), agreement);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(agreement.visible, agreement.compared / 3);
  EXPECT_GT(agreement.compared, 4 * agreement.skipped);
}

TEST(March, CameraInsideTheCube) {
  RandomFieldOptions options;
  options.coarsest = 1;
  options.kind = AppearanceKind::sh1;
  const Field field = make_random_field(options, 8);
  const ReferenceField reference(field);
  Agreement agreement;
  const Vec3 inside = moved(middle_of(field.cube), {0.31, -0.2, 0.13}, field.cube.edge / 2);
  for (const Vec3& target : {Vec3{100, 3, 5}, {-40, -90, 11}, {1, 2, -300}}) {
    compare_picture(field, reference, look_at(inside, target, 9, 9, 6), agreement);
  }
  EXPECT_GT(agreement.visible, 100);
}

// The odd middle pixel looks exactly along an axis; the lattice planes are hit face on.
TEST(March, RaysAlongAxes) {
  RandomFieldOptions options;
  options.coarsest = 1;
  options.cube = {{-1, -1, -1}, 2};
  options.resolution = 32;
  const Field field = make_random_field(options, 9);
  const ReferenceField reference(field);
  Agreement agreement;
  for (int axis = 0; axis < 3; ++axis) {
    for (const double side : {-4.03, 4.03}) {
      Vec3 from = {0.013, -0.017, 0.019};
      Vec3 target = from;
      from[size_t(axis)] = side;
      target[size_t(axis)] = 0;
      compare_picture(field, reference, look_at(from, target, 3, 3, 20), agreement);
    }
  }
  EXPECT_GT(agreement.compared, 20);
  EXPECT_GT(agreement.visible, 10);
}

// Every fourth sample of the middle ray lies exactly on a face between blocks: it counts once.
TEST(March, SamplesOnFaces) {
  RandomFieldOptions options;
  options.coarsest = options.finest = 0;
  options.cube = {{-1, -1, -1}, 2};
  options.resolution = 32;
  options.keep_block = options.fill = 1;
  options.density_lo = 0.01f;
  options.density_hi = 0.05f;
  const Field field = make_random_field(options, 15);
  const ReferenceField reference(field);
  for (size_t axis = 0; axis < 3; ++axis) {
    for (const double side : {-4.0 - 1.0 / 64, 4.0 + 1.0 / 64}) {  // a quarter of a cell further
      Vec3 from = {0, 0, 0}, target = {0, 0, 0};
      from[axis] = side;
      const Camera camera = look_at(from, target, 1, 1, 1);
      const Ray ray = camera_ray(camera, 0.5, 0.5);
      const ReferencePixel expected =
          march_reference(field.appearance, field.density, field.features,
                          sample_ray(field, reference, ray, 0.5), ray.direction);
      const PictureF picture = picture_of(field, camera);
      EXPECT_NEAR(picture.pixels[3], expected.alpha, 2e-5);
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(picture.pixels[c], expected.rgb[c], 2e-5);
    }
  }
}

TEST(March, RaysThatMissAreTransparent) {
  RandomFieldOptions options;
  const Field field = make_random_field(options, 10);
  const Vec3 middle = middle_of(field.cube);
  const Vec3 from = moved(middle, {1, 0, 0}, 3 * field.cube.edge);
  for (const Vec3& target :
       {moved(from, {1, 0, 0}, 1), moved(middle, {0, 1, 0}, 3 * field.cube.edge),
        moved(middle, {0, 0, -1}, 5 * field.cube.edge)}) {
    for (const float value : picture_of(field, look_at(from, target, 4, 4, 30)).pixels)
      ASSERT_EQ(value, 0.0f);
  }
  Field nothing;
  nothing.resolution = 16;
  for (const float value : picture_of(nothing, look_at({2, 2, 2}, {0, 0, 0}, 4, 4, 5)).pixels)
    ASSERT_EQ(value, 0.0f);
}

TEST(March, OddRequests) {
  RandomFieldOptions options;
  const Field field = make_random_field(options, 10);
  Camera camera = look_at({9, 9, 9}, {0, 0, 0}, 0, 0, 5);
  EXPECT_TRUE(picture_of(field, camera).pixels.empty());
  // A camera without a pose looks nowhere: no ray has a direction, nothing may hang or be seen.
  camera = Camera{};
  camera.width = camera.height = 3;
  camera.fx = camera.fy = 3;
  for (const float value : picture_of(field, camera).pixels) EXPECT_EQ(value, 0.0f);
}

// Far cameras with long lenses: float steps along the ray are then larger than the object's cells.
TEST(March, FarCameras) {
  RandomFieldOptions options;
  options.coarsest = 2;
  options.finest = -1;
  options.fill = 1;
  options.density_lo = 0.05f;
  options.density_hi = 0.3f;
  const Field field = make_random_field(options, 12);
  const ReferenceField reference(field);
  const Vec3 middle = middle_of(field.cube);
  Agreement agreement;
  for (const double distance : {30.0, 1e3, 3e4, 1e6}) {
    SCOPED_TRACE(distance);
    const Vec3 from = moved(middle, {0.6, 0.64, -0.48}, distance * field.cube.edge);
    const Camera camera = look_at(from, middle, 5, 5, 4 * distance);
    compare_picture(field, reference, camera, agreement);
  }
  EXPECT_GT(agreement.visible, 30);
  for (const double distance : {1e9, 1e15, 1e30, 1e300}) {  // any picture will do
    picture_of(field, look_at(moved(middle, {0.6, 0.64, -0.48}, distance), middle, 3, 3, 100));
  }
}

// A ray along an axis visits each leaf on its way once: no creeping in tiny steps.
TEST(Traverse, VisitsEachLeafOnce) {
  RandomFieldOptions options;
  options.resolution = 64;
  options.coarsest = options.finest = 0;
  options.keep_block = options.fill = 1;
  const Field field = make_random_field(options, 1);
  const auto lattice = make_lattice(field);
  ASSERT_TRUE(lattice.ok());
  const LatticeView view = lattice.value().view();
  for (const float zero : {0.0f, -0.0f, 1e-20f, -1e-20f}) {
    for (int axis = 0; axis < 3; ++axis) {
      for (const float sign : {-1.0f, 1.0f}) {
        MarchRay ray{{30.3f, 30.3f, 30.3f}, {zero, zero, zero}, {zero, zero, zero}, 0.5f};
        ray.origin[axis] = sign > 0 ? -20.0f : 100.0f;
        ray.step_direction[axis] = ray.direction[axis] = sign;
        int visits = 0;
        float end = 0;
        traverse(view, ray, [&](int, float t_in, float t_out) {
          EXPECT_GE(t_in, end);
          end = t_out;
          return ++visits < 1000;
        });
        EXPECT_GE(visits, 16);
        EXPECT_LE(visits, 18) << "axis " << axis << " sign " << sign << " zero " << zero;
      }
    }
  }
}

// Random rays, their reference and everything the march tables need.
struct Bench {
  Bench(AppearanceKind kind, const LevelCase& levels, uint32_t seed) {
    RandomFieldOptions options;
    options.resolution = levels.resolution;
    options.coarsest = levels.coarsest;
    options.finest = levels.finest;
    options.kind = kind;
    options.density_hi = 0.8f;
    field = make_random_field(options, seed);
    stride = row_stride(field.channels());
    lattice = std::move(make_lattice(field)).take();
    const std::vector<float> start = make_rows(field, lattice, stride);
    rows = AlignedFloats(start.size());
    std::copy(start.begin(), start.end(), rows.data());
    update_empty_leaves(lattice, stride, rows.data());
    const ReferenceField reference(field);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> any(-1, 1);
    const Vec3 middle = middle_of(field.cube);
    while (rays.size() < 101) {
      Ray ray;
      double length = 0;
      for (size_t a = 0; a < 3; ++a) {
        ray.direction[a] = any(random);
        length += ray.direction[a] * ray.direction[a];
      }
      for (double& v : ray.direction) v /= std::sqrt(length);
      ray.origin = moved(middle, ray.direction, -1.5 * field.cube.edge);
      for (double& v : ray.origin) v += 0.4 * field.cube.edge * any(random);
      const float offset = static_cast<float>((any(random) + 1) / 2);
      const ReferenceRay samples = sample_ray(field, reference, ray, static_cast<double>(offset));
      if (samples.is_ambiguous) continue;
      rays.push_back(to_march_ray(lattice, ray, offset));
      expected.push_back(
          march_reference(field.appearance, field.density, field.features, samples, ray.direction));
      directions.push_back(ray.direction);
    }
  }

  AlignedFloats accumulate(const MarchTable& table) const {
    AlignedFloats sums(rays.size() * size_t(stride));
    table.accumulate(lattice.view(), rows.data(), stride, rays.data(),
                     static_cast<int>(rays.size()), sums.data());
    return sums;
  }

  Field field;
  int stride = 0;
  Lattice lattice;
  AlignedFloats rows;
  std::vector<MarchRay> rays;
  std::vector<ReferencePixel> expected;
  std::vector<Vec3> directions;
};

TEST(MarchTables, AccumulateMatchesReferenceAndTheOthers) {
  uint32_t seed = 60;
  for (const AppearanceKind kind : kKinds) {
    const Bench bench(kind, {26, 2, -1}, ++seed);
    const AlignedFloats first = bench.accumulate(*tables()[0]);
    for (const MarchTable* table : tables()) {
      SCOPED_TRACE(table->name);
      const AlignedFloats sums = bench.accumulate(*table);
      for (size_t i = 0; i < sums.size(); ++i) {
        ASSERT_NEAR(sums.data()[i], first.data()[i], 1.2e-4);  // one may stop a sample earlier
      }
      for (size_t r = 0; r < bench.rays.size(); ++r) {
        const float* sum = sums.data() + r * size_t(bench.stride);
        ASSERT_NEAR(sum[0], bench.expected[r].alpha, kAlphaTolerance);
        float rgb[3] = {};
        decode_appearance(bench.field.appearance, sum + 1, sum[0], bench.rays[r].direction, rgb);
        for (size_t c = 0; c < 3; ++c)
          ASSERT_NEAR(rgb[c], bench.expected[r].rgb[c], kColourTolerance);
      }
    }
  }
}

// train() decodes on its own: with the reference as the target there is no error left.
TEST(MarchTables, TrainDecodesAsTheAppearance) {
  uint32_t seed = 80;
  for (const AppearanceKind kind : kKinds) {
    const Bench bench(kind, {24, 1, 0}, ++seed);
    const Network network(bench.field.appearance);
    for (const MarchTable* table : tables()) {
      SCOPED_TRACE(testing::Message() << table->name << " " << to_string(kind));
      for (size_t r = 0; r < bench.rays.size(); ++r) {
        const ReferencePixel& expected = bench.expected[r];
        TrainRay ray{bench.rays[r], {}, {0.2f, 0.5f, 0.9f}};
        for (size_t c = 0; c < 3; ++c) {
          ray.target[c] = static_cast<float>(expected.rgb[c] +
                                             (1 - expected.alpha) * double{ray.background[c]});
        }
        AlignedFloats gradients(bench.rows.size()), network_gradients(8192),
            samples(kMaxSamples * kSampleBytes / 4);
        std::vector<uint8_t> touched(bench.lattice.row_count() / kRowsPerPage + 1);
        TrainLane lane{gradients.data(),
                       touched.data(),
                       network_gradients.data(),
                       network_gradients.data() + 4096,
                       samples.data(),
                       nullptr,
                       0,
                       0};
        table->train(bench.lattice.view(), bench.rows.data(), bench.stride, network.view(), &ray, 1,
                     {1, 0, 0}, lane);
        // Training stops where less than 1e-3 gets through.
        ASSERT_LT(lane.squared_error, 3 * std::pow(expected.alpha > 0.998 ? 5e-3 : 4e-5, 2))
            << "ray " << r;
      }
    }
  }
}

TEST(MarchTables, TheBestOneIsAmongThem) {
  bool is_known = false;
  for (const MarchTable* table : tables()) is_known |= table == &best_march_table();
  EXPECT_TRUE(is_known);
}

}  // namespace
}  // namespace voxpack
