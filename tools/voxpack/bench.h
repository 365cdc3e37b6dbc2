// The subjects of `bench`, each with its options (cmd_bench_<subject>.cpp).
#pragma once

#include "command.h"

namespace voxpack {

void add_bench_codec(CLI::App& bench, Command& command);
void add_bench_scale(CLI::App& bench, Command& command);

}  // namespace voxpack
