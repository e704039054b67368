#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <variant>

#include <annals/aggregates/state_loader.hpp>
#include <annals/commands/bus_options.hpp>

#include "job.hpp"

namespace annals::internal {

using Answer = Result<CommandReceipt>;

/// The tries of commands: everything between having one's lanes and having an answer, but for the
/// append itself, which senders wait for and workers do not. Thread-safe for different jobs.
class Attempts {
 public:
  Attempts(EventStore& store, StateLoader& loader, const RetryPolicy& policy);

  /// Looks up the first receipt (first try only), loads, decides, folds the new events into the
  /// cached states. Gives what is to be appended next, or the answer if there is nothing to append.
  /// REQUIRES: the job holds its lanes.
  std::variant<AppendRequest, Answer> begin(Job& job);

  /// Makes the answer out of how the append went; nothing if the job must begin() again, after
  /// delay().
  std::optional<Answer> conclude(Job& job, Result<Receipt> result);

  /// How long to wait before the next try: a random time that grows with the tries.
  std::chrono::microseconds delay(const Job& job);

  std::atomic<std::uint64_t> conflicts = 0;
  std::atomic<std::uint64_t> cache_hits = 0;
  std::atomic<std::uint64_t> cache_misses = 0;

 private:
  std::optional<Answer> first_receipt(const Job& job);
  Result<void> load(Job& job);
  Result<void> load_aggregate(Job& job, std::size_t aggregate);
  void take_cut(Job& job);
  Result<Decision> decide(const Job& job) const;
  Result<void> evolve(Job& job, const Decision& decision);
  void forget_evolved(Job& job);
  Answer accept(Job& job, Receipt receipt);
  std::optional<Answer> settle_unknown(Job& job, Error error);
  Error blamed(const Job& job, const char* function, const char* what) const;

  EventStore& store_;
  StateLoader& loader_;
  const RetryPolicy policy_;
  const std::uint32_t tries_max_;
  std::mutex random_mutex_;
  std::mt19937_64 random_;  // Guarded by random_mutex_.
};

}  // namespace annals::internal
