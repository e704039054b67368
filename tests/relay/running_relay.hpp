#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include <annals/relay/relay.hpp>

namespace annals::relay_test {

/// A relay on a thread of its own, stopped with the object.
class RunningRelay {
 public:
  RunningRelay(const EventStore& store, RelayCheckpoints& checkpoints, RelayOptions options) {
    auto made = make_relay(store, checkpoints, std::move(options));
    EXPECT_TRUE(made) << made.error().message;
    relay_ = *std::move(made);
    thread_ = std::thread([this] { ended_ = relay_->run(); });
  }
  ~RunningRelay() {
    if (thread_.joinable()) static_cast<void>(stop());
  }
  RunningRelay(const RunningRelay&) = delete;
  RunningRelay& operator=(const RunningRelay&) = delete;

  const Relay& relay() const { return *relay_; }
  RelayStatus status() const { return relay_->status(); }
  /// Fails the test if it does not come about within two minutes.
  bool until(const std::function<bool(const RelayStatus&)>& reached) const {
    const auto longest = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!reached(relay_->status())) {
      if (std::chrono::steady_clock::now() > longest) {
        ADD_FAILURE() << "at position " << relay_->status().position.value << ": "
                      << relay_->status().last_error;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  bool until_published(GlobalPosition position) const {
    return until([&](const RelayStatus& status) { return status.position >= position; });
  }
  /// What run() returned.
  Result<void> stop() {
    relay_->stop();
    return wait();
  }
  Result<void> wait() {
    thread_.join();
    return ended_;
  }

 private:
  std::unique_ptr<Relay> relay_;
  Result<void> ended_;
  std::thread thread_;
};

}  // namespace annals::relay_test
