// The levels of a bake, and how long the rest of them takes.
#pragma once

#include <cstddef>
#include <vector>

namespace voxpack {

struct LevelPlan {
  int resolution;
  int iterations;
  float first_rate, last_rate;  // factor on the learning rates at its start and end
  float prune;  // sites whose largest share in a pixel is below are removed after it; 0: none
};

// The grid a bake to `resolution` starts on: halved as long as it stays at 48 cells or more.
int coarsest_resolution(int resolution);

// Coarse to fine up to `resolution`, about `iterations` together; each level has at least one. A
// cell of the finest grid is `pixels` wide in the photo that shows it smallest. Grids that are
// finer than the pixels of the photos only refine: each has a sixth of the iterations, at a fifth
// of the rates, so that what the photos cannot tell apart stays as smooth as the grid before left
// it.
std::vector<LevelPlan> make_plan(int resolution, int iterations, double pixels);

// Progress through a plan and the time left, from the measured speed of each level.
class Pace {
 public:
  explicit Pace(const std::vector<LevelPlan>& plan);

  // `iterations` (>= 1) of `level` took `seconds`.
  void add(size_t level, int iterations, double seconds);

  // Share of the work that is done after `done` iterations of `level`, 0..1. An iteration counts as
  // its resolution: a ray has that many samples.
  double fraction(size_t level, int done) const;

  // Negative before anything of `level` was measured. Levels to come are taken to be slower by the
  // factor between this level and the one before, or by that of the resolutions if there is none.
  double seconds_left(size_t level, int done) const;

 private:
  struct Speed {
    int iterations = 0;
    double seconds = 0;
    double per_iteration() const { return seconds / iterations; }
  };
  std::vector<LevelPlan> plan_;
  std::vector<Speed> speeds_;  // [level]
};

}  // namespace voxpack
