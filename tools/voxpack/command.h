// What every subcommand is given, and the list of the functions that add them to the command line.
// main.cpp parses, runs the one chosen, and turns its Status into the exit code (docs/cli.md).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "console.h"
#include "core/status.h"
#include "kernels/kernels.h"
#include "report.h"

namespace voxpack {

// Options of every command.
struct Common {
  std::string device = "auto";  // auto, cpu or cuda
  int threads = 0;              // 1..256; 0: as many as the machine has
  std::string report;           // path of the JSON report; empty: none
  bool quiet = false;           // errors only
};

// The command being run. `run` is set by the callback of the chosen subcommand, after parsing:
//   cmd->callback([args, &command] { command.run = [args, &command] { return run_x(*args, command);
//   }; });
// Results go to `print()`, talk to `console`, figures to `report`.
struct Command {
  Common common;
  Console console;
  Report report;
  std::function<Status()> run;

  // Appends to what goes to stdout when the command ends (also with Errc::difference).
  void print(std::string_view text) { output.append(text); }
  std::string output;
};

// The kernels that --device asks for; `auto` takes CUDA if this build and machine have it, else the
// CPU. Says which on the console and in the report. Fails with `unsupported` if there is no such
// device.
Result<std::unique_ptr<Kernels>> open_kernels(Command& command);

// Each adds one subcommand (cmd_<name>.cpp).
void add_bake(CLI::App& app, Command& command);
void add_bench(CLI::App& app, Command& command);
void add_check(CLI::App& app, Command& command);
void add_compare(CLI::App& app, Command& command);
void add_completion(CLI::App& app, Command& command);
void add_compress(CLI::App& app, Command& command);
void add_demo(CLI::App& app, Command& command);
void add_detect(CLI::App& app, Command& command);
void add_doctor(CLI::App& app, Command& command);
void add_evaluate(CLI::App& app, Command& command);
void add_info(CLI::App& app, Command& command);
void add_pack(CLI::App& app, Command& command);
void add_prune(CLI::App& app, Command& command);
void add_quantize(CLI::App& app, Command& command);
void add_render(CLI::App& app, Command& command);
void add_unpack(CLI::App& app, Command& command);
void add_view(CLI::App& app, Command& command);

}  // namespace voxpack
