// bake: posed photos to a sparse field by direct optimisation, coarse to fine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/log.h"
#include "field/dataset.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "stages/fit_options.h"

namespace voxpack {

struct BakeOptions {
  int resolution = 256;  // cells per axis at the end, 32..2048
  AppearanceKind appearance = AppearanceKind::mlp;
  // What is not given depends on the resolution, see with_defaults().
  std::optional<int> feature_count;  // mlp
  std::optional<int> hidden_width;   // mlp
  std::optional<int> iterations;     // of 16384 rays, all levels together; >= 1
  uint64_t seed = 1;
  FitOptions fit;
};

// `options` with everything given. Up to 256 cells: 8 features, 32 hidden units, 8000 iterations,
// for a CPU; up to 512: 12, 64, 20 000; above: 12, 64, 24 000.
BakeOptions with_defaults(const BakeOptions& options);

// Where a bake stands, enough to go on from it. What the optimiser has beside the field (Adam's
// moments, corrections of the views) is not part of it.
struct BakeState {
  Field field;         // as it is being optimised, with points that may yet be dropped
  int level = 0;       // of the schedule; 0 is the coarsest
  int iterations = 0;  // done on this level
};

// Where the states of a running bake go.
class BakeCheckpoints {
 public:
  virtual ~BakeCheckpoints() = default;
  // Whether a state is wanted now. Asked every few iterations.
  virtual bool is_due() = 0;
  // A failure to keep the state must not end the bake; it is for the receiver to tell.
  virtual void save(const BakeState& state) = 0;
};

// Figures of a level that has been optimised.
struct BakeLevel {
  int resolution = 0;
  uint64_t point_count = 0;    // while it was optimised
  int iterations = 0;          // of this run
  double seconds = 0;          // until the next level could start
  double train_psnr_db = 0;    // of the rays of its last iterations, 20 at most
  double samples_per_ray = 0;  // with density, of all its iterations
  uint64_t page_count = 0;     // pages of 16 points that its last iteration updated
};

// What a bake can do beside its result.
struct BakeExtras {
  std::optional<BakeState> resume = {};      // goes on from here instead of starting over
  BakeCheckpoints* checkpoints = nullptr;    // null: none
  std::vector<BakeLevel>* levels = nullptr;  // receives the levels of this run
};

// The baked field. Fails with bad_data where the photos cannot be baked (no views, all transparent,
// a camera inside the object's box) and where the state to resume from does not belong to these
// options; with interrupted after Ctrl-C.
Result<Field> run_bake(const DataSet& views, const BakeOptions& options, Kernels& kernels, Log& log,
                       BakeExtras extras = {});

}  // namespace voxpack
