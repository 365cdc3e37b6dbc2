// Schedule of a bake: hull, then optimise, prune and double the resolution until it is reached.
#include "stages/bake.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "kernels/training_rays.h"
#include "stages/hull.h"
#include "stages/points.h"

namespace voxpack {
namespace {

constexpr int kHullCells = 128;
constexpr float kFirstDensity = 0.1f;  // optical depth per voxel of every site at the start
constexpr float kPruneVisibility =
    5e-4f;  // sites whose largest share in a pixel is below are removed
constexpr int kIterationsPerReport = 20;

struct LevelPlan {
  int resolution;
  int iterations;
  float first_rate, last_rate;  // factor on the learning rates at its start and end
};

std::vector<LevelPlan> make_plan(int resolution, int iterations) {
  std::vector<int> resolutions = {resolution};
  while (resolutions.back() % 2 == 0 && resolutions.back() / 2 >= 48)
    resolutions.push_back(resolutions.back() / 2);
  std::reverse(resolutions.begin(), resolutions.end());
  std::vector<LevelPlan> plan;
  const size_t count = resolutions.size();
  double share = 1;
  double total = 0;
  for (size_t i = 0; i < count; ++i, share *= 2) total += share;
  share = 1;
  for (size_t i = 0; i < count; ++i, share *= 2) {
    const bool last = i + 1 == count;
    plan.push_back({resolutions[i], std::max(1, static_cast<int>(iterations * share / total)), 1.0f,
                    last ? 0.05f : 0.5f});
  }
  return plan;
}

// Weights of small random size from the seed: uniform within +- 1/sqrt(inputs).
AppearanceModel make_appearance(const BakeOptions& options) {
  AppearanceModel model;
  model.kind = options.appearance;
  if (model.kind != AppearanceKind::mlp) return model;
  model.feature_count = options.feature_count;
  model.hidden_width = options.hidden_width;
  uint64_t random = options.seed;
  const double range = 1.0 / std::sqrt(model.input_count());
  model.weights.resize(model.weight_count());
  for (float& w : model.weights) {
    w = static_cast<float>((static_cast<double>(next_random(random) >> 11) * 0x1p-53 * 2 - 1) *
                           range);
  }
  return model;
}

void initialise(Field& field) {
  std::fill(field.density.begin(), field.density.end(), kFirstDensity);
  const size_t channels = static_cast<size_t>(field.channels());
  const float base =
      field.appearance.kind == AppearanceKind::sh1 || field.appearance.kind == AppearanceKind::sh2
          ? 0.5f / 0.28209479f
          : 0.5f;
  for (size_t i = 0; i < field.point_count(); ++i) {
    for (size_t c = 0; c < 3; ++c) field.features[i * channels + c] = base;
  }
}

// Pixels between the rays that decide what is seen: every voxel of `spacing` must be met by one.
int visibility_stride(const Field& field, std::span<const View> views) {
  const double half = field.cube.edge / 2;
  double pixels = 1e9;  // across a voxel, in the view that shows it smallest
  for (const View& view : views) {
    const Vec3 p = camera_position(view.camera);
    double squared = 0;
    for (int a = 0; a < 3; ++a) squared += std::pow(p[a] - field.cube.origin[a] - half, 2);
    pixels = std::min(
        pixels, std::min(view.camera.fx, view.camera.fy) * field.spacing() / std::sqrt(squared));
  }
  return std::clamp(static_cast<int>(pixels), 1, 4);
}

Result<Field> drop_unseen(const Field& field, std::span<const View> views, float threshold,
                          Kernels& kernels) {
  std::vector<Camera> cameras;
  for (const View& view : views) cameras.push_back(view.camera);
  VOXPACK_ASSIGN(const Visibility visibility,
                 kernels.visibility(field, cameras, visibility_stride(field, views)));
  std::vector<uint8_t> keep(field.point_count());
  const auto limit = static_cast<uint32_t>(threshold * 65536);
  for (size_t i = 0; i < keep.size(); ++i) keep[i] = visibility.max[i] >= limit;
  return select_points(field, keep);
}

double psnr_of(double mse) { return mse > 0 ? -10 * std::log10(mse) : 100; }

std::string describe(const Field& field, double mse) {
  char text[128];
  std::snprintf(text, sizeof(text), "grid %d, %.2f M points, loss %.5f, PSNR %.2f dB",
                field.resolution, static_cast<double>(field.point_count()) / 1e6, mse,
                psnr_of(mse));
  return text;
}

struct Clock {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

struct ProgressRange {
  std::string_view stage;
  double first, size;  // share of the whole that this run covers
};

Result<Field> optimise(const Field& start, std::span<const View> views, const LevelPlan& plan,
                       uint64_t seed, const ProgressRange& range, const Clock& clock,
                       Kernels& kernels, Log& log) {
  OptimizerOptions options;
  options.seed = seed;
  VOXPACK_ASSIGN(const std::unique_ptr<Optimizer> optimizer,
                 kernels.make_optimizer(start, views, options));
  double mse = 0;
  for (int done = 0; done < plan.iterations;) {
    const double t = static_cast<double>(done) / plan.iterations;
    const auto factor =
        static_cast<float>(plan.first_rate * std::pow(plan.last_rate / plan.first_rate, t));
    OptimizeSettings settings;
    settings.density_rate *= factor;
    settings.feature_rate *= factor;
    settings.network_rate *= factor;
    const int count = std::min(kIterationsPerReport, plan.iterations - done);
    VOXPACK_ASSIGN(const OptimizeStats stats, optimizer->run(settings, count));
    done += count;
    mse = stats.mse;
    Progress progress;
    progress.stage = range.stage;
    progress.fraction = range.first + range.size * done / plan.iterations;
    progress.seconds_left = clock.seconds() / progress.fraction * (1 - progress.fraction);
    progress.detail = describe(start, mse);
    log.progress(progress);
  }
  log.info(std::string(range.stage) + ": " + describe(start, mse));
  return optimizer->field();
}

}  // namespace

Result<Field> run_bake(const DataSet& views, const BakeOptions& options, Kernels& kernels,
                       Log& log) {
  if (options.resolution < 32 || options.resolution > 2048 || options.resolution % 4 != 0) {
    return {Errc::usage, "resolution " + std::to_string(options.resolution) +
                             " is not a multiple of 4 from 32 to 2048"};
  }
  if (options.iterations < 1) {
    return {Errc::usage, "iterations " + std::to_string(options.iterations) + " is below 1"};
  }
  const Clock clock;
  AppearanceModel appearance = make_appearance(options);
  if (const Status valid = validate(appearance); !valid.ok())
    return Status(Errc::usage, valid.message());
  VOXPACK_ASSIGN(const Hull hull, make_hull(views.train, kHullCells));
  const std::vector<LevelPlan> plan = make_plan(options.resolution, options.iterations);
  Field field = hull_field(hull, plan[0].resolution, appearance);
  initialise(field);
  double total = 0, done = 0;
  // A ray costs about as much as it has samples, which grow with the resolution.
  for (const LevelPlan& level : plan)
    total += static_cast<double>(level.iterations) * level.resolution;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (i > 0) {
      VOXPACK_ASSIGN(field, upsample(field, 0.7f));
    }
    const double cost = static_cast<double>(plan[i].iterations) * plan[i].resolution;
    VOXPACK_ASSIGN(field, optimise(field, views.train, plan[i], options.seed + i,
                                   {"bake", done / total, cost / total}, clock, kernels, log));
    done += cost;
    VOXPACK_ASSIGN(field, drop_unseen(field, views.train, kPruneVisibility, kernels));
    if (field.point_count() == 0) {
      return {Errc::bad_data,
              "the photos do not agree on any surface; check their poses and masks"};
    }
  }
  return field;
}

Result<Field> run_refine(Field field, const DataSet& views, const RefineOptions& options,
                         Kernels& kernels, Log& log) {
  const Clock clock;
  return optimise(field, views.train, {field.resolution, options.iterations, 0.3f, 0.03f},
                  options.seed, {"refine", 0, 1}, clock, kernels, log);
}

}  // namespace voxpack
