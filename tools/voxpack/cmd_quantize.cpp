// quantize: a field to codes that pack to a byte budget.

#include "io/codes_io.h"
#include "process.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct QuantizeArgs {
  std::string field;
  std::string views;
  std::string output;
  QuantizeOptions options;
  QuantizeFitOptions fit;
};

Status quantize(const QuantizeArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  VOXPACK_ASSIGN(Field field, open_field(args.field, command));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  DataSet views;
  if (!args.views.empty()) {
    VOXPACK_ASSIGN(views, open_views(args.views, {.train = true}, command));
  }
  const QuantizeSetup setup{args.views.empty() ? nullptr : &views, args.fit, args.options};
  VOXPACK_ASSIGN(const CodedField codes, quantize_step(std::move(field), setup, *kernels, command));
  return write_codes(args.output, codes);
}

}  // namespace

void add_quantize(CLI::App& app, Command& command) {
  auto args = std::make_shared<QuantizeArgs>();
  CLI::App* cmd = app.add_subcommand("quantize", "Turn a field into codes that fit a size");
  cmd->add_option("field", args->field, "Field (.safetensors)")->type_name("FIELD")->required();
  cmd->add_option("--views", args->views,
                  "Data set whose train photos say what matters, and that the codes are fitted to")
      ->type_name("SRC");
  cmd->add_option("-o,--output", args->output, "Codes to write (.safetensors)")
      ->type_name("FILE")
      ->required();
  add_quantize_options(cmd, args->options, args->fit);
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return quantize(*args, command); }; });
}

}  // namespace voxpack
