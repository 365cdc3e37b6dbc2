// Runs an optimiser through the levels of a plan: learning rates, progress, checkpoints. Part of
// bake and refine.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "stages/bake.h"
#include "stages/bake_plan.h"

namespace voxpack {

struct Clock {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

// Decibels of a mean squared error of colours in 0..1; 100 for none.
double psnr_of(double mse);

struct LevelResult {
  double mse = 0;              // of the last iterations
  double samples_per_ray = 0;  // with density, over all iterations
  uint64_t page_count = 0;     // updated by the last iteration
};

// `stage` names the work in the log. The plan, the optimiser and the log must outlive the runner.
class LevelRunner {
 public:
  LevelRunner(std::string_view stage, const std::vector<LevelPlan>& plan, const FitOptions& fit,
              Optimizer& optimizer, Log& log)
      : stage_(stage), plan_(plan), fit_(fit), pace_(plan), optimizer_(optimizer), log_(log) {}

  // From iteration `first` of `level` to its end; the field has the points of `topology`.
  // `checkpoints` may be null. Fails as Optimizer::run().
  Result<LevelResult> run(size_t level, int first, const Field& topology,
                          BakeCheckpoints* checkpoints);

 private:
  OptimizeSettings settings_at(const LevelPlan& plan, int done) const;

  std::string_view stage_;
  const std::vector<LevelPlan>& plan_;
  FitOptions fit_;
  Pace pace_;
  Optimizer& optimizer_;
  Log& log_;
};

}  // namespace voxpack
