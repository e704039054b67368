/// @file
/// A store's history in Kafka, and the processes that make tables of it.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"
#include "relay/running_relay.hpp"

namespace bank {

/// Over what a history is spread.
struct Spread {
  std::uint32_t partitions = 1;  ///< Of the topic.
  int processes = 1;
  bool in_group = true;  ///< Otherwise one process reads all partitions, and the others stand by.
};
/// "12 partitions, 4 processes in a group".
std::string to_string(const Spread& spread);
/// 1, 3 and 12 partitions, by 1 to 4 processes in a group.
std::vector<Spread> every_spread();

/// A new topic to which a relay publishes a store, now and as it grows, and processes that follow
/// it. What goes wrong fails the test.
class FollowedTopic {
 public:
  /// `events` must outlive it.
  FollowedTopic(const annals::EventStore& events, const Spread& spread);

  /// Starts the processes: the words of their program, and behind them --brokers and --topic, and
  /// in a group --group.
  void follow(std::vector<std::string> words);
  /// Waits until every process that can have a partition has one, of all that is shared in `rows`,
  /// so that what the store takes from now on is shared.
  void wait_until_shared(const annals::ReadModelStore& rows) const;
  /// Waits until these projections have come to the head of the store.
  void wait_for_head(const annals::ReadModelStore& rows,
                     std::initializer_list<std::string_view> projections) const;

 private:
  const annals::EventStore& events_;
  const Spread spread_;
  const annals::RelayOptions options_;
  const annals::testkit::TemporaryFolder folder_;
  const std::unique_ptr<annals::RelayCheckpoints> checkpoints_;
  annals::relay_test::RunningRelay relay_;
  std::vector<std::unique_ptr<ChildProcess>> processes_;
};

}  // namespace bank
