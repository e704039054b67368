#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include <annals/eventstore/event_store.hpp>

namespace annals::chaos {

/// Threads that book on accounts, now and then on two in one append, until they are stopped. Each
/// has accounts of its own, so that it knows how many bookings they have. A failure is the test's.
class Writers {
 public:
  Writers(EventStore& store, std::uint64_t seed);
  ~Writers() { stop(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  void stop();

 private:
  void write(std::uint64_t writer, std::uint64_t seed);

  EventStore& store_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace annals::chaos
