#include "interruption.hpp"

#include <atomic>
#include <csignal>

namespace bank {

namespace {

std::atomic<bool> caught = false;

}  // namespace

void catch_interruptions() {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { caught.store(true); });
  }
}

bool interrupted() { return caught.load(); }

}  // namespace bank
