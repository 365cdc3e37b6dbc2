// pack: codes to a package, lossless.

#include "io/atomic_file.h"
#include "io/codes_io.h"
#include "process.h"
#include "steps.h"

namespace voxpack {
namespace {

struct PackArgs {
  std::string codes;
  std::string output;
};

Status pack(const PackArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  command.report.add_input(args.codes);
  VOXPACK_ASSIGN(const CodedField codes, read_codes(args.codes, command.console));
  VOXPACK_ASSIGN(const auto bytes, pack_step(codes, command));
  return write_file(args.output, bytes);
}

}  // namespace

void add_pack(CLI::App& app, Command& command) {
  auto args = std::make_shared<PackArgs>();
  CLI::App* cmd = app.add_subcommand("pack", "Code the codes into a package, lossless");
  cmd->add_option("codes", args->codes, "Codes of quantize (.safetensors)")
      ->type_name("CODES")
      ->required();
  cmd->add_option("-o,--output", args->output, "Package to write (.vxp)")
      ->type_name("FILE")
      ->required();
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return pack(*args, command); }; });
}

}  // namespace voxpack
