// bench: measures voxpack itself; one subcommand for each subject.

#include "bench.h"

namespace voxpack {

void add_bench(CLI::App& app, Command& command) {
  CLI::App* bench = app.add_subcommand("bench", "Measure the speed and memory of voxpack itself");
  bench->require_subcommand(1);
  add_bench_scale(*bench, command);
  add_bench_codec(*bench, command);
  for (CLI::App* subject : bench->get_subcommands([](const CLI::App*) { return true; })) {
    subject->fallthrough();  // to the common options
    subject->footer("");
  }
}

}  // namespace voxpack
