/// @file
/// The command that a command line has chosen, as deep as it goes: its help, and what it wants.

#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace annals::cli {

/// The help of what was chosen, with all the words that lead to it.
std::string help_of_chosen(const CLI::App& app);

/// What is wrong, in one line that ends with the command whose help tells more.
std::string usage_complaint(const CLI::App& app, const CLI::ParseError& error, int argc,
                            char** argv);

}  // namespace annals::cli
