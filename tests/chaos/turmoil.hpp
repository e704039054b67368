#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/relay/relay_checkpoints.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "cluster.hpp"
#include "counters.hpp"
#include "process.hpp"

namespace annals::chaos {

/// A promise that processes are made to forget.
enum class Weakness : std::uint8_t {
  none,
  checkpoint_not_contiguous,  ///< The relay's.
  position_not_checked,       ///< By consumers, of records.
  epoch_not_checked,          ///< By the read model, of who commits.
};

/// A log that is written to; two relays that publish it to a topic of its own; three consumers that
/// project that into PostgreSQL, as a group and from all partitions: all processes of their own,
/// which are killed, frozen and cut off like everything they rest on.
class Turmoil {
 public:
  Turmoil(Cluster& cluster, std::uint64_t seed, Weakness weakness = Weakness::none);

  /// Chaos for so long; then everything is let go on, until all that was written is in the read
  /// models, or it has taken `patience`.
  void go_on_for(std::chrono::milliseconds time, std::chrono::seconds patience);

  /// What is wrong with what has come of it; nothing is as it should be. After go_on_for(). Of rows
  /// that did not come to the end in time nothing is said.
  std::vector<std::string> problems();
  /// What did not come to the end in time, the last time.
  const std::vector<std::string>& stuck() const { return stuck_; }

  const Counters& counters() const { return counters_; }

 private:
  void add_relays(Weakness weakness);
  void add_consumers(Weakness weakness);
  std::vector<Process*> all();
  /// The relay that leads, as the checkpoint says; any if none does.
  Process& leader();
  Process& any_of(std::vector<Process>& processes);
  void trouble_one();
  void freeze(Process& process, std::chrono::milliseconds least, std::uint64_t& count);
  /// False, and a note of it, if it takes longer.
  bool until_published(std::chrono::steady_clock::time_point longest);
  void until_projected(std::chrono::steady_clock::time_point longest);
  void check_topic();
  void check_read_models();

  Cluster& cluster_;
  std::mt19937_64 random_;
  const testkit::TemporaryFolder folder_;
  const std::string topic_;
  const std::string database_;
  std::unique_ptr<EventStore> store_;
  std::unique_ptr<RelayCheckpoints> checkpoints_;
  std::unique_ptr<ReadModelStore> read_models_;
  std::vector<Process> relays_;
  std::vector<Process> consumers_;
  std::vector<std::string> stuck_;
  Counters counters_;
};

}  // namespace annals::chaos
