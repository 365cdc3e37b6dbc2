// Sizes and other values as a person writes and reads them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "core/status.h"

namespace voxpack {

// "5MB" = 5 000 000, "512 KiB" = 524 288, "1.5MB", "4000". Units B, kB, MB, GB (1000-based) and
// KiB, MiB, GiB, in any case; a fraction of a byte is cut off. Fails with `usage` for anything else
// and for 0.
Result<uint64_t> parse_size(const std::string& text);

// "4.98 MB", "812 B"; decimal units.
std::string size_text(uint64_t bytes);

// "57 300 000".
std::string count_text(uint64_t count);

// An option that takes a size. `value` is its default unless 0.
CLI::Option* add_size_option(CLI::App* cmd, const std::string& name, uint64_t& value,
                             const std::string& description);

// CLI::Range without its text in the help, where the description says the range.
template <class T>
CLI::Validator within(T low, T high) {
  return CLI::Range(low, high).description("");
}

// printf into a string.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

}  // namespace voxpack
