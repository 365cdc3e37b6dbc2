// bench: measurements of voxpack itself; each is a subcommand of its own.

#include "command.h"

namespace voxpack {

void add_bench(CLI::App& app, Command& command) {
  CLI::App* bench = app.add_subcommand("bench", "Measure voxpack itself; prints JSON");
  bench->require_subcommand(1);
  add_bench_codec(*bench, command);
}

}  // namespace voxpack
