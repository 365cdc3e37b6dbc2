#include "stages/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "kernels/picture.h"
#include "metrics/image_metrics.h"
#include "stages/level_runner.h"
#include "stages/split.h"

namespace voxpack {
namespace {

constexpr uint64_t kTurnFactor = 3;       // points of a turn over those of the next
constexpr uint64_t kFirstTurnFactor = 5;  // a turn must at least divide the points by this
constexpr int kTurnShare = 10;            // a turn but the last gets 1 / kTurnShare of iterations
constexpr size_t kLossViews = 16;         // photos that the loss is measured on, at most
constexpr int kDivisions = 3;             // of the last halving
constexpr uint64_t kFewestPoints = 1000;

int iterations_of(const ReduceOptions& options, const Field& field) {
  return options.refine_iterations.value_or(field.resolution <= 256 ? 1000 : 15000);
}

class Reducer {
 public:
  Reducer(std::span<const View> views, const ReduceOptions& options, Kernels& kernels, Log& log)
      : views_(views), options_(options), kernels_(kernels), log_(log) {}

  // Without, detect looks from a sphere.
  void look_from(std::span<const View> views) {
    for (const View& view : views) cameras_.push_back(view.camera);
  }

  // Starts a turn: `field` with at most `target` points.
  Result<Field> prune(const Field& field, const DetailMap& detail, uint64_t target) {
    PruneOptions prune = options_.prune;
    prune.target_points = target;
    const Clock clock;
    VOXPACK_ASSIGN(Field pruned, run_prune(field, detail, prune, kernels_, log_));
    add_turn(target, pruned, clock.seconds());
    return pruned;
  }

  // Starts a turn: `field` with up to `target` points.
  Result<Field> split(const Field& field, uint64_t target) {
    VOXPACK_ASSIGN(const DetailMap detail, look(field));
    const Clock clock;
    VOXPACK_ASSIGN(Field filled, split_blocks(field, detail, target));
    add_turn(target, filled, clock.seconds());
    return filled;
  }

  Result<Field> refine(Field field, int iterations) {
    if (iterations == 0 || field.point_count() == 0) return field;
    const Clock clock;
    const RefineOptions options{iterations, options_.refine_seed + refinements_++, options_.fit};
    VOXPACK_ASSIGN(field, run_refine(std::move(field), views_, options, kernels_, log_));
    turns_.back().iterations += iterations;
    turns_.back().refine_seconds += clock.seconds();
    return field;
  }

  Result<DetailMap> look(const Field& field) {
    const Clock clock;
    VOXPACK_ASSIGN(DetailMap detail, run_detect(field, cameras_, options_.detect, kernels_, log_));
    look_seconds_ = clock.seconds();
    return detail;
  }

  std::vector<ReduceTurn> take_turns() { return std::move(turns_); }

  // Mean PSNR on some of the photos.
  Result<double> psnr(const Field& field) {
    VOXPACK_ASSIGN(const auto renderer, kernels_.make_renderer(field));
    const size_t stride = (views_.size() + kLossViews - 1) / kLossViews;
    double sum = 0;
    size_t count = 0;
    PictureF picture;
    for (size_t i = 0; i < views_.size(); i += stride, ++count) {
      VOXPACK_TRY(renderer->render(views_[i].camera, picture));
      VOXPACK_ASSIGN(const double psnr_db,
                     measure_psnr(views_[i].image, to_image(picture, Background::white)));
      sum += psnr_db;
    }
    return sum / static_cast<double>(count);
  }

 private:
  void add_turn(uint64_t target, const Field& field, double seconds) {
    turns_.push_back({target, field.point_count(), 0, look_seconds_, seconds, 0});
    look_seconds_ = 0;
  }

  std::span<const View> views_;
  const ReduceOptions& options_;
  Kernels& kernels_;
  Log& log_;
  std::vector<Camera> cameras_;
  std::vector<ReduceTurn> turns_;
  double look_seconds_ = 0;  // since the last turn
  uint64_t refinements_ = 0;
};

Result<Field> reduce_to_target(Field field, DetailMap detail, Reducer& reducer,
                               const ReduceOptions& options) {
  const int iterations = iterations_of(options, field);
  std::vector<uint64_t> targets = turn_targets(field.point_count(), options.prune.target_points);
  if (iterations < kTurnShare) targets.erase(targets.begin(), targets.end() - 1);
  int left = iterations;
  for (size_t i = 0; i + 1 < targets.size(); ++i) {
    const int share = iterations / kTurnShare;
    left -= share;
    VOXPACK_ASSIGN(field, reducer.prune(field, detail, targets[i]));
    VOXPACK_ASSIGN(field, reducer.refine(std::move(field), share));
    VOXPACK_ASSIGN(detail, reducer.look(field));
  }
  const uint64_t target = targets.back();
  const auto pruned =
      static_cast<uint64_t>(static_cast<double>(target) * (1 - options.split_share));
  VOXPACK_ASSIGN(field, reducer.prune(field, detail, std::max<uint64_t>(1, pruned)));
  detail = {};
  if (options.split_share > 0 && iterations >= kTurnShare) {
    left -= iterations / kTurnShare;
    VOXPACK_ASSIGN(field, reducer.refine(std::move(field), iterations / kTurnShare));
    VOXPACK_ASSIGN(field, reducer.split(field, target));
  }
  return reducer.refine(std::move(field), left);
}

// The search of max_loss_db. `field` is the best so far in every round.
class LossSearch {
 public:
  LossSearch(Reducer& reducer, double lowest_psnr_db, int iterations, Log& log)
      : reducer_(reducer), lowest_psnr_db_(lowest_psnr_db), iterations_(iterations), log_(log) {}

  Result<Field> run(Field field, DetailMap detail) {
    uint64_t failed = 0;  // largest target that lost too much
    while (failed == 0 && field.point_count() / 2 >= kFewestPoints) {
      VOXPACK_TRY(try_target(field, detail, field.point_count() / 2, failed));
    }
    for (int i = 0; i < kDivisions && failed != 0; ++i) {
      const auto target = static_cast<uint64_t>(
          std::sqrt(static_cast<double>(field.point_count()) * static_cast<double>(failed)));
      if (target <= failed || target >= field.point_count()) break;
      VOXPACK_TRY(try_target(field, detail, target, failed));
    }
    return field;
  }

 private:
  // Puts the result into `field` and `detail` if it is good, else the target into `failed`.
  Status try_target(Field& field, DetailMap& detail, uint64_t target, uint64_t& failed) {
    VOXPACK_ASSIGN(Field tried, reducer_.prune(field, detail, target));
    VOXPACK_ASSIGN(tried, reducer_.refine(std::move(tried), iterations_));
    VOXPACK_ASSIGN(const double psnr_db, reducer_.psnr(tried));
    char text[128];
    std::snprintf(text, sizeof(text), "prune: %.3f M points, %.2f dB on the photos (limit %.2f dB)",
                  static_cast<double>(tried.point_count()) / 1e6, psnr_db, lowest_psnr_db_);
    log_.info(text);
    // A turn that no longer removes points would be tried for ever.
    if (!(psnr_db >= lowest_psnr_db_ && tried.point_count() < field.point_count())) {
      failed = target;
      return {};
    }
    field = std::move(tried);
    VOXPACK_ASSIGN(detail, reducer_.look(field));
    return {};
  }

  Reducer& reducer_;
  double lowest_psnr_db_;
  int iterations_;
  Log& log_;
};

Result<Field> reduce_to_loss(Field field, DetailMap detail, Reducer& reducer,
                             const ReduceOptions& options, Log& log) {
  const int iterations = iterations_of(options, field);
  VOXPACK_ASSIGN(const double psnr_db, reducer.psnr(field));
  // What no view sees costs nothing.
  VOXPACK_ASSIGN(field, reducer.prune(field, detail, std::max<uint64_t>(1, field.point_count())));
  VOXPACK_ASSIGN(detail, reducer.look(field));
  LossSearch search(reducer, psnr_db - *options.max_loss_db, iterations / kTurnShare, log);
  VOXPACK_ASSIGN(field, search.run(std::move(field), std::move(detail)));
  return reducer.refine(std::move(field), iterations);
}

Status check_options(std::span<const View> photos, const ReduceOptions& options) {
  if (options.refine_iterations && *options.refine_iterations < 0) {
    return {Errc::usage,
            "refine iterations " + std::to_string(*options.refine_iterations) + " is below 0"};
  }
  if (options.teacher_views < 1) {
    return {Errc::usage, "teacher views " + std::to_string(options.teacher_views) + " is below 1"};
  }
  if (!(options.split_share >= 0 && options.split_share <= 0.9)) {
    return {Errc::usage,
            "split share " + std::to_string(options.split_share) + " is not in 0..0.9"};
  }
  if (!options.max_loss_db) return {};
  if (!(*options.max_loss_db > 0 && *options.max_loss_db < 100)) {
    return {Errc::usage, "a largest loss of " + std::to_string(*options.max_loss_db) +
                             " dB is not above 0 and below 100"};
  }
  if (photos.empty()) {
    return {Errc::usage,
            "a largest loss is measured on photos, and there are none; give a data "
            "set, or a number of points"};
  }
  return {};
}

}  // namespace

std::vector<uint64_t> turn_targets(uint64_t point_count, uint64_t target) {
  std::vector<uint64_t> targets{target};
  while (targets.back() <= point_count / kFirstTurnFactor / kTurnFactor && targets.back() > 0)
    targets.push_back(targets.back() * kTurnFactor);
  std::reverse(targets.begin(), targets.end());
  return targets;
}

Result<Field> run_reduce(Field field, DetailMap detail, std::span<const View> photos,
                         const ReduceOptions& given, Kernels& kernels, Log& log,
                         std::vector<ReduceTurn>* turns) {
  VOXPACK_TRY(check_options(photos, given));
  ReduceOptions options = given;
  std::vector<View> teacher;
  const bool has_photos = !photos.empty();
  // Its own pictures teach a field nothing that loses no points.
  if (!has_photos && field.point_count() <= options.prune.target_points)
    options.refine_iterations = 0;
  if (!has_photos && iterations_of(options, field) > 0 && field.point_count() > 0) {
    VOXPACK_ASSIGN(teacher, draw_teacher(field, options.teacher_views, kernels, log));
  }
  Reducer reducer(has_photos ? photos : std::span<const View>(teacher), options, kernels, log);
  if (has_photos) reducer.look_from(photos);
  VOXPACK_ASSIGN(field,
                 options.max_loss_db
                     ? reduce_to_loss(std::move(field), std::move(detail), reducer, options, log)
                     : reduce_to_target(std::move(field), std::move(detail), reducer, options));
  if (turns != nullptr) *turns = reducer.take_turns();
  return field;
}

}  // namespace voxpack
