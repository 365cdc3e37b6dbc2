// prune: a field and its detail map to a field with fewer points.

#include "io/detail_io.h"
#include "io/field_io.h"
#include "process.h"
#include "protect_options.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct PruneArgs {
  std::string field;
  std::string detail;
  std::string views;
  std::string output;
  std::string masks;
  ReduceOptions options;
};

// The detail map at `path`, which must have been made from `field`.
Result<DetailMap> open_detail(const std::string& path, const Field& field, Command& command) {
  command.report.add_input(path);
  VOXPACK_ASSIGN(DetailFile file, read_detail(path, command.console));
  if (file.field_id != field_id(field) || file.detail.size() != field.point_count()) {
    return {Errc::bad_data, path +
                                ": belongs to another field; make it again with `voxpack "
                                "detect-high-frequency` from this one"};
  }
  return DetailMap{std::move(file.visibility_sum), std::move(file.visibility_max),
                   std::move(file.detail)};
}

Status prune(PruneArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(Field field, open_field(args.field, command));
  VOXPACK_ASSIGN(DetailMap detail, open_detail(args.detail, field, command));
  DataSet views;
  const bool uses_photos =
      !args.views.empty() && (args.options.refine_iterations != 0 || args.options.max_loss_db);
  if (uses_photos) {
    VOXPACK_ASSIGN(views, open_views(args.views, {.train = true}, command));
  }
  VOXPACK_TRY(
      open_masks(args.masks, uses_photos ? &views : nullptr, args.options.detect.protect, command));
  VOXPACK_ASSIGN(const Field pruned,
                 prune_step(std::move(field), std::move(detail), uses_photos ? &views : nullptr,
                            args.options, *kernels, command));
  return write_field(args.output, pruned);
}

}  // namespace

void add_prune(CLI::App& app, Command& command) {
  auto args = std::make_shared<PruneArgs>();
  CLI::App* cmd =
      app.add_subcommand("prune", "Cut a field to a point budget, keeping what is sharp");
  cmd->add_option("field", args->field, "Field (.safetensors)")->type_name("FIELD")->required();
  cmd->add_option("--detail", args->detail, "Detail map of that field")
      ->type_name("FILE")
      ->required();
  cmd->add_option("--views", args->views,
                  "Data set whose train photos refine the result (default: pictures of FIELD)")
      ->type_name("SRC");
  cmd->add_option("-o,--output", args->output, "Field to write (.safetensors)")
      ->type_name("FILE")
      ->required();
  add_detect_options(cmd, args->options.detect);
  add_protect_options(cmd, args->options.detect.protect, args->masks);
  add_prune_options(cmd, args->options);
  add_fit_options(cmd, args->options.fit);
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return prune(*args, command); }; });
}

}  // namespace voxpack
