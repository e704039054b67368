#include "progress.hpp"

#include <cstdio>
#include <utility>

#include "table.hpp"

#include <unistd.h>

namespace annals::cli {

Progress::Progress(std::string what, bool forced)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1), forced_(forced) {}

Progress::~Progress() {
  if (shown_ && terminal_) std::fputs("\r\x1b[K", stderr);
}

void Progress::show(std::uint64_t done, std::uint64_t all) {
  using namespace std::chrono_literals;
  if (!terminal_ && !forced_) return;
  const auto now = Clock::now();
  if (shown_ && done == done_) return;
  const bool complete = done >= all;
  if (forced_ && !terminal_ ? !complete && now - last_ < 1s
                            : now - last_ < 100ms || now - started_ < 500ms) {
    return;
  }
  last_ = now;
  shown_ = true;
  done_ = done;
  const std::uint64_t percent = all == 0
                                    ? 100
                                    : static_cast<std::uint64_t>(100.0 * static_cast<double>(done) /
                                                                 static_cast<double>(all));
  const std::string line =
      what_ + " " + grouped(done) + " of " + grouped(all) + " (" + std::to_string(percent) + "%)";
  std::fputs((terminal_ ? "\r" + line + "\x1b[K" : line + "\n").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace annals::cli
