#include "stages/level_runner.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace voxpack {
namespace {

constexpr int kIterationsPerReport = 20;
constexpr float kPoseRate = 3e-5f;  // radians and edges of the cube: 0.02 pixels of 800
constexpr int kPoseCells = 256;     // poses wait for a grid that shows where an edge is
constexpr float kExposureRate = 1e-3f;

std::string describe(const Field& field, double mse) {
  char text[128];
  std::snprintf(text, sizeof(text), "grid %d, %.2f M points, loss %.5f, PSNR %.2f dB",
                field.resolution, static_cast<double>(point_count(field.blocks)) / 1e6, mse,
                psnr_of(mse));
  return text;
}

}  // namespace

double psnr_of(double mse) { return mse > 0 ? -10 * std::log10(mse) : 100; }

Result<LevelResult> LevelRunner::run(size_t level, int first, const Field& topology,
                                     BakeCheckpoints* checkpoints) {
  const LevelPlan& plan = plan_[level];
  LevelResult result;
  uint64_t samples = 0, rays = 0;
  for (int done = first; done < plan.iterations;) {
    const Clock clock;
    const int count = std::min(kIterationsPerReport, plan.iterations - done);
    VOXPACK_ASSIGN(const OptimizeStats stats, optimizer_.run(settings_at(plan, done), count));
    done += count;
    result.mse = stats.mse;
    samples += stats.sample_count;
    rays += stats.ray_count;
    result.page_count = stats.page_count;
    pace_.add(level, count, clock.seconds());
    log_.progress({stage_, pace_.fraction(level, done), pace_.seconds_left(level, done),
                   describe(topology, result.mse)});
    if (checkpoints != nullptr && done < plan.iterations && checkpoints->is_due()) {
      VOXPACK_ASSIGN(Field field, optimizer_.field());
      checkpoints->save({std::move(field), static_cast<int>(level), done});
    }
  }
  log_.info(std::string(stage_) + ": " + describe(topology, result.mse));
  result.samples_per_ray = rays == 0 ? 0 : static_cast<double>(samples) / static_cast<double>(rays);
  return result;
}

OptimizeSettings LevelRunner::settings_at(const LevelPlan& plan, int done) const {
  const double t = static_cast<double>(done) / plan.iterations;
  const auto factor =
      static_cast<float>(plan.first_rate * std::pow(plan.last_rate / plan.first_rate, t));
  OptimizeSettings settings;
  settings.density_rate *= factor;
  settings.feature_rate *= factor;
  settings.network_rate *= factor;
  if (fit_.poses && plan.resolution >= kPoseCells) settings.pose_rate = kPoseRate * factor;
  if (fit_.exposure) settings.exposure_rate = kExposureRate * factor;
  return settings;
}

}  // namespace voxpack
