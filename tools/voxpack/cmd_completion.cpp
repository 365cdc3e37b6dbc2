// completion: scripts for the shells, made from the commands and options that this binary has.

#include "command.h"
#include "size_text.h"

namespace voxpack {
namespace {

using Commands = std::vector<const CLI::App*>;

Commands commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Those of subcommands too.
std::vector<const CLI::Option*> all_options(const CLI::App& cmd) {
  std::vector<const CLI::Option*> options = cmd.get_options();
  for (const CLI::App* sub : commands_of(cmd)) {
    for (const CLI::Option* option : sub->get_options()) {
      if (!option->check_lname("help")) options.push_back(option);
    }
  }
  return options;
}

std::vector<std::string> names_of(const std::vector<const CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string names_of(const Commands& commands) {
  std::vector<std::string> names;
  for (const CLI::App* cmd : commands) names.push_back(cmd->get_name());
  return joined(names);
}

// Shared by bash and zsh (through bashcompinit).
std::string bash_script(const CLI::App& app, const Commands& commands) {
  std::string out =
      "_voxpack() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"" +
      names_of(commands) + " " + joined(names_of(app.get_options())) +
      "\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case $command in\n";
  for (const CLI::App* cmd : commands) {
    out += "    " + cmd->get_name() + ") options=\"" + joined(names_of(all_options(*cmd))) + "\"";
    const Commands subjects = commands_of(*cmd);
    if (!subjects.empty()) {
      out += "\n      if [ \"$COMP_CWORD\" -eq 2 ]; then\n        COMPREPLY=($(compgen -W \"" +
             names_of(subjects) + "\" -- \"$word\"))\n        return\n      fi";
    }
    out += " ;;\n";
  }
  out +=
      "  esac\n"
      "  case $word in\n"
      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
      "  esac\n"
      "}\n"
      "complete -o filenames -F _voxpack voxpack\n";
  return out;
}

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_script(const Commands& commands) {
  std::string out;
  for (const CLI::App* cmd : commands) {
    out += "complete -c voxpack -n __fish_use_subcommand -a " + cmd->get_name() + " -d " +
           fish_quoted(cmd->get_description()) + "\n";
    for (const CLI::App* subject : commands_of(*cmd)) {
      out += "complete -c voxpack -n '__fish_seen_subcommand_from " + cmd->get_name() + "' -a " +
             subject->get_name() + " -d " + fish_quoted(subject->get_description()) + "\n";
    }
    for (const CLI::Option* option : all_options(*cmd)) {
      for (const std::string& name : option->get_lnames()) {
        out += "complete -c voxpack -n '__fish_seen_subcommand_from " + cmd->get_name() + "' -l " +
               name + " -d " + fish_quoted(option->get_description()) + "\n";
      }
    }
  }
  return out;
}

}  // namespace

void add_completion(CLI::App& app, Command& command) {
  auto shell = std::make_shared<std::string>();
  CLI::App* cmd = app.add_subcommand("completion", "Print a completion script for a shell");
  cmd->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("NAME");
  cmd->callback([shell, &app, &command] {
    command.run = [shell, &app, &command]() -> Status {
      const CLI::App& root = app;
      const Commands commands = commands_of(root);
      if (*shell == "fish") {
        command.print(fish_script(commands));
      } else {
        if (*shell == "zsh") command.print("autoload -U +X bashcompinit && bashcompinit\n");
        command.print(bash_script(root, commands));
      }
      return {};
    };
  });
}

}  // namespace voxpack
