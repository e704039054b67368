/// @file
/// What is measured, and with what clock.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace annals::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Says when a measurement is over: its time has passed, or the user pressed Ctrl-C.
class Deadline {
 public:
  explicit Deadline(double seconds)
      : end_(Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}
  bool over() const;

 private:
  Clock::time_point end_;
};

/// From now on SIGINT and SIGTERM end measurements, so that the stores are removed.
void catch_interrupts();
bool interrupted();

/// How long single operations took.
class Latencies {
 public:
  void add(Clock::duration took) {
    us_.push_back(std::chrono::duration<float, std::micro>(took).count());
  }
  void add(const Latencies& other) { us_.insert(us_.end(), other.us_.begin(), other.us_.end()); }
  bool empty() const { return us_.empty(); }
  /// Microseconds that this share of the operations stayed below; 0 if there were none.
  double percentile(double share) const;

 private:
  std::vector<float> us_;
};

/// One engine doing one workload once.
struct Measurement {
  std::string engine;
  unsigned threads = 1;
  std::uint64_t batch = 1;  ///< Events of one call.
  std::uint64_t event_bytes = 0;
  std::uint64_t streams = 0;
  double events_per_second = 0;
  double p50_us = 0;  ///< Of one call.
  double p99_us = 0;
  double syncs_per_second = 0;  ///< Where the engine tells; 0 if nothing is written.
  double bytes_per_sync = 0;
  std::optional<double> appends_beside_per_second{};  ///< By another thread, where one appends.
  double cpu_us_per_event = 0;       ///< Of this process; 0 where it is not measured.
  const char* durability = nullptr;  ///< If it is not the engine's usual one.
};

/// The one in the middle by events per second. REQUIRES: not empty.
Measurement median(std::vector<Measurement> runs);
double median(std::vector<double> values);

}  // namespace annals::bench
