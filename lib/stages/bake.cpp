// Schedule of a bake: hull, then optimise, prune and double the resolution until it is reached.
#include "stages/bake.h"

#include <algorithm>
#include <cmath>

#include "kernels/training_rays.h"
#include "stages/bake_plan.h"
#include "stages/hull.h"
#include "stages/level_runner.h"
#include "stages/points.h"

namespace voxpack {
namespace {

constexpr int kHullCells = 128;
constexpr float kFirstDensity = 0.1f;      // optical depth per voxel of every site at the start
constexpr float kUpsampledDensity = 0.7f;  // factor on the density when the spacing halves

// Weights of small random size from the seed: uniform within +- 1/sqrt(inputs).
AppearanceModel make_appearance(const BakeOptions& options) {
  AppearanceModel model;
  model.kind = options.appearance;
  if (model.kind != AppearanceKind::mlp) return model;
  model.feature_count = *options.feature_count;
  model.hidden_width = *options.hidden_width;
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
  field.density.edit().assign(field.density.size(), kFirstDensity);
  const size_t channels = static_cast<size_t>(field.channels());
  const float base =
      field.appearance.kind == AppearanceKind::sh1 || field.appearance.kind == AppearanceKind::sh2
          ? 0.5f / 0.28209479f
          : 0.5f;
  LargeVector<float>& features = field.features.edit();
  for (size_t i = 0; i < field.point_count(); ++i) {
    for (size_t c = 0; c < 3; ++c) features[i * channels + c] = base;
  }
}

// Pixels across the edge of the cube, in the view that shows it smallest.
double pixels_across(const Cube& cube, std::span<const View> views) {
  double pixels = 1e9;
  for (const View& view : views) {
    const Vec3 p = camera_position(view.camera);
    double squared = 0;
    for (int a = 0; a < 3; ++a) squared += std::pow(p[a] - cube.origin[a] - cube.edge / 2, 2);
    pixels =
        std::min(pixels, std::min(view.camera.fx, view.camera.fy) * cube.edge / std::sqrt(squared));
  }
  return pixels;
}

// Pixels between the rays that decide what is seen: every voxel must be met by one.
int visibility_stride(const Field& field, std::span<const View> views) {
  return std::clamp(static_cast<int>(pixels_across(field.cube, views) / field.resolution), 1, 4);
}

Status check_options(const BakeOptions& options) {
  if (options.resolution < 32 || options.resolution > 2048 || options.resolution % 4 != 0) {
    return {Errc::usage, "resolution " + std::to_string(options.resolution) +
                             " is not a multiple of 4 from 32 to 2048"};
  }
  if (*options.iterations < 1) {
    return {Errc::usage, "iterations " + std::to_string(*options.iterations) + " is below 1"};
  }
  return {};
}

Status check_state(const BakeState& state, const std::vector<LevelPlan>& plan,
                   const AppearanceModel& appearance) {
  const AppearanceModel& model = state.field.appearance;
  const bool fits = state.level >= 0 && static_cast<size_t>(state.level) < plan.size() &&
                    state.iterations >= 0 &&
                    state.iterations < plan[static_cast<size_t>(state.level)].iterations &&
                    state.field.resolution == plan[static_cast<size_t>(state.level)].resolution &&
                    model.kind == appearance.kind && model.channels() == appearance.channels() &&
                    model.weights.size() == appearance.weights.size();
  if (fits) return {};
  return {Errc::bad_data, "level " + std::to_string(state.level) + ", iteration " +
                              std::to_string(state.iterations) + ", grid " +
                              std::to_string(state.field.resolution) +
                              " is no state of a bake with these options"};
}

// Iterations that led to `state`. Added to the seed, they keep a bake that goes on from seeing the
// rays of its start again.
uint64_t iterations_before(const BakeState& state, const std::vector<LevelPlan>& plan) {
  auto count = static_cast<uint64_t>(state.iterations);
  for (size_t i = 0; i < static_cast<size_t>(state.level); ++i)
    count += static_cast<uint64_t>(plan[i].iterations);
  return count;
}

// Where the bake starts: the hull of the object filled with fog.
Result<BakeState> first_state(const DataSet& views, int resolution,
                              const AppearanceModel& appearance) {
  VOXPACK_ASSIGN(const Hull hull, make_hull(views.train, kHullCells));
  BakeState state;
  state.field = hull_field(hull, resolution, appearance);
  initialise(state.field);
  return state;
}

}  // namespace

BakeOptions with_defaults(const BakeOptions& options) {
  BakeOptions full = options;
  const bool is_small = options.resolution <= 256, is_large = options.resolution > 512;
  full.feature_count = options.feature_count.value_or(is_small ? 8 : 12);
  full.hidden_width = options.hidden_width.value_or(is_small ? 32 : 64);
  full.iterations = options.iterations.value_or(is_small ? 8000 : (is_large ? 24000 : 20000));
  return full;
}

Result<Field> run_bake(const DataSet& views, const BakeOptions& given, Kernels& kernels, Log& log,
                       BakeExtras extras) {
  const BakeOptions options = with_defaults(given);
  VOXPACK_TRY(check_options(options));
  const AppearanceModel appearance = make_appearance(options);
  if (const Status valid = validate(appearance); !valid.ok())
    return Status(Errc::usage, valid.message());
  BakeState state;
  const bool resumes = extras.resume.has_value();
  if (resumes) {
    state = std::move(*extras.resume);
    extras.resume.reset();
  } else {
    VOXPACK_ASSIGN(state, first_state(views, coarsest_resolution(options.resolution), appearance));
  }
  const std::vector<LevelPlan> plan =
      make_plan(options.resolution, *options.iterations,
                pixels_across(state.field.cube, views.train) / options.resolution);
  if (resumes) VOXPACK_TRY(check_state(state, plan, appearance));
  const auto first_level = static_cast<size_t>(state.level);
  OptimizerOptions optimizer_options;
  optimizer_options.seed = options.seed + iterations_before(state, plan);
  VOXPACK_ASSIGN(const std::unique_ptr<Optimizer> optimizer,
                 kernels.make_optimizer(state.field, views.train, optimizer_options));
  Field topology = topology_of(state.field);
  state.field = {};  // the optimiser has it
  LevelRunner runner("bake", plan, options.fit, *optimizer, log);
  for (size_t level = first_level;; ++level) {
    const Clock clock;
    const int first = level == first_level ? state.iterations : 0;
    const bool is_last = level + 1 == plan.size();
    VOXPACK_ASSIGN(const LevelResult result,
                   runner.run(level, first, topology, extras.checkpoints));
    const uint64_t optimised_count = point_count(topology.blocks);
    std::vector<uint64_t> seen;
    if (plan[level].prune > 0) {
      VOXPACK_ASSIGN(seen, optimizer->seen_sites(visibility_stride(topology, views.train),
                                                 static_cast<uint32_t>(plan[level].prune * 65536)));
      topology = select_sites(topology, seen);
      if (topology.blocks.empty()) {
        return {Errc::bad_data,
                "the photos do not agree on any surface; check their poses and masks"};
      }
      if (!is_last) VOXPACK_TRY(optimizer->regrid(topology, 1.0f));
    }
    if (!is_last) {
      VOXPACK_ASSIGN(topology, double_resolution(topology));
      VOXPACK_TRY(optimizer->regrid(topology, kUpsampledDensity));
    }
    if (extras.levels != nullptr) {
      extras.levels->push_back({plan[level].resolution, optimised_count,
                                plan[level].iterations - first, clock.seconds(),
                                psnr_of(result.mse), result.samples_per_ray, result.page_count});
    }
    if (!is_last) continue;
    VOXPACK_ASSIGN(Field field, optimizer->field());
    return seen.empty() ? std::move(field) : select_sites(field, seen);
  }
}

}  // namespace voxpack
