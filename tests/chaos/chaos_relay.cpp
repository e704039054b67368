// A relay as a process of its own, for those who kill and freeze it.
//
//   chaos_relay LOG BROKERS TOPIC POSTGRES-URL LEASE-MS [not-contiguous]
//
// Its checkpoint lies in that database. The last word makes it forget a promise, to see that it
// would be noticed. Prints a line whenever one of them changes:
//
//   ROLE CLAIMS LOST PRODUCERS
//
// how often it has become the leader, and how often it ceased to be without having been told to.

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>

#include "make_relay.hpp"

#include <sys/prctl.h>

namespace annals::chaos {
namespace {

std::atomic<bool> told_to_end = false;

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 1;
}

int run(char** words, internal::PlantedBug bug) {
  std::signal(SIGTERM, [](int) { told_to_end = true; });
  auto store = open_log_event_store({.path = words[1], .access = LogOptions::Access::read_only});
  if (!store) return fail(store.error());
  auto checkpoints = open_postgres_relay_checkpoints({.url = words[4], .schema = "annals_relay"});
  if (!checkpoints) return fail(checkpoints.error());
  RelayOptions options{.brokers = words[2], .topic = words[3], .partitions = 6};
  options.lease = std::chrono::milliseconds(std::atoi(words[5]));
  // Records wait for longer than a checkpoint does, so that there always are some in flight.
  options.checkpoint_every = std::chrono::milliseconds(50);
  options.settings = {{"linger.ms", "60"}};
  auto relay = internal::make_relay(**store, **checkpoints, options, bug);
  if (!relay) return fail(relay.error());
  Result<void> ended;
  std::atomic<bool> over = false;
  std::thread runner([&] {
    ended = (*relay)->run();
    over = true;
  });
  std::string told;
  RelayStatus::Role role = RelayStatus::Role::idle;
  std::uint64_t lost = 0;
  while (!over && !told_to_end) {
    const RelayStatus status = (*relay)->status();
    const bool led = role == RelayStatus::Role::leader;
    if (led && status.role != RelayStatus::Role::leader) ++lost;
    role = status.role;
    const std::string line = std::string(to_string(role)) + ' ' + std::to_string(status.claims) +
                             ' ' + std::to_string(lost) + ' ' + std::to_string(status.producers);
    if (line != told) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
      told = line;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  (*relay)->stop();
  runner.join();
  return ended ? 0 : fail(ended.error());
}

}  // namespace
}  // namespace annals::chaos

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Nobody is left behind by a test that is killed.
  using annals::internal::PlantedBug;
  if (argc < 6) return 2;
  const bool weak = argc > 6 && std::string(argv[6]) == "not-contiguous";
  return annals::chaos::run(argv, weak ? PlantedBug::checkpoint_not_contiguous : PlantedBug::none);
}
