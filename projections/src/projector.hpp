#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_source.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/read_model_store.hpp>

#include "parking.hpp"
#include "share.hpp"

namespace annals::internal {

/// One partition of a projection from one source of events into one read-model store: a machine
/// that is stepped, and never waits for events. Belongs to one thread at a time.
class Projector {
 public:
  struct Setup {
    const EventSource& events;
    ReadModelStore& rows;
    const ProjectionType& projection;
    const RunnerOptions& options;
    /// Called, from any thread, when a step may have something to do. May be empty.
    std::function<void()> wake = {};
    Partition partition = {};
    /// Whose partition it is to be, and tells whether to claim it; none: it is, by itself.
    Share* share = nullptr;
  };
  explicit Projector(Setup setup);
  ~Projector();

  /// What a step came to, and when the next one makes sense.
  struct Step {
    ProjectionActivity activity = ProjectionActivity::starting;
    std::chrono::milliseconds pause{0};  ///< Until the next step; 0: at once.
    std::string error = {};              ///< Of standing_by, retrying and halted.
    /// halted: this is why. It goes on once the failure is forgotten, here or in the record.
    std::optional<Error> reason = {};
    /// halted, since the rows do not belong to this log or to this definition.
    bool refused = false;
  };
  Step step();

  /// Does what is wished for parked keys, and nothing else. Errors: as annals::settle_parked.
  Result<void> settle_parked();
  /// Somebody has wished something: the next step looks.
  void expect_wishes() { wishes_seen_at_ = {}; }

  /// Goes on after it has halted.
  void forget_failure();
  /// Gives the lease back.
  void release();

  GlobalPosition position() const noexcept { return place_; }
  std::uint64_t events_applied() const noexcept { return events_applied_; }
  std::uint64_t fenced() const noexcept { return fenced_; }
  std::uint64_t retries() const noexcept { return retries_; }
  std::uint64_t epoch() const noexcept { return claim_ ? claim_->epoch : 0; }
  const ParkedKeys& parked() const noexcept { return parking_.keys(); }
  bool has_claim() const noexcept { return claim_.has_value(); }

 private:
  using Clock = std::chrono::steady_clock;

  /// How far it has come, and where that is in the source.
  struct Place {
    Checkpoint checkpoint;
    std::string cursor;
  };

  /// Errors: unavailable (somebody else has it, or is to have it), others of ReadModelStore::claim.
  Result<void> take_claim();
  /// Goes on where the record says that whoever had it left off; if it cannot, it gives the claim
  /// back. REQUIRES: a claim.
  Result<void> take_up();
  /// What it came to when one of these two has failed.
  Step not_begun(Error error);
  Result<void> follow();
  Result<Step> project();
  /// The furthest place known, from which to go on.
  const std::optional<Place>& furthest() const { return passed_ ? passed_ : resumed_; }
  Result<void> apply(const Batch& batch);
  Result<void> commit(const ProjectedBatch& batch);
  Result<void> look_at_record();
  /// What the record says that others want.
  void heed(const CheckpointRecord& record);
  /// What is wished for parked keys, if anything.
  Result<void> grant_wishes();
  /// Halted, and somebody has cleared the failure in the record, or made one that we fit: a command
  /// line, a rebuild.
  bool was_forgiven() const;
  bool fits(const CheckpointRecord& record) const;
  Step failed(Error error);
  /// REQUIRES: a claim.
  Result<void> record_halt(const Error& error);
  Step retry_after(std::chrono::milliseconds pause, Error error);
  void forget_claim();
  std::chrono::milliseconds backoff();

  const Setup setup_;
  const Holder holder_;
  std::optional<Claim> claim_;
  std::unique_ptr<Subscription> subscription_;
  std::optional<Checkpoint> stored_;  // As it stands in the read model.
  std::optional<Place> resumed_;      // The same, moved to the source's present era.
  std::optional<Place> passed_;       // Beyond it: events that touch no row, not written yet.
  GlobalPosition place_;
  bool paused_ = false;
  std::optional<Holder> wanted_by_;  // Another worker's partition from now on.
  std::optional<Error> halted_;
  bool halt_recorded_ = false;  // In the read model, where others can clear it.
  Clock::time_point committed_at_;
  Clock::time_point looked_at_;
  Clock::time_point renewed_at_;

  // After a fold has failed, appends are taken one by one until the one that failed is behind.
  std::optional<GlobalPosition> careful_until_;
  int tries_ = 0;
  int failures_in_a_row_ = 0;

  Parking parking_;
  Clock::time_point wishes_seen_at_;

  std::uint64_t events_applied_ = 0;
  std::uint64_t fenced_ = 0;
  std::uint64_t retries_ = 0;
};

}  // namespace annals::internal
