#include "running_relay.hpp"

#include <atomic>
#include <utility>

#include <unistd.h>

namespace annals::bench {

std::string new_bench_topic() {
  static std::atomic<int> count = 0;
  return "annals-bench-" + std::to_string(::getpid()) + "-" +
         std::to_string(Clock::now().time_since_epoch().count()) + "-" + std::to_string(++count);
}

Result<std::unique_ptr<RunningRelay>> RunningRelay::start(const EventStore& store,
                                                          const Context& context,
                                                          RelayOptions options) {
  options.brokers = context.options.kafka;
  std::unique_ptr<RunningRelay> running(new RunningRelay);
  auto checkpoints = open_relay_checkpoint_folder(context.scratch.fresh("relay"));
  if (!checkpoints) return std::move(checkpoints).error();
  running->checkpoints_ = *std::move(checkpoints);
  auto relay = make_relay(store, *running->checkpoints_, std::move(options));
  if (!relay) return std::move(relay).error();
  running->relay_ = *std::move(relay);
  // What ends it early stands in its status.
  running->thread_ = std::thread([&relay = *running->relay_] { static_cast<void>(relay.run()); });
  return running;
}

RunningRelay::~RunningRelay() {
  if (relay_) relay_->stop();
  if (thread_.joinable()) thread_.join();
}

Result<void> RunningRelay::until_published(GlobalPosition position) const {
  RelayStatus last;
  auto moved_at = Clock::now();
  while (true) {
    const RelayStatus status = relay_->status();
    if (status.position >= position) return {};
    if (status.position > last.position) moved_at = Clock::now();
    last = status;
    if (seconds_since(moved_at) > 60 || interrupted()) {
      return Error{ErrorCode::timeout, "the relay stays at position " + to_string(status.position) +
                                           ": " + status.last_error};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace annals::bench
