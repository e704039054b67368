#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <annals/relay/relay_checkpoints.hpp>

namespace annals::internal {

/// The right to relay a topic: claimed when it is free, held by writing the record again and again,
/// lost when another relay has raised the epoch. No clock of another machine counts: a lease has
/// run out when whoever wants it has seen the same revision for the whole of it.
///
/// Belongs to one thread.
class RelayLease {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Clock = std::function<Moment()>;

  RelayLease(RelayCheckpoints& checkpoints, std::string topic, std::chrono::milliseconds lease);

  /// Takes the right if nobody has it, its holder is known to be dead, or the lease has run out. In
  /// the record of a topic that is new, `begin` is the checkpoint. False: somebody else holds it.
  /// `clock` is asked before and behind the reading, which may take long.
  ///
  /// Errors: those of RelayCheckpoints.
  Result<bool> claim(const Checkpoint& begin, const Clock& clock);
  /// Writes record(), as its owner has changed it, and so renews the lease. False: another relay
  /// has taken over, and nothing was written.
  ///
  /// Errors: unavailable (nothing is known; the lease goes on running).
  Result<bool> save(Moment now);
  /// Gives the right back, if it is still ours, with what record() says.
  void release(Moment now);

  /// Says whether nobody can have taken over yet: false once the last successful write is as long
  /// ago as the lease.
  bool holds(Moment now) const;
  /// What is kept, as last seen.
  const std::optional<RelayRecord>& seen() const { return seen_; }
  /// Whoever holds it now, as last seen.
  std::optional<Holder> holder() const { return seen_ ? seen_->holder : std::nullopt; }
  std::uint64_t epoch() const { return seen_ ? seen_->epoch : 0; }
  /// How far he has come.
  GlobalPosition position() const {
    return seen_ ? seen_->checkpoint.token.position : GlobalPosition{};
  }

  // What is kept; after a claim. save() sets revision and time.
  RelayRecord& record() { return record_; }
  const RelayRecord& record() const { return record_; }

 private:
  Result<bool> write(RelayRecord next, Moment now);

  RelayCheckpoints& checkpoints_;
  const std::string topic_;
  const std::chrono::milliseconds lease_;
  const Holder me_;
  RelayRecord record_;
  std::optional<RelayRecord> seen_;   // As it stands in the place.
  Moment seen_at_;                    // When that revision had been seen.
  std::optional<Moment> held_since_;  // The beginning of the last successful write.
};

}  // namespace annals::internal
