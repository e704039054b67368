#include "projector.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "batch_fold.hpp"
#include "parked_retry.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;

// How often a projector that has nothing to do looks whether it was paused or forgiven, and how
// late it sees what another process has appended.
constexpr milliseconds look_every(500);
constexpr milliseconds idle_pause(100);
// Progress without rows waits to be written; who needs it at once is noticed this late.
constexpr milliseconds unwritten_pause(5);
constexpr milliseconds stand_by_pause(100);

bool is_ours(const CheckpointRecord& record, const Projector::Setup& setup) {
  return record.projection == setup.projection.name && record.partition == setup.partition;
}

// An error that names the event whose fold or SQL failed.
bool is_of_an_event(const Error& error) { return error.position.has_value(); }

// Somebody else's by now, or to be done again later.
bool ends_a_try(ErrorCode code) {
  return code == ErrorCode::wrong_expected_version || code == ErrorCode::outcome_unknown ||
         code == ErrorCode::unavailable || code == ErrorCode::timeout;
}

// What ends when the read model is made anew, or made to fit again.
bool is_misfit(ErrorCode code) {
  return code == ErrorCode::invalid_argument || code == ErrorCode::unsupported ||
         code == ErrorCode::diverged;
}

// What no row can hold is the fault of some event of the batch.
bool is_of_rows(const Error& error) {
  const bool of_rows = error.code == ErrorCode::invalid_argument ||
                       (error.code == ErrorCode::corrupt && !error.place);
  return of_rows && !error.position;
}

// The last one stands for them until they are taken append by append.
Error of_events(Error error, const Batch& batch) {
  if (!is_of_rows(error)) return error;
  error.position = batch.events[batch.events.size() - 1].position;
  error.message += " (in the append at position " + to_string(*error.position) + ")";
  return error;
}

}  // namespace

Projector::Projector(Setup setup)
    : setup_(std::move(setup)),
      holder_(setup_.share != nullptr ? setup_.share->worker() : make_holder()),
      parking_(setup_.projection, setup_.options.tries_max, setup_.options.parked_limits) {}

Projector::~Projector() { release(); }

void Projector::release() {
  subscription_.reset();
  // If it cannot be given back it runs out.
  if (claim_) static_cast<void>(setup_.rows.release(*claim_));
  claim_.reset();
}

void Projector::forget_claim() {
  subscription_.reset();
  claim_.reset();
  passed_.reset();
}

void Projector::forget_failure() {
  halted_.reset();
  halt_recorded_ = false;
  tries_ = 0;
}

bool Projector::was_forgiven() const {
  const bool misfit = !halt_recorded_ && is_misfit(halted_->code);
  if (!halt_recorded_ && !misfit) return false;
  auto records = setup_.rows.records();
  if (!records) return false;
  for (const CheckpointRecord& record : *records) {
    if (!is_ours(record, setup_)) continue;
    if (misfit) return fits(record);
    return record.failure.empty() && !(record.holder && may_be_alive(*record.holder));
  }
  return false;
}

bool Projector::fits(const CheckpointRecord& record) const {
  return check_definition(setup_.projection, setup_.partition, &record, {}) &&
         (!record.checkpoint || setup_.events.resume(*record.checkpoint));
}

milliseconds Projector::backoff() {
  const int doublings = std::min(failures_in_a_row_++, 20);
  return std::min(setup_.options.retry_first * (1 << doublings), setup_.options.retry_max);
}

Projector::Step Projector::step() {
  if (halted_) {
    if (!was_forgiven()) return {ProjectionActivity::halted, look_every, to_string(*halted_)};
    forget_failure();
  }
  if (claim_ && setup_.share != nullptr && setup_.share->is_taken_away(setup_.partition)) {
    // What was folded and not committed is another worker's to do.
    release();
  }
  if (!claim_) {
    if (auto claimed = take_claim(); !claimed) {
      if (claimed.error().code == ErrorCode::unavailable) {
        if (setup_.share != nullptr) place_ = setup_.share->position_of(setup_.partition);
        return {ProjectionActivity::standing_by, stand_by_pause, claimed.error().message};
      }
      return not_begun(std::move(claimed).error());
    }
    if (auto taken_up = take_up(); !taken_up) return not_begun(std::move(taken_up).error());
  }
  if (Clock::now() - looked_at_ >= look_every) {
    if (auto looked = look_at_record(); !looked) return failed(std::move(looked).error());
  }
  if (wanted_by_) {
    Step step{ProjectionActivity::standing_by, stand_by_pause,
              "given back to " + to_string(*std::exchange(wanted_by_, {})) + ", who asked for it"};
    release();
    return step;
  }
  if (paused_) return {ProjectionActivity::paused, look_every};
  if (parking_.keys().keys() > 0 && Clock::now() - wishes_seen_at_ >= look_every) {
    if (auto granted = grant_wishes(); !granted) return failed(std::move(granted).error());
  }
  if (!subscription_) {
    if (auto followed = follow(); !followed) return failed(std::move(followed).error());
  }
  auto step = project();
  if (!step) return failed(std::move(step).error());
  return *std::move(step);
}

Projector::Step Projector::not_begun(Error error) {
  Step step = failed(std::move(error));
  step.refused = step.reason.has_value();
  // Of another history its position says nothing.
  if (!step.refused && stored_) place_ = stored_->token.position;
  return step;
}

Result<void> Projector::take_claim() {
  if (setup_.share != nullptr) {
    if (auto may = setup_.share->may_claim(setup_.partition); !may) return may;
  }
  auto claim =
      setup_.rows.claim(setup_.projection, setup_.partition, holder_, setup_.options.lease);
  if (!claim) return std::move(claim).error();
  claim_ = *std::move(claim);
  return {};
}

Result<void> Projector::take_up() {
  auto record = setup_.rows.renew(*claim_, setup_.options.lease);
  if (!record) {
    // Without the record nothing is known of what others did meanwhile: parked, retried, paused.
    release();
    return std::move(record).error();
  }
  stored_ = record->checkpoint;
  resumed_.reset();
  passed_.reset();
  if (stored_) {
    auto resumed = setup_.events.resume(*stored_);
    if (!resumed) {
      release();
      Error error = std::move(resumed).error();
      if (error.code == ErrorCode::unavailable) return error;
      error.message = "projection " + std::string(setup_.projection.name) + " in " +
                      setup_.rows.name() +
                      " has seen another history than this source of events: " + error.message +
                      "; put the right two together, or rebuild the projection";
      return error;
    }
    resumed_ = {*resumed, record->cursor};
  }
  if (auto loaded = parking_.load(setup_.rows, *record); !loaded) {
    release();
    return loaded;
  }
  expect_wishes();
  place_ = record->position();
  heed(*record);
  looked_at_ = renewed_at_ = committed_at_ = Clock::now();
  return {};
}

Result<void> Projector::follow() {
  SubscriptionOptions options{.query = setup_.projection.query(setup_.options.upcasters),
                              .batch_events = careful_until_ ? 1 : setup_.options.batch_events};
  if (const auto& place = furthest()) {
    options.after = place->checkpoint;
    options.cursor = place->cursor;
  }
  auto subscription = setup_.events.subscribe(std::move(options));
  if (!subscription) return std::move(subscription).error();
  subscription_ = *std::move(subscription);
  if (setup_.wake) subscription_->on_ready(setup_.wake);
  return {};
}

Result<void> Projector::look_at_record() {
  const auto now = Clock::now();
  looked_at_ = now;
  if (now - renewed_at_ >= setup_.options.lease / 3) {
    auto record = setup_.rows.renew(*claim_, setup_.options.lease);
    if (!record) return std::move(record).error();
    renewed_at_ = now;
    heed(*record);
    return {};
  }
  auto records = setup_.rows.records();
  if (!records) return std::move(records).error();
  for (const CheckpointRecord& record : *records) {
    if (is_ours(record, setup_)) heed(record);
  }
  return {};
}

void Projector::heed(const CheckpointRecord& record) {
  paused_ = record.paused;
  wanted_by_ = record.wanted_by;
  if (wanted_by_ && (*wanted_by_ == holder_ || !may_be_alive(*wanted_by_))) wanted_by_.reset();
}

Result<Projector::Step> Projector::project() {
  auto batch = subscription_->next(milliseconds(0));
  if (!batch) return std::move(batch).error();
  const bool news = batch->complete_up_to > place_;
  if (!batch->events.empty()) {
    if (auto applied = apply(*batch); !applied) return std::move(applied).error();
  } else if (news) {
    passed_ = {batch->checkpoint(), batch->cursor};
  }
  place_ = batch->complete_up_to;
  failures_in_a_row_ = 0;
  if (careful_until_ && place_ >= *careful_until_) {
    careful_until_.reset();
    tries_ = 0;
    subscription_.reset();
  }
  if (passed_ && (setup_.rows.awaited(setup_.projection.name) ||
                  Clock::now() - committed_at_ >= setup_.options.progress_every)) {
    auto written = commit({.claim = *claim_,
                           .before = stored_,
                           .after = passed_->checkpoint,
                           .cursor = passed_->cursor});
    if (!written) return std::move(written).error();
  }
  if (paused_) return Step{ProjectionActivity::paused, look_every};
  if (place_ < setup_.events.head().position) {
    // What is known to be there may still be on its way.
    return Step{ProjectionActivity::catching_up, news ? milliseconds(0) : unwritten_pause};
  }
  return Step{ProjectionActivity::live, passed_ ? unwritten_pause : idle_pause};
}

Result<void> Projector::apply(const Batch& batch) {
  BatchFold fold(setup_.projection, setup_.options.upcasters, setup_.partition,
                 parking_.next_try());
  for (const RecordedEvent& event : batch.events) {
    if (auto added = fold.add(event); !added) return added;
  }
  auto folded = fold.fold(setup_.rows);
  if (fold.failed_at_a_row()) parking_.failed_at_a_row();
  if (folded) folded = parking_.admit(fold);
  if (!folded) return of_events(std::move(folded).error(), batch);
  ProjectedBatch projected{.claim = *claim_,
                           .before = stored_,
                           .after = batch.checkpoint(),
                           .cursor = batch.cursor,
                           .changes = fold.changes(),
                           .sql = fold.sql(),
                           .parked = fold.parked()};
  // Of another partition's rows, or of none.
  if (projected.changes.empty() && !projected.sql && projected.parked.empty()) {
    passed_ = {projected.after, projected.cursor};
  } else if (auto committed = commit(projected); !committed) {
    if (is_of_rows(committed.error())) parking_.failed_at_a_row();
    return of_events(std::move(committed).error(), batch);
  }
  parking_.committed(fold.parked());
  events_applied_ += fold.events();
  return {};
}

Result<void> Projector::commit(const ProjectedBatch& batch) {
  ProjectedBatch leased = batch;
  leased.lease = setup_.options.lease;
  auto record = setup_.rows.commit(leased);
  if (!record) return std::move(record).error();
  stored_ = record->checkpoint;
  resumed_ = {batch.after, batch.cursor};
  passed_.reset();
  heed(*record);
  looked_at_ = renewed_at_ = committed_at_ = Clock::now();
  return {};
}

Result<void> Projector::settle_parked() {
  if (auto claimed = take_claim(); !claimed) return claimed;
  if (auto taken_up = take_up(); !taken_up) return taken_up;
  return grant_wishes();
}

Result<void> Projector::grant_wishes() {
  wishes_seen_at_ = Clock::now();
  std::deque<ParkedRetry> retries;  // They do not move: folds point into them.
  {
    // Ended before anything is written: in memory there is one transaction at a time.
    auto transaction = setup_.rows.read();
    if (!transaction) return std::move(transaction).error();
    auto keys = keys_with_wishes(**transaction, setup_.projection.name);
    if (!keys) return std::move(keys).error();
    for (ParkedKey& key : *keys) {
      if (!parking_.keys().contains(key.row.table, key.row.key)) continue;
      auto events = parked_events(**transaction, setup_.projection.name, key.row);
      if (!events) return std::move(events).error();
      retries.emplace_back(setup_.projection, setup_.options.upcasters, std::move(key.row),
                           *std::move(events));
    }
  }
  for (ParkedRetry& retry : retries) {
    if (auto folded = retry.fold(setup_.events, setup_.rows); !folded) return folded;
    const auto commit_it = [&] {
      ProjectedBatch batch{.claim = *claim_,
                           .before = stored_,
                           .after = furthest()->checkpoint,
                           .cursor = furthest()->cursor};
      retry.add_to(batch);
      return commit(batch);
    };
    auto committed = commit_it();
    if (!committed && is_of_rows(committed.error())) {
      retry.fail(committed.error());
      committed = commit_it();
    }
    if (!committed) return committed;
    parking_.settled(retry.row(), retry.before(), retry.left());
  }
  return {};
}

Projector::Step Projector::retry_after(milliseconds pause, Error error) {
  ++retries_;
  return {ProjectionActivity::retrying, pause, std::move(error).message};
}

Projector::Step Projector::failed(Error error) {
  subscription_.reset();
  // What came before an event that fails is passed all the same.
  if (!is_of_an_event(error)) passed_.reset();
  place_ = furthest() ? furthest()->checkpoint.token.position : GlobalPosition{};
  if (error.code == ErrorCode::wrong_expected_version) {
    ++fenced_;
    forget_claim();
    return {ProjectionActivity::standing_by, stand_by_pause, error.message};
  }
  // Whether it was committed is seen when the checkpoint is read again.
  if (error.code == ErrorCode::outcome_unknown) {
    forget_claim();
    return retry_after(backoff(), std::move(error));
  }
  if (error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout) {
    return retry_after(backoff(), std::move(error));
  }
  if (parking_.is_tried_again() && claim_) {
    const auto pause = parking_.next_try_parks() ? milliseconds(0) : backoff();
    return retry_after(pause, std::move(error));
  }
  if (is_of_an_event(error) && claim_) {
    if (!careful_until_ || *careful_until_ < *error.position) {
      careful_until_ = error.position;  // What comes before it is applied first.
      return retry_after(milliseconds(0), std::move(error));
    }
    if (++tries_ < setup_.options.tries_max) {
      return retry_after(backoff(), std::move(error));
    }
  }
  if (claim_) {
    if (auto recorded = record_halt(error); !recorded) {
      Error why = std::move(recorded).error();
      why.message = to_string(error) + "; that it halts cannot be recorded: " + why.message;
      if (ends_a_try(why.code)) return failed(std::move(why));
    }
    release();
  }
  halted_ = error;
  return {ProjectionActivity::halted, look_every, to_string(error), std::move(error)};
}

// Others see how far it has come, and why it goes no farther.
Result<void> Projector::record_halt(const Error& error) {
  if (passed_) {
    ProjectedBatch progress{.claim = *claim_,
                            .before = stored_,
                            .after = passed_->checkpoint,
                            .cursor = passed_->cursor};
    if (auto written = commit(progress); !written) return std::move(written).error();
  }
  auto recorded = setup_.rows.halt(*claim_, to_string(error));
  halt_recorded_ = recorded.has_value();
  return recorded;
}

}  // namespace annals::internal
