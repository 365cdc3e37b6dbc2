#include "stages/demo_photo.h"

#include <algorithm>
#include <array>
#include <numbers>
#include <random>
#include <string>

#include "core/interrupt.h"
#include "stages/demo.h"
#include "stages/demo_material.h"

namespace voxpack {
namespace {

constexpr double kDistance = 4;
constexpr double kOpeningAngle = 0.6911112070083618;  // radians, of the Blender data sets
constexpr uint64_t kMaxPhotoBytes = 8ULL << 30;

// sRGB codes by linear value; 2^14 entries keep the dark end within half a code.
class SrgbTable {
 public:
  SrgbTable() {
    for (size_t i = 0; i < codes_.size(); ++i) {
      codes_[i] = static_cast<uint8_t>(std::lround(255 * encode_srgb(i * (1.0f / kLast))));
    }
  }
  uint8_t code(float linear) const {
    return codes_[static_cast<size_t>(clamp01(linear) * kLast + 0.5f)];
  }

 private:
  static constexpr int kLast = (1 << 14) - 1;
  std::array<uint8_t, kLast + 1> codes_;
};

// The camera's axes in single precision.
struct Lens {
  Vec3f origin, right, up, back;
  float cx, cy, inverse_fx, inverse_fy;
  explicit Lens(const Camera& camera) {
    const auto at = [&](int i) { return static_cast<float>(camera.camera_to_world[i]); };
    right = {at(0), at(4), at(8)};
    up = {at(1), at(5), at(9)};
    back = {at(2), at(6), at(10)};
    origin = {at(3), at(7), at(11)};
    cx = static_cast<float>(camera.cx);
    cy = static_cast<float>(camera.cy);
    inverse_fx = static_cast<float>(1 / camera.fx);
    inverse_fy = static_cast<float>(1 / camera.fy);
  }
  Vec3f direction(float x, float y) const {
    return normalize(right * ((x - cx) * inverse_fx) - up * ((y - cy) * inverse_fy) - back);
  }
};

// Pixels that can show something: a rectangle, ends not included.
struct Rect {
  float left, top, right, bottom;
};

// Where the boxes around the object's parts appear.
std::vector<Rect> find_rects(const Lens& lens, const Image& image) {
  std::vector<Rect> rects;
  for (const DemoBox& box : demo_boxes()) {
    Rect rect{1e9f, 1e9f, -1e9f, -1e9f};
    for (int corner = 0; corner < 8; ++corner) {
      const Vec3f to = Vec3f{corner & 1 ? box.hi.x : box.lo.x, corner & 2 ? box.hi.y : box.lo.y,
                             corner & 4 ? box.hi.z : box.lo.z} -
                       lens.origin;
      const float depth = -dot(to, lens.back);
      if (depth < 0.01f) {  // the camera is very close: no limits
        const auto width = static_cast<float>(image.width);
        return {{-1, -1, width, static_cast<float>(image.height)}};
      }
      const float x = lens.cx + dot(to, lens.right) / (depth * lens.inverse_fx);
      const float y = lens.cy - dot(to, lens.up) / (depth * lens.inverse_fy);
      rect = {std::min(rect.left, x), std::min(rect.top, y), std::max(rect.right, x),
              std::max(rect.bottom, y)};
    }
    // A pixel more for rounding.
    rects.push_back({rect.left - 2, rect.top - 2, rect.right + 1, rect.bottom + 1});
  }
  return rects;
}

bool may_show(const std::vector<Rect>& rects, int x, int y) {
  return std::ranges::any_of(rects, [&](const Rect& rect) {
    return x > rect.left && x < rect.right && y > rect.top && y < rect.bottom;
  });
}

void render_row(const Lens& lens, const std::vector<Rect>& rects, const SrgbTable& srgb,
                int samples, int y, Image& image) {
  uint8_t* out = &image.pixels[static_cast<size_t>(y) * image.width * 4];
  const float step = 1.0f / samples;
  for (int x = 0; x < image.width; ++x, out += 4) {
    if (!may_show(rects, x, y)) continue;
    Vec3f light;
    int hits = 0;
    for (int i = 0; i < samples * samples; ++i) {
      const Vec3f view =
          lens.direction(x + (i % samples + 0.5f) * step, y + (i / samples + 0.5f) * step);
      const float t = demo_hit(lens.origin, view);
      if (t < 0) continue;
      const Vec3f p = lens.origin + view * t;
      const DemoSurface surface = demo_surface(p, false);
      light += demo_expose(demo_shade(demo_material(p, surface), surface.normal, view));
      ++hits;
    }
    if (hits == 0) continue;
    light = light * (1.0f / hits);
    out[0] = srgb.code(light.x);
    out[1] = srgb.code(light.y);
    out[2] = srgb.code(light.z);
    out[3] = static_cast<uint8_t>((255 * hits + samples * samples / 2) / (samples * samples));
  }
}

Vec3 cross_product(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

// A camera that looks at the origin from the direction with the given sine of elevation and
// azimuth.
Camera place_camera(double sine, double azimuth, int size) {
  const double cosine = std::sqrt(1 - sine * sine);
  const Vec3 back{cosine * std::cos(azimuth), cosine * std::sin(azimuth), sine};
  const Vec3 right{-std::sin(azimuth), std::cos(azimuth), 0};
  const Vec3 up = cross_product(back, right);
  Camera camera;
  camera.width = camera.height = size;
  camera.fx = camera.fy = 0.5 * size / std::tan(0.5 * kOpeningAngle);
  camera.cx = camera.cy = 0.5 * size;
  // Ten decimals: readable in JSON, and far below a pixel.
  const auto rounded = [](double v) { return std::round(v * 1e10) / 1e10; };
  for (int row = 0; row < 3; ++row) {
    camera.camera_to_world[row * 4] = rounded(right[row]);
    camera.camera_to_world[row * 4 + 1] = rounded(up[row]);
    camera.camera_to_world[row * 4 + 2] = rounded(back[row]);
    camera.camera_to_world[row * 4 + 3] = rounded(back[row] * kDistance);
  }
  return camera;
}

// Views on a spiral with equal area per view, from well below the horizon almost to the pole.
std::vector<View> place_views(int count, int size, double turn, double shift) {
  constexpr double kLow = -0.60, kHigh = 0.96;  // sines of elevation
  std::vector<View> views(count);
  for (int i = 0; i < count; ++i) {
    const double sine = kLow + (kHigh - kLow) * (i + shift) / count;
    const double azimuth = turn + i * std::numbers::pi * (3 - std::sqrt(5.0));
    views[i].name = "r_" + std::to_string(i);
    views[i].camera = place_camera(sine, azimuth, size);
  }
  return views;
}

Status check(const DemoPhotoOptions& options) {
  const auto outside = [](const char* name, int value, int lo, int hi) -> Status {
    if (value >= lo && value <= hi) return {};
    return {Errc::usage, std::string(name) + " is " + std::to_string(value) + "; choose " +
                             std::to_string(lo) + " to " + std::to_string(hi)};
  };
  VOXPACK_TRY(outside("size", options.size, 16, 4096));
  VOXPACK_TRY(outside("train views", options.train_views, 1, 2000));
  VOXPACK_TRY(outside("test views", options.test_views, 0, 2000));
  VOXPACK_TRY(outside("samples", options.samples, 1, 8));
  const uint64_t views = options.train_views + options.test_views;
  const uint64_t bytes = views * options.size * options.size * 4;
  if (bytes > kMaxPhotoBytes) {
    return {Errc::usage,
            std::to_string(views) + " photos of " + std::to_string(options.size) + " x " +
                std::to_string(options.size) + " need " + std::to_string(bytes >> 20) +
                " MiB, at most 8192 are allowed; choose a smaller size or fewer views"};
  }
  return {};
}

}  // namespace

Image render_demo_photo(const Camera& camera, int samples) {
  static const SrgbTable srgb;
  const Lens lens(camera);
  Image image{camera.width, camera.height, 4, {}};
  image.pixels.resize(static_cast<size_t>(image.width) * image.height * 4);
  const std::vector<Rect> rects = find_rects(lens, image);
#pragma omp parallel for schedule(dynamic, 4)
  for (int y = 0; y < image.height; ++y) render_row(lens, rects, srgb, samples, y, image);
  return image;
}

Result<DataSet> make_demo_dataset(const DemoPhotoOptions& options, Log& log) {
  VOXPACK_TRY(check(options));
  std::mt19937_64 random(options.seed);
  const auto uniform = [&] { return (random() >> 11) * 0x1p-53; };
  DataSet data;
  const double turn = 2 * std::numbers::pi * uniform();
  const double shift = 0.25 + 0.5 * uniform();
  data.train = place_views(options.train_views, options.size, turn, shift);
  data.test = place_views(options.test_views, options.size, turn + 2 * std::numbers::pi * uniform(),
                          1 - shift);
  const double total = options.train_views + options.test_views;
  double done = 0;
  for (auto* views : {&data.train, &data.test}) {
    for (View& view : *views) {
      VOXPACK_TRY(check_interrupt());
      view.image = render_demo_photo(view.camera, options.samples);
      log.progress({"demo photos", ++done / total, -1, view.name});
    }
  }
  return data;
}

}  // namespace voxpack
