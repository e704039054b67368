#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>

#include "projections_postgres/tally.hpp"

namespace annals::warehouse {

/// Move `number` of the work of a seed, as an append with its own id. Who appends and who checks
/// make the same.
GoodsMoved move_of(std::uint64_t seed, std::uint64_t number);
AppendRequest request_of(std::uint64_t seed, std::uint64_t number);

/// How an append came about.
struct Settled {
  Receipt receipt;
  int unknown = 0;  ///< Answers that were lost and found by its id.
  int refused = 0;  ///< Tries of which nothing was written.
};
/// Appends under the request's id until it is recorded, as a service does that must not lose it.
/// Fails with what is worth no other try.
Result<Settled> append_at_last(EventStore& store, const AppendRequest& request);

/// What the world was told. Thread-safe.
class Acknowledged {
 public:
  struct Place {
    GlobalPosition position;
    Link link;
    bool operator==(const Place&) const = default;
  };
  /// Another place than the first time fails the test. Returns whether it is new.
  bool add(std::uint64_t number, const Place& place);
  std::uint64_t count() const;
  /// The first number that is not there.
  std::uint64_t first_missing() const;
  std::map<std::uint64_t, Place> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Place> places_;  // Guarded by mutex_.
};

/// Everything acknowledged is in the store, at its place, and nothing is there twice. Returns the
/// numbers that are there.
std::vector<std::uint64_t> expect_kept(const EventStore& store, const Acknowledged& acknowledged);

/// Stock and Tally have counted each of these moves once.
void expect_counted_once(const ReadModelStore& rows, std::uint64_t seed,
                         const std::vector<std::uint64_t>& numbers);

}  // namespace annals::warehouse
