#pragma once

#include <cstdint>
#include <string>

namespace annals::chaos {

/// What happened in a run: one in which these do not happen proves nothing.
struct Counters {
  std::uint64_t events = 0;    ///< In the log.
  std::uint64_t records = 0;   ///< In the topic that a consumer takes, watermarks too.
  std::uint64_t repeated = 0;  ///< In the topic, that a consumer drops.
  std::uint64_t brokers_killed = 0;
  std::uint64_t controllers_killed = 0;  ///< Of those.
  std::uint64_t brokers_stopped = 0;
  std::uint64_t brokers_frozen = 0;
  std::uint64_t databases_ended = 0;
  std::uint64_t connections_cut = 0;
  std::uint64_t relays_killed = 0;
  std::uint64_t relays_frozen = 0;
  std::uint64_t take_overs = 0;      ///< Of the relay's lease.
  std::uint64_t relays_fenced = 0;   ///< That found, going on, that another one leads.
  std::uint64_t producers_lost = 0;  ///< That failed, and were followed by others.
  std::uint64_t consumers_killed = 0;
  std::uint64_t consumers_frozen = 0;
  std::uint64_t dropped = 0;               ///< Records, by consumers, that they had taken already.
  std::uint64_t consumers_fenced = 0;      ///< Commits refused because another had taken over.
  std::uint64_t rebalances_with_work = 0;  ///< Partitions taken away with work left in them.

  Counters& operator+=(const Counters& other);
};

std::string to_string(const Counters& counters);

}  // namespace annals::chaos
