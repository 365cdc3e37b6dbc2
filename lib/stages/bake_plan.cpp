#include "stages/bake_plan.h"

#include <algorithm>

namespace voxpack {

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
