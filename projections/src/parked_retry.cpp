#include "parked_retry.hpp"

#include <algorithm>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "projector.hpp"

namespace annals::internal {

namespace {

bool may_pass(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::timeout ||
         code == ErrorCode::outcome_unknown;
}

}  // namespace

ParkedRetry::ParkedRetry(const ProjectionType& projection, const Upcasters& upcasters,
                         ParkedRow row, std::vector<ParkedEvent> events)
    : projection_(projection), upcasters_(upcasters), row_(std::move(row)) {
  for (ParkedEvent& event : events) {
    event.skipped = event.wish == ParkedWish::skip || event.wish == ParkedWish::skip_all;
    (event.skipped ? skipped_ : tried_).push_back(std::move(event));
  }
}

Result<void> ParkedRetry::read(const EventSource& history) {
  std::vector<GlobalPosition> positions;
  for (const ParkedEvent& event : tried_) positions.push_back(event.position);
  auto found = history.find(projection_.query(upcasters_), positions);
  if (!found) return std::move(found).error();
  read_ = *std::move(found);
  recorded_.assign(tried_.size(), nullptr);
  const RecordedEvent* event = read_.begin();
  for (std::size_t i = 0; i < tried_.size(); ++i) {
    while (event != read_.end() && event->position < tried_[i].position) ++event;
    if (event != read_.end() && event->position == tried_[i].position) recorded_[i] = event;
  }
  return {};
}

Result<void> ParkedRetry::fold(const EventSource& history, ReadModelStore& rows) {
  if (tried_.empty()) return {};
  if (auto done = read(history); !done) {
    if (may_pass(done.error().code)) return done;
    stop_at(0, to_string(done.error()));
    return {};
  }
  fold_.emplace(projection_, upcasters_, Partition{},
                ParkingMode{.park_after_tries = 1, .only = &row_});
  std::size_t added = 0;
  std::string failure;
  for (; added < tried_.size() && failure.empty(); ++added) {
    if (recorded_[added] == nullptr) {
      failure = "the event at position " + to_string(tried_[added].position) +
                " is not in the log, or not one that interests the projection any more";
    } else if (auto taken = fold_->add(*recorded_[added]); !taken) {
      failure = to_string(taken.error());
    }
    if (!failure.empty()) break;
  }
  if (auto folded = fold_->fold(rows); !folded) {
    if (may_pass(folded.error().code)) return folded;
    fail(folded.error());
    return {};
  }
  applied_ = added;
  if (!fold_->parked().empty()) {
    const ParkedEvent& first = fold_->parked().front();
    const auto place = std::find_if(tried_.begin(), tried_.end(), [&](const ParkedEvent& event) {
      return event.position == first.position;
    });
    stop_at(static_cast<std::size_t>(place - tried_.begin()), first.failure);
  } else if (!failure.empty()) {
    stop_at(added, failure);
  }
  return {};
}

void ParkedRetry::stop_at(std::size_t index, const std::string& failure) {
  applied_ = index;
  failed_ = tried_[index];
  failed_->failure = failure;
  ++failed_->tries;
}

void ParkedRetry::fail(const Error& error) {
  fold_.reset();
  applied_ = 0;
  failed_.reset();
  if (!tried_.empty()) stop_at(0, to_string(error));
}

void ParkedRetry::add_to(ProjectedBatch& batch) const {
  if (fold_) batch.changes = fold_->changes();
  batch.parked = skipped_;
  if (failed_) batch.parked.push_back(*failed_);
  batch.unparked.assign(tried_.begin(), tried_.begin() + static_cast<std::ptrdiff_t>(applied_));
}

}  // namespace annals::internal

namespace annals {

Result<void> settle_parked(const EventStore& events, ReadModelStore& rows,
                           const ProjectionType& projection, const Upcasters& upcasters) {
  auto records = rows.records();
  if (!records) return std::move(records).error();
  std::vector<ParkedKey> keys;
  {
    auto transaction = rows.read();
    if (!transaction) return std::move(transaction).error();
    auto wished = keys_with_wishes(**transaction, projection.name);
    if (!wished) return std::move(wished).error();
    keys = *std::move(wished);
  }
  const RunnerOptions options{.upcasters = upcasters};
  for (const CheckpointRecord& record : *records) {
    const Partition partition = record.partition;
    const bool any = std::any_of(keys.begin(), keys.end(), [&](const ParkedKey& key) {
      return key.key_hash % partition.count == partition.index;
    });
    if (record.projection != projection.name || !any) continue;
    internal::Projector projector({.events = events,
                                   .rows = rows,
                                   .projection = projection,
                                   .options = options,
                                   .partition = partition});
    if (auto settled = projector.settle_parked(); !settled) return settled;
  }
  return {};
}

}  // namespace annals
