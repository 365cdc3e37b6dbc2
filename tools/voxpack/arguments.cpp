#include "arguments.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "size_text.h"
#include "suggest.h"

namespace voxpack {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* cmd : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(cmd->get_name());
  }
  return names;
}

// The command and, behind it, its subcommand if it has one.
std::vector<const CLI::App*> parsed_commands(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    commands.push_back(at);
  }
  return commands;
}

std::string full_name(const std::vector<const CLI::App*>& commands) {
  std::string name;
  for (const CLI::App* cmd : commands) name += (name.empty() ? "" : " ") + cmd->get_name();
  return name;
}

// Name of an option as a key: "--target-size" gives "target_size", a positional its own name.
std::string key_of(const CLI::Option& option) {
  std::string key = option.get_lnames().empty() ? option.get_name() : option.get_lnames().front();
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

Json value_of(const std::string& text, const std::string& type) {
  if (type == "SIZE") {
    const Result<uint64_t> size = parse_size(text);
    if (size.ok()) return size.value();
  }
  if ((type == "INT" || type == "UINT" || type == "FLOAT") && Json::accept(text)) {
    return Json::parse(text);
  }
  return text;
}

}  // namespace

void add_common_options(CLI::App& cmd, Common& common) {
  cmd.add_option("--device", common.device, "Where to compute: auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->type_name("NAME")
      ->group("Common")
      ->capture_default_str();
  cmd.add_option("--threads", common.threads, "CPU threads, 1 to 256 (default: all)")
      ->check(within(1, 256))
      ->type_name("INT")
      ->group("Common");
  cmd.add_option("--report", common.report, "Write a JSON report to this file")
      ->type_name("FILE")
      ->group("Common");
  cmd.add_flag("-q,--quiet", common.quiet, "Write nothing but errors to stderr")->group("Common");
}

std::string unknown_command(const CLI::App& app, int argc, const char* const* argv) {
  const std::vector<std::string> names = command_names(app);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--config") ++i;
    if (word.empty() || word[0] == '-') continue;
    if (std::find(names.begin(), names.end(), word) != names.end()) return "";
    const std::string nearest = nearest_word(word, names);
    return "unknown command '" + word + "'; " +
           (nearest.empty() ? "see `voxpack --help`" : "did you mean '" + nearest + "'?");
  }
  return "";
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<const CLI::App*> commands = parsed_commands(app);
  const bool no_command = commands.empty();
  const std::string help =
      no_command ? "`voxpack --help`" : "`voxpack " + full_name(commands) + " --help`";
  commands.push_back(&app);
  // CLI11 names a missing required option first; a misspelt one is the likelier mistake.
  for (const std::string& word : app.remaining(true)) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> options;
    for (const CLI::App* owner : commands) {
      for (const CLI::Option* option : owner->get_options()) {
        for (const std::string& known : option->get_lnames()) options.push_back("--" + known);
      }
    }
    const std::string nearest = nearest_word(name, options);
    return "unknown option '" + name + "'; " +
           (nearest.empty() ? "see " + help : "did you mean '" + nearest + "'?");
  }
  if (app.remaining(true).size() > 0 &&
      error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    return "unexpected '" + app.remaining(true).front() + "'; see " + help;
  }
  if (no_command && error.get_name() == "RequiredError") return "no command; see " + help;
  if (error.get_name() == "ConfigError") {
    const std::string what = error.what();
    // Said of every unknown key, in TOML too.
    const std::string unknown = "INI was not able to parse ";
    if (what.compare(0, unknown.size(), unknown) != 0) return "config file: " + what;
    return "config file: unknown key '" + what.substr(unknown.size()) + "'; see " + help;
  }
  return std::string(error.what()) + "; see " + help;
}

void record_options(const CLI::App& cmd, Report& report) {
  std::vector<const CLI::App*> commands = parsed_commands(cmd);
  commands.insert(commands.begin(), &cmd);
  report.set("command", full_name(commands));
  Json& options = report.json()["options"];
  std::vector<const CLI::Option*> all;
  for (const CLI::App* owner : commands) {
    for (const CLI::Option* option : owner->get_options()) all.push_back(option);
  }
  for (const CLI::Option* option : all) {
    const std::string key = key_of(*option);
    if (key == "help" || key == "report") continue;
    // "INT:{allowed values}" where there is a check.
    const std::string full_type = option->get_type_name();
    const std::string type = full_type.substr(0, full_type.find(':'));
    if (option->get_expected_min() == 0) {
      options[key] = option->count() > 0;
    } else if (option->count() > 1) {
      for (const std::string& text : option->results())
        options[key].push_back(value_of(text, type));
    } else if (option->count() == 1) {
      options[key] = value_of(option->results().front(), type);
    } else if (!option->get_default_str().empty()) {
      options[key] = value_of(option->get_default_str(), type);
    }
  }
}

}  // namespace voxpack
