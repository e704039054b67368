#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/relay/relay_checkpoints.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "cli/program.hpp"
#include "cluster.hpp"
#include "counters.hpp"

namespace annals::chaos {

/// A log that is written to, and two relays in processes of their own that publish it to a topic of
/// its own, while everything they rest on is killed, frozen and cut off.
class Turmoil {
 public:
  /// `weakness`: what the processes are told to forget, empty for nothing.
  Turmoil(Cluster& cluster, std::uint64_t seed, std::string weakness = {});

  /// Chaos for so long; then everything is let go on, until all that was written is published.
  void go_on_for(std::chrono::milliseconds time);

  /// What is wrong with what has come of it; nothing is as it should be. After go_on_for().
  std::vector<std::string> problems();

  const Counters& counters() const { return counters_; }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  /// A process that is started again when it has ended.
  struct Relay {
    std::unique_ptr<test::Program> program;
    std::optional<Moment> frozen_until = {};
  };

  void start(Relay& relay);
  /// Reads what it has said in its life; nothing goes on of it.
  void bury(Relay& relay);
  void kill(Relay& relay);
  void freeze(Relay& relay);
  void let_go_on(Relay& relay, bool all);
  /// The one that leads, as the checkpoint says; any if nobody does.
  Relay& leader();
  void trouble_one();
  void until_published();
  std::uint64_t epoch();

  Cluster& cluster_;
  const std::string weakness_;
  std::mt19937_64 random_;
  const testkit::TemporaryFolder folder_;
  const std::string topic_;
  const std::string database_;
  std::unique_ptr<EventStore> store_;
  std::unique_ptr<RelayCheckpoints> checkpoints_;
  std::vector<Relay> relays_;
  Counters counters_;
};

}  // namespace annals::chaos
