/// @file
/// From the words of a command line to a request.

#pragma once

#include <string>
#include <variant>

#include "request.hpp"

namespace annals::cli {

/// Nothing to run: `text` has been asked for (help), or says what is wrong with the command line.
struct CommandLineEnd {
  int exit_code = 0;
  std::string text;  ///< For standard output if exit_code is 0, else for standard error.
};

/// The name that the program's messages begin with.
std::string program_name(int argc, char** argv);

std::variant<Request, CommandLineEnd> parse_command_line(int argc, char** argv);

}  // namespace annals::cli
