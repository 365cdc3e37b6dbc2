// The `voxpack` command: the list of subcommands, and the only place that knows exit codes.

#include <omp.h>

#include <cstdio>
#include <exception>
#include <new>

#include "arguments.h"
#include "command.h"
#include "core/interrupt.h"
#include "process.h"

namespace voxpack {
namespace {

void add_commands(CLI::App& app, Command& command) {
  add_compress(app, command);
  add_bake(app, command);
  add_detect(app, command);
  add_prune(app, command);
  add_quantize(app, command);
  add_pack(app, command);
  add_unpack(app, command);
  add_render(app, command);
  add_view(app, command);
  add_evaluate(app, command);
  add_compare(app, command);
  add_check(app, command);
  add_info(app, command);
  add_bench(app, command);
  add_demo(app, command);
  add_doctor(app, command);
  add_completion(app, command);
}

void set_up(CLI::App& app, Command& command) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", "voxpack " VOXPACK_VERSION, "Print the version and exit");
  app.set_config("--config", "", "Read options from a TOML file, one [command] section each");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer("Run `voxpack COMMAND --help` for the options of a command.");
  add_commands(app, command);
  for (CLI::App* cmd : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_common_options(*cmd, command.common);
    cmd->fallthrough();  // --config may stand anywhere
    cmd->footer("");
  }
}

// Runs the parsed command: from here on every failure is a Status.
Status run_guarded(const CLI::App& cmd, Command& command) {
  try {
    if (command.common.threads > 0) omp_set_num_threads(command.common.threads);
    if (!command.common.report.empty()) VOXPACK_TRY(check_output_file(command.common.report));
    if (!command.run) return {Errc::internal, "the command has nothing to run"};
    Status status = command.run();
    if (!status.ok() && status.code() != Errc::difference) return status;
    if (!command.output.empty() && (std::fwrite(command.output.data(), 1, command.output.size(),
                                                stdout) != command.output.size() ||
                                    std::fflush(stdout) != 0)) {
      return {Errc::io, "cannot write to standard output; is the disk full?"};
    }
    if (!command.common.report.empty()) {
      record_options(cmd, command.report);
      VOXPACK_TRY(command.report.write(command.common.report, command.console.warnings()));
    }
    return status;
  } catch (const std::bad_alloc&) {
    return {Errc::device, "out of memory; try a smaller --resolution or a larger machine"};
  } catch (const std::exception& error) {
    return {Errc::internal, std::string("a mistake of voxpack itself: ") + error.what()};
  } catch (...) {
    return {Errc::internal, "a mistake of voxpack itself"};
  }
}

int run_main(int argc, const char* const* argv) {
  Command command;
  CLI::App app("Turns photos of an object into a small package that draws in real time.",
               "voxpack");
  set_up(app, command);
  if (const std::string error = unknown_command(app, argc, argv); !error.empty()) {
    command.console.error(error);
    return static_cast<int>(Errc::usage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto parsed = app.get_subcommands();
    if (error.get_exit_code() == 0) return app.exit(error);
    command.console.start(parsed.empty() ? "" : parsed.front()->get_name(), false);
    command.console.error(parse_error_text(app, error));
    return static_cast<int>(Errc::usage);
  }
  const CLI::App& cmd = *app.get_subcommands().front();
  command.console.start(cmd.get_name(), command.common.quiet);
  const Status status = run_guarded(cmd, command);
  if (status.ok()) return 0;
  command.console.error(status.message());
  if (status.code() == Errc::interrupted) return 128 + interrupt_signal.load();
  return static_cast<int>(status.code());
}

}  // namespace
}  // namespace voxpack

int main(int argc, char** argv) {
  voxpack::install_signal_handlers();
  try {
    return voxpack::run_main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "voxpack: error: %s\n", error.what());
  }
  return static_cast<int>(voxpack::Errc::internal);
}
