#include "read_side.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include <annals/projections/sqlite_read_model_store.hpp>

#include "progress.hpp"
#include "read_models.hpp"

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;
using std::chrono::steady_clock;

Result<std::unique_ptr<ReadSide>> ReadSide::open(annals::EventStore& events,
                                                 const Session& session) {
  auto rows = session.open_read_models();
  if (!rows) return std::move(rows).error();
  std::unique_ptr<ReadSide> side(new ReadSide);
  side->events_ = &events;
  side->rows_ = std::move(*rows);
  if (!session.followed) {
    side->runner_ = std::make_unique<annals::ProjectionRunner>(events, *side->rows_);
    if (auto added = side->project(session.partitions); !added) return std::move(added).error();
  }
  annals::QueryOptions options;
  options.scratch = [] { return annals::open_sqlite_read_models({}); };
  side->queries_ = std::make_unique<annals::QueryBus>(events, *side->rows_, options);
  return side;
}

Result<void> ReadSide::project(std::uint32_t partitions) {
  auto records = rows_->records();
  if (!records) return std::move(records).error();
  for (const annals::ProjectionType* projection :
       {&annals::projection_type_of<Balances>(), &annals::projection_type_of<Customers>(),
        &annals::projection_type_of<DailyTotals>(), &annals::projection_type_of<Statements>()}) {
    std::uint32_t count = std::max(partitions, 1U);
    // Split by a rebuild, for instance; and what hand-written SQL has made cannot be.
    for (const annals::CheckpointRecord& record : *records) {
      if (partitions == 0 && record.projection == projection->name) count = record.partition.count;
    }
    if (projection->sql_count > 0) count = 1;
    if (auto added = runner_->add(*projection, count); !added) return added;
  }
  return {};
}

Result<void> ReadSide::catch_up() {
  const annals::GlobalPosition head = events_->head().position;
  std::optional<Progress> progress;
  std::uint64_t least = 0;
  auto moved_at = steady_clock::now();
  constexpr const char* projections[] = {Balances::name, Customers::name, DailyTotals::name,
                                         Statements::name};
  for (std::size_t reached = 0; reached < std::size(projections);) {
    reached = 0;
    std::uint64_t now_least = head.value;
    for (const char* projection : projections) {
      auto record =
          rows_->wait(projection, head, steady_clock::now() + std::chrono::milliseconds(100));
      if (!record) return std::move(record).error();
      const std::uint64_t at = *record ? (*record)->position().value : 0;
      now_least = std::min(now_least, at);
      if (at >= head.value) {
        ++reached;
      } else if (*record && !(*record)->failure.empty()) {
        return Error{.code = ErrorCode::unavailable, .message = (*record)->failure};
      } else if (*record && (*record)->paused) {
        return Error{.code = ErrorCode::unavailable,
                     .message = "projection " + std::string(projection) +
                                " is paused at position " + std::to_string(at) + " of " +
                                std::to_string(head.value) +
                                "; 'bank admin projections resume' lets it go on"};
      }
    }
    if (now_least > least) moved_at = steady_clock::now();
    least = now_least;
    if (steady_clock::now() - moved_at > std::chrono::minutes(1)) {
      return Error{.code = ErrorCode::timeout,
                   .message = "the read models stand at position " + std::to_string(least) +
                              " of " + std::to_string(head.value) + " and do not move"};
    }
    if (reached < std::size(projections)) {
      if (!progress) progress.emplace("Events projected", head.value);
      progress->show(least);
    }
  }
  return {};
}

Result<Reading> Reading::begin(const Session& session) {
  auto events = session.open(Access::read);
  if (!events) return std::move(events).error();
  Reading reading{.events = std::move(*events), .side = nullptr};
  auto side = ReadSide::open(*reading.events, session);
  if (!side) return std::move(side).error();
  reading.side = std::move(*side);
  return reading;
}

Result<Reading> Reading::open(const Session& session) {
  auto reading = begin(session);
  if (!reading) return reading;
  if (auto caught_up = reading->side->catch_up(); !caught_up) return std::move(caught_up).error();
  return reading;
}

}  // namespace bank
