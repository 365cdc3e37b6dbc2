// Reading the command line: what CLI11 leaves open. Common options, misspelt words, and the options
// of a run for its report.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "command.h"

namespace voxpack {

// Adds --device, --threads, --report and --quiet.
void add_common_options(CLI::App& cmd, Common& common);

// The first word that is neither an option nor the value of --config, if it names no command of
// `app`: a sentence with the nearest command. Else "".
std::string unknown_command(const CLI::App& app, int argc, const char* const* argv);

// The sentence for a command line that CLI11 refused, with the nearest option if one is unknown.
std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error);

// Sets `command`, `options` (defaults included, sizes in bytes) and the version in the report.
void record_options(const CLI::App& cmd, Report& report);

}  // namespace voxpack
