#include "chosen_command.hpp"

#include <CLI/CLI.hpp>

namespace annals::cli {

namespace {

struct Chosen {
  const CLI::App* command;
  std::string before;  // The words before its own.
  int words = 0;       // How many of the command line lead to it.

  std::string name() const { return (before.empty() ? "" : before + " ") + command->get_name(); }
};

// With `words`, not beyond the first of them that is no command: CLI11 goes on behind it.
Chosen chosen_of(const CLI::App& app, int count = 0, char** words = nullptr) {
  Chosen chosen{&app, {}, 0};
  while (true) {
    const auto inner = chosen.command->get_subcommands();
    if (inner.empty()) return chosen;
    const int next = chosen.words + 1;
    if (words != nullptr && (next >= count || inner.front()->get_name() != words[next])) {
      return chosen;
    }
    chosen = {inner.front(), chosen.name(), chosen.words + 1};
  }
}

}  // namespace

std::string help_of_chosen(const CLI::App& app) {
  const Chosen chosen = chosen_of(app);
  return chosen.command->help(chosen.before);
}

std::string usage_complaint(const CLI::App& app, const CLI::ParseError& error, int argc,
                            char** argv) {
  const Chosen chosen = chosen_of(app, argc, argv);
  std::string what = error.what();
  if (const auto commands = chosen.command->get_subcommands({}); !commands.empty()) {
    what = "expects a command:";
    for (const CLI::App* sub : commands) what += " " + sub->get_name();
    const int next = chosen.words + 1;
    if (argc > next) what += "; not '" + std::string(argv[next]) + "'";
  }
  for (char& c : what) {
    if (c == '\n') c = ' ';
  }
  return what + " (see " + chosen.name() + " --help)";
}

}  // namespace annals::cli
