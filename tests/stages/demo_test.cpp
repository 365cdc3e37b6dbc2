#include "stages/demo.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "core/interrupt.h"
#include "core/morton.h"
#include "field/camera.h"
#include "stages/demo_label.h"
#include "stages/demo_photo.h"
#include "stages/demo_shape.h"
#include "stages/demo_weave.h"

namespace voxpack {
namespace {

Log quiet;

DataSet small_set(int views, int size, uint64_t seed = 1) {
  auto made = make_demo_dataset(
      {.train_views = views, .test_views = 2, .size = size, .seed = seed, .samples = 2}, quiet);
  EXPECT_TRUE(made.ok());
  return std::move(made).take();
}

// Image position of a point, from the definition of the pose: world to camera, then the pinhole.
std::array<double, 3> project(const Camera& camera, Vec3f p) {
  const auto& m = camera.camera_to_world;
  const double to[3] = {p.x - m[3], p.y - m[7], p.z - m[11]};
  double local[3] = {};
  for (int axis = 0; axis < 3; ++axis) {
    for (int row = 0; row < 3; ++row) local[axis] += m[row * 4 + axis] * to[row];
  }
  return {camera.cx - camera.fx * local[0] / local[2], camera.cy + camera.fy * local[1] / local[2],
          -local[2]};
}

const uint8_t* pixel(const Image& image, double x, double y) {
  return &image.pixels[(static_cast<size_t>(y) * image.width + static_cast<size_t>(x)) * 4];
}

// A camera in front of the label, on its height.
Camera front_camera(int size, double zoom) {
  Camera camera;
  camera.width = camera.height = size;
  camera.fx = camera.fy = zoom * 0.5 * size / std::tan(0.345);
  camera.cx = camera.cy = 0.5 * size;
  camera.camera_to_world = {1, 0, 0, 0, 0, 0, -1, -4, 0, 1, 0, kLabelMiddle};
  return camera;
}

TEST(DemoPhotos, AreTheSameForAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const DataSet one = small_set(3, 65);
  omp_set_num_threads(2);
  const DataSet two = small_set(3, 65);
  omp_set_num_threads(threads);
  for (size_t i = 0; i < one.train.size(); ++i) {
    EXPECT_EQ(one.train[i].name, "r_" + std::to_string(i));
    EXPECT_EQ(one.train[i].image.pixels, two.train[i].image.pixels);
    EXPECT_EQ(one.train[i].camera.camera_to_world, two.train[i].camera.camera_to_world);
  }
}

TEST(DemoPhotos, SeedMovesTheCameras) {
  EXPECT_NE(small_set(1, 16, 1).train[0].camera.camera_to_world,
            small_set(1, 16, 2).train[0].camera.camera_to_world);
}

TEST(DemoPhotos, AlphaIsEmptyFullAndSoftAtTheEdge) {
  const DataSet data = small_set(4, 97);
  for (const View& view : data.train) {
    std::set<int> alphas;
    size_t full = 0;
    for (size_t i = 3; i < view.image.pixels.size(); i += 4) {
      alphas.insert(view.image.pixels[i]);
      full += view.image.pixels[i] == 255;
    }
    EXPECT_TRUE(alphas.contains(0) && alphas.contains(255)) << view.name;
    EXPECT_GT(alphas.size(), 3u) << view.name;
    EXPECT_GT(full, view.image.pixels.size() / 4 / 8) << view.name;
    // The object stays inside of the picture.
    for (int i = 0; i < 97; ++i) {
      EXPECT_EQ(pixel(view.image, i, 0)[3], 0);
      EXPECT_EQ(pixel(view.image, i, 96)[3], 0);
      EXPECT_EQ(pixel(view.image, 0, i)[3], 0);
      EXPECT_EQ(pixel(view.image, 96, i)[3], 0);
    }
  }
}

TEST(DemoPhotos, TheRedKnobIsWhereTheCameraSaysAndRaysMeetIt) {
  const DataSet data = small_set(12, 200);
  int seen = 0;
  for (const View& view : data.train) {
    const Vec3 eye = camera_position(view.camera);
    if (eye[2] < 1.0) continue;  // the lid may hide it
    // The side of the knob that looks at the camera.
    const Vec3f to_eye = normalize(
        Vec3f{static_cast<float>(eye[0]), static_cast<float>(eye[1]), static_cast<float>(eye[2])} -
        kDemoKnobCentre);
    const Vec3f mark = kDemoKnobCentre + to_eye * kDemoKnobRadius;
    const auto at = project(view.camera, mark);
    const Ray ray = camera_ray(view.camera, at[0], at[1]);
    for (int axis = 0; axis < 3; ++axis) {
      const float expected = axis == 0 ? mark.x : axis == 1 ? mark.y : mark.z;
      const double distance =
          std::sqrt(std::pow(mark.x - eye[0], 2) + std::pow(mark.y - eye[1], 2) +
                    std::pow(mark.z - eye[2], 2));
      EXPECT_NEAR(ray.origin[axis] + ray.direction[axis] * distance, expected, 1e-4);
    }
    // Highlights and the handle may cover a part of it, never most of it.
    int red = 0, count = 0;
    for (int dy = -3; dy <= 3; ++dy) {
      for (int dx = -3; dx <= 3; ++dx, ++count) {
        const uint8_t* rgba = pixel(view.image, at[0] + dx, at[1] + dy);
        red += rgba[3] == 255 && rgba[0] > rgba[1] + 60 && rgba[0] > rgba[2] + 60;
      }
    }
    EXPECT_GT(red, count / 2) << view.name;
    ++seen;
  }
  EXPECT_GE(seen, 4);
}

TEST(DemoPhotos, TheLabelReadsFromLeftToRight) {
  // Rendered large; the label's columns must follow the print, not its mirror image.
  const Camera camera = front_camera(400, 2);
  const Image image = render_demo_photo(camera, 2);
  const Print& print = front_label();
  double same = 0, mirrored = 0;
  for (int row = 0; row < 40; ++row) {
    for (int column = 0; column < 120; ++column) {
      const float x = (column - 59.5f) / 120 * 0.9f;  // along the print from its middle
      const float y = (row + 0.5f) / 40 * kLabelHeight;
      const float angle = x / kDemoBodyRadius;
      const Vec3f p{kDemoBodyRadius * std::sin(angle), -kDemoBodyRadius * std::cos(angle),
                    kLabelMiddle + kLabelHeight / 2 - y};
      const auto at = project(camera, p);
      const double green = pixel(image, at[0], at[1])[1] / 255.0 - 0.5;
      same += green * (std::sqrt(print.at(x + kFrontLabelWidth / 2, y).color.y) - 0.5);
      mirrored += green * (std::sqrt(print.at(kFrontLabelWidth / 2 - x, y).color.y) - 0.5);
    }
  }
  EXPECT_GT(same, 1.3 * mirrored);
}

TEST(DemoPhotos, TheLabelHasContrastAndTheGlazeHighlights) {
  const Image image = render_demo_photo(front_camera(400, 1), 3);
  int dark = 0, light = 0, bright = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 4) {
    if (image.pixels[i + 3] < 255) continue;
    const int green = image.pixels[i + 1];
    dark += green < 70;
    light += green > 200;
    bright += green > 248;
  }
  EXPECT_GT(dark, 1500);
  EXPECT_GT(light, 8000);
  EXPECT_GT(bright, 30);
}

TEST(DemoPhotos, RefusesNonsense) {
  for (const DemoPhotoOptions& options :
       {DemoPhotoOptions{.train_views = 0}, DemoPhotoOptions{.train_views = -5},
        DemoPhotoOptions{.test_views = -1}, DemoPhotoOptions{.size = 0},
        DemoPhotoOptions{.size = 100'000}, DemoPhotoOptions{.samples = 0},
        DemoPhotoOptions{.train_views = 2000, .size = 4096}}) {
    const auto made = make_demo_dataset(options, quiet);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), Errc::usage);
  }
  for (const int resolution : {0, -1, 31, 4097}) {
    const auto made = make_demo_field(resolution, quiet);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), Errc::usage);
  }
}

TEST(DemoPhotos, StopsWhenInterrupted) {
  interrupt_signal = SIGINT;
  const auto photos = make_demo_dataset({.size = 16}, quiet);
  const auto field = make_demo_field(32, quiet);
  interrupt_signal = 0;
  ASSERT_FALSE(photos.ok());
  EXPECT_EQ(photos.error().code(), Errc::interrupted);
  ASSERT_FALSE(field.ok());
  EXPECT_EQ(field.error().code(), Errc::interrupted);
}

TEST(DemoShape, RaysEndOnTheSurface) {
  const Vec3f eye{1.1f, -3.5f, 1.6f};
  int hits = 0;
  for (int y = -40; y <= 40; ++y) {
    for (int x = -40; x <= 40; ++x) {
      const Vec3f aim = Vec3f{0.0f, 0, 0} + Vec3f{0.95f, 0.30f, 0} * (x / 40.0f) +
                        Vec3f{0, 0, 1.1f} * (y / 40.0f);
      const Vec3f way = normalize(aim - eye);
      const float t = demo_hit(eye, way);
      // Nothing lies before the hit, and without a hit nothing lies on the ray.
      for (float s = 2.0f; s < (t > 0 ? t - 0.003f : 6.0f); s += 0.01f) {
        ASSERT_GT(demo_distance(eye + way * s), -0.004f) << x << " " << y << " at " << s;
      }
      if (t < 0) continue;
      ++hits;
      ASSERT_NEAR(demo_distance(eye + way * t), 0, 1e-3f) << x << " " << y;
      ASSERT_LT(dot(demo_surface(eye + way * t, false).base_normal, way), 0.12f) << x << " " << y;
    }
  }
  EXPECT_GT(hits, 2000);
}

TEST(DemoShape, DistanceIsALowerBound) {
  // Along any short way the distance changes by no more than the way allows.
  uint32_t state = 7;
  const auto next = [&] {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) / 16777216.0f;
  };
  for (int i = 0; i < 200'000; ++i) {
    const Vec3f p{2.2f * next() - 1.1f, 2.2f * next() - 1.1f, 2.2f * next() - 1.1f};
    const Vec3f q = p + Vec3f{next() - 0.5f, next() - 0.5f, next() - 0.5f} * (0.2f * next());
    ASSERT_LE(std::fabs(demo_distance(p) - demo_distance(q)),
              kDemoSlope * length(p - q) + kDemoDistanceJump)
        << p.x << " " << p.y << " " << p.z;
  }
}

TEST(DemoShape, WeaveIsContinuousAndAlternates) {
  for (int i = 0; i < 8; ++i) {
    const float u = i + 0.5f;
    EXPECT_EQ(weave_at(u, 4.5f).warp, !weave_at(u + 1, 4.5f).warp);
    for (const float v : {4.1f, 4.5f, 4.83f}) {
      EXPECT_NEAR(weave_at(i + 0.9999f, v).height, weave_at(i + 1.0001f, v).height, 2e-3f);
      EXPECT_NEAR(weave_at(v, i + 0.9999f).height, weave_at(v, i + 1.0001f).height, 2e-3f);
    }
  }
}

TEST(DemoField, IsValidAndSameForAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = make_demo_field(150, quiet);
  omp_set_num_threads(2);
  const auto two = make_demo_field(150, quiet);
  omp_set_num_threads(threads);
  ASSERT_TRUE(one.ok() && two.ok());
  const Status status = validate(one.value());
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(one.value().appearance.kind, AppearanceKind::rgb);
  EXPECT_EQ(one.value().density, two.value().density);
  EXPECT_EQ(one.value().features, two.value().features);
  for (const float value : one.value().features) {
    ASSERT_GE(value, 0);
    ASSERT_LE(value, 1);
  }
}

TEST(DemoField, PointsGrowWithTheSurface) {
  const auto coarse = make_demo_field(128, quiet);
  const auto fine = make_demo_field(256, quiet);
  ASSERT_TRUE(coarse.ok() && fine.ok());
  const double ratio = static_cast<double>(fine.value().point_count()) /
                       static_cast<double>(coarse.value().point_count());
  EXPECT_GT(ratio, 3.6);
  EXPECT_LT(ratio, 4.6);
  // What this amounts to at 2048.
  EXPECT_GT(fine.value().point_count() * 64, 60'000'000u);
}

TEST(DemoField, HoldsExactlyTheShellAndDensityFollowsTheSurface) {
  constexpr int kResolution = 64;
  const auto made = make_demo_field(kResolution, quiet);
  ASSERT_TRUE(made.ok());
  const Field& field = made.value();
  const float h = static_cast<float>(field.spacing());
  const float origin = static_cast<float>(field.cube.origin[0]);
  std::vector<float> stored(65 * 65 * 65, NAN);
  for (const Block& block : field.blocks) {
    uint32_t point = block.first_point;
    for (int i = 0; i < 64; ++i) {
      if (!(block.mask >> i & 1)) continue;
      const uint32_t x = block.x * 4 + gather_bits_3(i), y = block.y * 4 + gather_bits_3(i >> 1),
                     z = block.z * 4 + gather_bits_3(i >> 2);
      stored[(z * 65 + y) * 65 + x] = field.density[point++];
    }
  }
  int inside = 0, outside = 0;
  for (int z = 0; z <= kResolution; ++z) {
    for (int y = 0; y <= kResolution; ++y) {
      for (int x = 0; x <= kResolution; ++x) {
        const float distance = demo_distance({origin + x * h, origin + y * h, origin + z * h}) / h;
        const float density = stored[(z * 65 + y) * 65 + x];
        if (std::fabs(distance - 1.75f) < 1e-3f || std::fabs(distance + 2.25f) < 1e-3f) continue;
        ASSERT_EQ(std::isnan(density), distance > 1.75f || distance < -2.25f)
            << x << " " << y << " " << z << " " << distance;
        if (std::isnan(density) || std::fabs(distance) < 1e-4f) continue;
        ASSERT_EQ(density > 0, distance < 0) << x << " " << y << " " << z;
        (distance < 0 ? inside : outside)++;
      }
    }
  }
  EXPECT_GT(inside, 1000);
  EXPECT_GT(outside, 1000);
}

}  // namespace
}  // namespace voxpack
