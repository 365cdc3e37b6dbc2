// bake: photos to a field file, with checkpoints on the way and pictures at the end.

#include <filesystem>

#include "checkpoint.h"
#include "draw.h"
#include "io/field_io.h"
#include "process.h"
#include "size_text.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct BakeArgs {
  std::string source;
  std::string output;
  BakeOptions options;
  double checkpoint_interval = 60;  // seconds
  bool resume = false;
  bool save_views = false;
};

// "dir/name_views" for "dir/name.safetensors".
std::string views_folder(const std::string& output) {
  const std::filesystem::path path(output);
  return (path.parent_path() / (path.stem().string() + "_views")).string();
}

// What --resume goes on from; without it, and without a checkpoint, the start.
Result<BakeContinuation> continuation(const BakeArgs& args, CheckpointFile& checkpoint,
                                      Console& console) {
  BakeContinuation continuation;
  continuation.checkpoints = &checkpoint;
  if (args.resume) {
    VOXPACK_ASSIGN(continuation.resume, checkpoint.load());
    if (continuation.resume) {
      console.info("goes on from " + checkpoint.path() + ": grid " +
                   std::to_string(continuation.resume->field.resolution) + ", iteration " +
                   std::to_string(continuation.resume->iterations));
    } else {
      console.warn(checkpoint.path() + ": no such checkpoint; starts from the beginning");
    }
  } else if (checkpoint.exists()) {
    console.warn(checkpoint.path() + ": will be replaced; --resume would go on from it");
  }
  return continuation;
}

// The photos of the test views beside what `field` looks like there.
Status save_views(const Field& field, const DataSet& views, OutputFolder& folder, Kernels& kernels,
                  Command& command) {
  const Report::Stage stage(command.report, "save views");
  VOXPACK_ASSIGN(const auto renderer, kernels.make_renderer(field));
  VOXPACK_ASSIGN(const auto measured,
                 measure_views(*renderer, views.test, {&folder, true}, command));
  const MetricsSummary summary = summarize(measured);
  command.report.set_metrics(summary);
  command.console.info(format("%zu test views, PSNR %.2f dB, worst %.2f dB", measured.size(),
                              summary.psnr_mean_db, summary.psnr_min_db));
  return {};
}

Status bake(const BakeArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  CheckpointFile checkpoint(args.output + ".checkpoint", args.checkpoint_interval, command.console);
  OutputFolder folder;
  if (args.save_views) VOXPACK_TRY(folder.open(views_folder(args.output)));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const DataSet views,
                 open_views(args.source, {.train = true, .test = args.save_views}, command));
  checkpoint.describe(args.options, views);
  VOXPACK_ASSIGN(BakeContinuation start, continuation(args, checkpoint, command.console));
  Result<Field> baked = bake_step(views, args.options, *kernels, command, std::move(start));
  if (!baked.ok() && baked.error().code() == Errc::interrupted && checkpoint.is_current()) {
    return {Errc::interrupted, "interrupted; --resume goes on from " + checkpoint.path()};
  }
  VOXPACK_ASSIGN(const Field field, std::move(baked));
  if (args.save_views) VOXPACK_TRY(save_views(field, views, folder, *kernels, command));
  VOXPACK_TRY(write_field(args.output, field));
  folder.keep();
  checkpoint.remove();
  return {};
}

}  // namespace

void add_bake(CLI::App& app, Command& command) {
  auto args = std::make_shared<BakeArgs>();
  CLI::App* cmd = app.add_subcommand("bake", "Photos and cameras to a field");
  cmd->add_option("source", args->source, "Data set: a folder or its transforms.json")
      ->type_name("SRC")
      ->required();
  cmd->add_option("-o,--output", args->output, "Field to write (.safetensors)")
      ->type_name("FILE")
      ->required();
  add_bake_options(cmd, args->options);
  add_fit_options(cmd, args->options.fit);
  cmd->add_flag("--resume", args->resume, "Go on from OUTPUT.checkpoint of an earlier run");
  cmd->add_option("--checkpoint-interval", args->checkpoint_interval,
                  "Seconds between checkpoints (0: none)")
      ->check(within(0.0, 1e6))
      ->type_name("FLOAT")
      ->capture_default_str();
  cmd->add_flag("--save-views", args->save_views,
                "Write photo, drawing and 4 x their difference of the test views, side by side");
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return bake(*args, command); }; });
}

}  // namespace voxpack
