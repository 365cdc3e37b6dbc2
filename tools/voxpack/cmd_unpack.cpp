// unpack: a package to the field that it draws as.

#include "io/field_io.h"
#include "process.h"
#include "sources.h"

namespace voxpack {
namespace {

struct UnpackArgs {
  std::string package;
  std::string output;
};

Status unpack(const UnpackArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  VOXPACK_ASSIGN(const Model model, open_model(args.package, command));
  if (!model.is_package) {
    return {Errc::usage, args.package + ": is a field already; unpack takes a package (.vxp)"};
  }
  command.report.set("point_count", static_cast<uint64_t>(model.field.point_count()));
  command.report.set("size_bytes", model.size_bytes);
  return write_field(args.output, model.field);
}

}  // namespace

void add_unpack(CLI::App& app, Command& command) {
  auto args = std::make_shared<UnpackArgs>();
  CLI::App* cmd = app.add_subcommand("unpack", "Turn a package back into a field");
  cmd->add_option("package", args->package, "Package (.vxp)")->type_name("PACKAGE")->required();
  cmd->add_option("-o,--output", args->output, "Field to write (.safetensors)")
      ->type_name("FILE")
      ->required();
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return unpack(*args, command); }; });
}

}  // namespace voxpack
