// bake: photos to a field file.

#include "io/field_io.h"
#include "process.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct BakeArgs {
  std::string source;
  std::string output;
  BakeOptions options;
};

Status bake(const BakeArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const DataSet views, open_views(args.source, {.train = true}, command));
  VOXPACK_ASSIGN(const Field field, bake_step(views, args.options, *kernels, command));
  return write_field(args.output, field);
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
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return bake(*args, command); }; });
}

}  // namespace voxpack
