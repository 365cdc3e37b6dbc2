#include "size_text.h"

#include <cctype>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace voxpack {
namespace {

constexpr double kLargestSize = 1e15;

Status bad_size(const std::string& text) {
  return {Errc::usage, "'" + text + "' is no size above 0; write for example 5MB or 800kB"};
}

}  // namespace

Result<uint64_t> parse_size(const std::string& text) {
  size_t end = 0;
  while (end < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.')) {
    ++end;
  }
  if (end == 0 || text.find('.') != text.substr(0, end).rfind('.')) return bad_size(text);
  const double number = std::strtod(text.substr(0, end).c_str(), nullptr);
  std::string unit;
  for (const char c : text.substr(end)) {
    if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  static constexpr std::pair<const char*, double> kUnits[] = {
      {"", 1},    {"b", 1},    {"k", 1e3},    {"kb", 1e3},      {"m", 1e6},         {"mb", 1e6},
      {"g", 1e9}, {"gb", 1e9}, {"kib", 1024}, {"mib", 1048576}, {"gib", 1073741824}};
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    const double bytes = std::floor(number * factor);
    if (!(bytes >= 1) || bytes > kLargestSize) return bad_size(text);
    return static_cast<uint64_t>(bytes);
  }
  return bad_size(text);
}

std::string size_text(uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes < 1000) return format("%.0f B", value);
  if (bytes < 1'000'000) return format("%.2f kB", value / 1e3);
  if (bytes < 1'000'000'000) return format("%.2f MB", value / 1e6);
  return format("%.2f GB", value / 1e9);
}

std::string count_text(uint64_t count) {
  std::string digits = std::to_string(count);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), " ");
  }
  return digits;
}

CLI::Option* add_size_option(CLI::App* cmd, const std::string& name, uint64_t& value,
                             const std::string& description) {
  CLI::Option* option = cmd->add_option_function<std::string>(
      name,
      [&value, name](const std::string& text) {
        const Result<uint64_t> size = parse_size(text);
        if (!size.ok()) throw CLI::ValidationError(name, size.error().message());
        value = size.value();
      },
      description);
  option->type_name("SIZE");
  if (value != 0) option->default_str(std::to_string(value));
  return option;
}

std::string format(const char* pattern, ...) {
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string out(static_cast<size_t>(size > 0 ? size : 0), '\0');
  std::vsnprintf(out.data(), out.size() + 1, pattern, again);
  va_end(again);
  return out;
}

}  // namespace voxpack
