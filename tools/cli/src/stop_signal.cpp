#include "stop_signal.hpp"

namespace annals::cli {

namespace {

volatile std::sig_atomic_t stop_raised = 0;

void note(int /*signal*/) { stop_raised = 1; }

}  // namespace

StopSignal::StopSignal() {
  stop_raised = 0;
  struct sigaction action {};
  action.sa_handler = note;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &interrupt_before_);
  ::sigaction(SIGTERM, &action, &terminate_before_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &interrupt_before_, nullptr);
  ::sigaction(SIGTERM, &terminate_before_, nullptr);
}

bool StopSignal::raised() const { return stop_raised != 0; }

}  // namespace annals::cli
