#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>

#include "oracle.hpp"

namespace annals::simulation {

/// Answers questions about the log the slow way, by looking at every event that the oracle knows:
/// what a store with indexes must answer too.
class KnownLog {
 public:
  /// Gives a number below the bound.
  using Dice = std::function<std::uint64_t(std::uint64_t bound)>;

  /// The oracle must outlive it.
  explicit KnownLog(const Oracle& oracle) : oracle_(oracle) {}

  GlobalPosition head() const { return {oracle_.log().size()}; }
  /// Whether an event beyond `after` matches.
  bool any_match(const Query& query, GlobalPosition after) const;

  /// Any of the streams, categories, types and tags that there are, or that there are not.
  Query random_query(const Dice& dice) const;
  /// One stream, several of them, a category, a type, a tag or several; from a position or a
  /// version on; forward or backward; limited or not; as of a position or a time.
  ReadOptions random_read(const Dice& dice) const;

  struct Compared {
    std::size_t events = 0;
    std::optional<std::string> differs;
  };
  /// Asks the store and compares.
  Compared compare(const EventStore& store, const ReadOptions& options) const;

 private:
  const NewEvent& event(std::size_t index) const { return oracle_.event(oracle_.log()[index]); }
  std::string random_stream(const Dice& dice) const;
  /// How many events a read sees, of the log's beginning.
  std::size_t cut(const AsOf& as_of) const;
  /// Positions, in the order of the answer.
  std::vector<std::size_t> expected(const ReadOptions& options, std::size_t cut) const;

  const Oracle& oracle_;
};

std::string to_string(const ReadOptions& options);

}  // namespace annals::simulation
