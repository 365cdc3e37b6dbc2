#include "stages/bake_plan.h"

#include <algorithm>
#include <cmath>

namespace voxpack {
namespace {

// Sites that hardly count on a coarse grid would go on as haze and as undersides that no view
// corrects, each as eight on the next grid (docs/decisions/0002). A bake to a grid finer than the
// pixels keeps all sites from kFineCells on: what of them counts is for `prune` to find out.
constexpr float kPruneCoarse = 2e-2f;  // below kFineCells
constexpr float kPruneFine = 5e-3f;
constexpr float kPruneLast = 5e-4f;  // after the last level
constexpr int kFineCells = 256;
constexpr double kRefineShare = 1.0 / 6;  // of the iterations, for a grid finer than the pixels

}  // namespace

int coarsest_resolution(int resolution) {
  while (resolution % 2 == 0 && resolution / 2 >= 48) resolution /= 2;
  return resolution;
}

std::vector<LevelPlan> make_plan(int resolution, int iterations, double pixels) {
  std::vector<LevelPlan> plan;
  for (int r = coarsest_resolution(resolution); r <= resolution; r *= 2)
    plan.push_back({r, 0, 1.0f, 0.5f, r < kFineCells ? kPruneCoarse : kPruneFine});
  // The first grid is never one that only refines.
  size_t refined = 0;
  for (double p = pixels; p < 1 && refined + 1 < plan.size(); p *= 2) ++refined;
  refined = std::min<size_t>(refined, 2);
  const size_t shaped = plan.size() - refined;
  const double left = iterations * (1 - kRefineShare * static_cast<double>(refined));
  const double total = std::exp2(static_cast<double>(shaped)) - 1;
  for (size_t i = 0; i < plan.size(); ++i) {
    const double share =
        i < shaped ? left * std::exp2(static_cast<double>(i)) / total : iterations * kRefineShare;
    plan[i].iterations = std::max(1, static_cast<int>(share));
    if (i >= shaped) {
      plan[i].first_rate = 0.2f;
      plan[i].last_rate = 0.02f;
    }
  }
  plan.back().prune = kPruneLast;
  if (refined > 0) {
    for (LevelPlan& level : plan) {
      if (level.resolution >= kFineCells) level.prune = 0;
    }
  }
  plan[shaped - 1].last_rate = refined > 0 ? 0.1f : 0.05f;
  return plan;
}

Pace::Pace(const std::vector<LevelPlan>& plan) : plan_(plan), speeds_(plan.size()) {}

void Pace::add(size_t level, int iterations, double seconds) {
  speeds_[level].iterations += iterations;
  speeds_[level].seconds += seconds;
}

double Pace::fraction(size_t level, int done) const {
  double total = 0, before = 0;
  for (size_t i = 0; i < plan_.size(); ++i) {
    const double cost = static_cast<double>(plan_[i].iterations) * plan_[i].resolution;
    total += cost;
    if (i < level) before += cost;
  }
  return (before + static_cast<double>(done) * plan_[level].resolution) / total;
}

double Pace::seconds_left(size_t level, int done) const {
  if (speeds_[level].iterations == 0) return -1;
  double seconds = speeds_[level].per_iteration();  // of an iteration
  const bool has_ratio = level > 0 && speeds_[level - 1].seconds > 0;
  const double ratio =
      has_ratio ? std::clamp(seconds / speeds_[level - 1].per_iteration(), 1.0, 4.0) : 0;
  double left = seconds * (plan_[level].iterations - done);
  for (size_t i = level + 1; i < plan_.size(); ++i) {
    seconds *= has_ratio ? ratio : double{1} * plan_[i].resolution / plan_[i - 1].resolution;
    left += seconds * plan_[i].iterations;
  }
  return left;
}

}  // namespace voxpack
