#include "steps.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/interrupt.h"
#include "size_text.h"
#include "stages/pack.h"

namespace voxpack {
namespace {

void record_points(const Field& field, Command& command) {
  command.report.set("point_count", static_cast<uint64_t>(field.point_count()));
}

void record_levels(const std::vector<BakeLevel>& levels, Report& report) {
  nlohmann::ordered_json& rows = report.json()["levels"];
  rows = nlohmann::ordered_json::array();
  for (const BakeLevel& level : levels) {
    rows.push_back({{"resolution", level.resolution},
                    {"point_count", level.point_count},
                    {"iterations", level.iterations},
                    {"seconds", level.seconds},
                    {"train_psnr_db", level.train_psnr_db},
                    {"samples_per_ray", level.samples_per_ray},
                    {"page_count", level.page_count}});
  }
  report.set("train_psnr_db", levels.back().train_psnr_db);
}

void record_turns(const std::vector<ReduceTurn>& turns, Report& report) {
  nlohmann::ordered_json& rows = report.json()["turns"];
  rows = nlohmann::ordered_json::array();
  for (const ReduceTurn& turn : turns) {
    rows.push_back({{"target_points", turn.target_points},
                    {"point_count", turn.point_count},
                    {"iterations", turn.iterations},
                    {"detect_seconds", turn.detect_seconds},
                    {"prune_seconds", turn.prune_seconds},
                    {"refine_seconds", turn.refine_seconds}});
  }
}

}  // namespace

void add_bake_options(CLI::App* cmd, BakeOptions& options) {
  cmd->add_option("--resolution", options.resolution,
                  "Cells per axis of the finest grid: 32 to 2048, by 4")
      ->check(within(32, 2048))
      ->type_name("INT")
      ->group("Bake")
      ->capture_default_str();
  cmd->add_option_function<std::string>(
         "--appearance",
         [&options](const std::string& text) {
           const Result<AppearanceKind> kind = parse_appearance_kind(text);
           if (!kind.ok()) throw CLI::ValidationError("--appearance", kind.error().message());
           options.appearance = kind.value();
         },
         "How a point stores its colour: rgb, sh1, sh2 or mlp")
      ->type_name("NAME")
      ->group("Bake")
      ->default_str(std::string(to_string(options.appearance)));
  cmd->add_option("--features", options.feature_count, "mlp: features of a point, 1 to 28")
      ->check(within(1, 28))
      ->type_name("INT")
      ->group("Bake")
      ->default_str("8; 12 above 256 cells");
  cmd->add_option("--hidden", options.hidden_width, "mlp: width of the network, 4 to 64 by 4")
      ->check(within(4, 64))
      ->type_name("INT")
      ->group("Bake")
      ->default_str("32; 64 above 256 cells");
  cmd->add_option("--iterations", options.iterations,
                  "Optimiser steps, all grids together, at least 1")
      ->check(within(1, 10'000'000))
      ->type_name("INT")
      ->group("Bake")
      ->default_str("8000; 20000 above 256 cells, 24000 above 512");
  cmd->add_option("--seed", options.seed, "Seed of the random rays")
      ->type_name("UINT")
      ->group("Bake")
      ->capture_default_str();
}

void add_fit_options(CLI::App* cmd, FitOptions& options) {
  cmd->add_flag("--fit-poses", options.poses,
                "Correct the poses of the photos while optimising: for poses that are not exact")
      ->group("Photos");
  cmd->add_flag("--fit-exposure", options.exposure,
                "Correct the exposure and white balance of the photos while optimising")
      ->group("Photos");
}

void add_detect_options(CLI::App* cmd, DetectOptions& options) {
  cmd->add_option("--view-stride", options.view_stride,
                  "Look from every n-th train camera, 1 and up")
      ->check(within(1, 100'000))
      ->type_name("INT")
      ->group("Detect")
      ->capture_default_str();
  cmd->add_option("--pixel-stride", options.pixel_stride,
                  "Look at every n-th pixel in x and y, 1 and up")
      ->check(within(1, 1000))
      ->type_name("INT")
      ->group("Detect")
      ->capture_default_str();
  cmd->add_option("--sphere-views", options.sphere_views, "Virtual cameras if there are no views")
      ->check(within(1, 100'000))
      ->type_name("INT")
      ->group("Detect")
      ->capture_default_str();
}

void add_prune_options(CLI::App* cmd, ReduceOptions& options) {
  PruneOptions& prune = options.prune;
  cmd->add_option("--target-points", prune.target_points, "Points to keep at most, at least 1")
      ->check(within(uint64_t{1}, kMaxPoints))
      ->type_name("UINT")
      ->group("Prune")
      ->capture_default_str();
  cmd->add_option("--min-visibility", prune.min_visibility,
                  "Remove points whose largest share in a pixel is below, 0 to 1")
      ->check(within(0.0, 1.0))
      ->type_name("FLOAT")
      ->group("Prune")
      ->capture_default_str();
  cmd->add_option("--coarsest-level", prune.coarsest_level, "Merge up to this level, 0 to 6")
      ->check(within(0, kMaxLevel))
      ->type_name("INT")
      ->group("Prune")
      ->capture_default_str();
  static const std::map<std::string, PruneCriterion> kCriteria = {
      {"both", PruneCriterion::both},
      {"detail", PruneCriterion::detail},
      {"visibility", PruneCriterion::visibility}};
  cmd->add_option_function<std::string>(
         "--criterion", [&prune](const std::string& name) { prune.criterion = kCriteria.at(name); },
         "What decides: both; detail or visibility alone, for comparison")
      ->check(CLI::IsMember({"both", "detail", "visibility"}))
      ->type_name("NAME")
      ->group("Prune")
      ->default_str("both");
  cmd->add_option(
         "--split-share", options.split_share,
         "Part of the points that comes from splitting blocks where detail is left into the "
         "next finer level, 0 to 0.9")
      ->check(within(0.0, 0.9))
      ->type_name("FLOAT")
      ->group("Prune")
      ->capture_default_str();
  cmd->add_option("--max-loss-db", options.max_loss_db,
                  "Instead of --target-points: as few points as lose at most this much PSNR on the "
                  "train photos, above 0")
      ->check(CLI::Range(1e-3, 50.0))
      ->type_name("FLOAT")
      ->group("Prune")
      ->excludes("--target-points");
  cmd->add_option(
         "--refine-iterations", options.refine_iterations,
         "Optimiser steps on the photos, or on pictures of the field, while pruning (0: none)")
      ->check(within(0, 10'000'000))
      ->type_name("INT")
      ->group("Prune")
      ->default_str("1000; 15000 above 256 cells");
  cmd->add_option("--refine-seed", options.refine_seed, "Seed of the refinement's random rays")
      ->type_name("UINT")
      ->group("Prune")
      ->capture_default_str();
}

void add_quantize_options(CLI::App* cmd, QuantizeOptions& options, QuantizeFitOptions& fit) {
  add_size_option(cmd, "--target-size", options.target_size_bytes,
                  "Largest size of the package: 5MB = 5 000 000 bytes, 5MiB = 5 242 880")
      ->group("Quantize");
  cmd->add_option("--fit-rounds", fit.rounds,
                  "With photos: rounds of quantising and fitting what comes out to them (0: none)")
      ->check(within(0, 1000))
      ->type_name("INT")
      ->default_str("0; 8 above 256 cells")
      ->group("Quantize");
}

Result<Field> bake_step(const DataSet& views, const BakeOptions& options, Kernels& kernels,
                        Command& command, BakeContinuation continuation) {
  VOXPACK_TRY(check_interrupt());
  const Report::Stage stage(command.report, "bake");
  std::vector<BakeLevel> levels;
  VOXPACK_ASSIGN(Field field,
                 run_bake(views, options, kernels, command.console,
                          {std::move(continuation.resume), continuation.checkpoints, &levels}));
  record_levels(levels, command.report);
  command.console.info("baked " + count_text(field.point_count()) + " points");
  record_points(field, command);
  return field;
}

Result<DetailMap> detect_step(const Field& field, const DataSet* views,
                              const DetectOptions& options, Kernels& kernels, Command& command) {
  VOXPACK_TRY(check_interrupt());
  const Report::Stage stage(command.report, "detect-high-frequency");
  std::vector<Camera> cameras;
  if (views != nullptr) {
    for (const View& view : views->train) cameras.push_back(view.camera);
    if (cameras.empty()) return {Errc::bad_data, "the data set has no train views to look from"};
  }
  return run_detect(field, cameras, options, kernels, command.console);
}

Result<Field> prune_step(Field field, DetailMap detail, const DataSet* views,
                         const ReduceOptions& options, Kernels& kernels, Command& command) {
  VOXPACK_TRY(check_interrupt());
  const Report::Stage stage(command.report, "prune");
  const size_t before = field.point_count();
  std::vector<ReduceTurn> turns;
  VOXPACK_ASSIGN(Field pruned, run_reduce(std::move(field), std::move(detail),
                                          views == nullptr ? std::span<const View>() : views->train,
                                          options, kernels, command.console, &turns));
  record_turns(turns, command.report);
  command.console.info("pruned " + count_text(before) + " to " + count_text(pruned.point_count()) +
                       " points");
  record_points(pruned, command);
  return pruned;
}

Result<CodedField> quantize_step(Field field, const QuantizeSetup& setup, Kernels& kernels,
                                 Command& command) {
  VOXPACK_TRY(check_interrupt());
  const Report::Stage stage(command.report, "quantize");
  record_points(field, command);
  if (setup.views == nullptr) return run_quantize(field, setup.options, command.console);
  return run_quantize(std::move(field), setup.views->train, setup.fit, setup.options, kernels,
                      command.console);
}

Result<std::vector<uint8_t>> pack_step(const CodedField& codes, Command& command) {
  VOXPACK_TRY(check_interrupt());
  const Report::Stage stage(command.report, "pack");
  VOXPACK_ASSIGN(std::vector<uint8_t> bytes, run_pack(codes));
  command.report.set("size_bytes", static_cast<uint64_t>(bytes.size()));
  command.console.info("packed " + count_text(bytes.size()) + " bytes (" + size_text(bytes.size()) +
                       ")");
  return bytes;
}

}  // namespace voxpack
