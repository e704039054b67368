#include "measurement.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>

namespace annals::bench {

namespace {

volatile std::sig_atomic_t interrupt_raised = 0;

void note(int signal) {
  interrupt_raised = 1;
  std::signal(signal, SIG_DFL);  // The second one ends the process.
}

}  // namespace

bool Deadline::over() const { return interrupted() || Clock::now() >= end_; }

void catch_interrupts() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

bool interrupted() { return interrupt_raised != 0; }

double Latencies::percentile(double share) const {
  if (us_.empty()) return 0;
  std::vector<float> sorted = us_;
  const auto index = static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share);
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(sorted.begin(), place, sorted.end());
  return *place;
}

Measurement median(std::vector<Measurement> runs) {
  std::sort(runs.begin(), runs.end(), [](const Measurement& a, const Measurement& b) {
    return a.events_per_second < b.events_per_second;
  });
  return runs[(runs.size() - 1) / 2];
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

}  // namespace annals::bench
