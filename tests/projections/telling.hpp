#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <annals/projections/projection_runner.hpp>

#include <poll.h>
#include <unistd.h>

namespace annals::warehouse {

/// Prints a line with the first projection's position and activity, and all commits that were
/// fenced, whenever one of them changes. What class Projecting reads.
inline int tell_until_input_ends(const ProjectionRunner& runner) {
  std::string told;
  while (true) {
    const auto projections = runner.status();
    std::uint64_t fenced = 0;
    const ProjectionStatus* first = nullptr;
    for (const ProjectionStatus& status : projections) {
      fenced += status.fenced;
      if (first == nullptr || status.projection == "stock") first = &status;
    }
    const std::string line = to_string(first->position) + ' ' + std::to_string(fenced) + ' ' +
                             std::string(to_string(first->activity));
    if (line != told) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
      told = line;
    }
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 1) > 0) return 0;
  }
}

}  // namespace annals::warehouse
