#include "history.hpp"

#include <algorithm>

namespace annals::internal {

namespace {

std::string name_of(const ProjectionType& projection) {
  return "projection " + std::string(projection.name);
}

Error another_history(const ProjectionType& projection, const ReadModelStore& rows, Error error) {
  error.message = name_of(projection) + " in " + rows.name() +
                  " has seen another history than this event store: " + error.message +
                  "; put the right two together, or rebuild the projection";
  return error;
}

std::string history_of(const Token& token) {
  return "store " + to_string(token.store) + ", era " + std::to_string(token.era.value);
}

}  // namespace

StoreHistory::StoreHistory(const EventStore& events, const ReadModelStore& rows)
    : events_(events), rows_(rows), store_(events.token().store), eras_(events.stats().eras) {}

Result<GlobalPosition> StoreHistory::place_of(const Token& token, const QueryType&) {
  auto resumed = events_.resume(Checkpoint{token});
  if (!resumed) return std::move(resumed).error();
  return resumed->token.position;
}

Result<void> StoreHistory::check(const ProjectionType& projection,
                                 std::span<const CheckpointRecord> records, Token&) {
  // Each of its partitions has its own place in the history.
  for (const CheckpointRecord& record : records) {
    if (!record.checkpoint) continue;
    if (auto agrees = check(projection, record); !agrees) return agrees;
  }
  return {};
}

Result<void> StoreHistory::check(const ProjectionType& projection, const CheckpointRecord& record) {
  const Checkpoint& checkpoint = *record.checkpoint;
  const std::pair part(&projection, record.partition.index);
  {
    const std::lock_guard lock(agreed_mutex_);
    const auto agreed = agreed_.find(part);
    if (agreed != agreed_.end() && agreed->second == checkpoint) return {};
  }
  auto resumed = events_.resume(checkpoint);
  if (!resumed) return another_history(projection, rows_, std::move(resumed).error());
  const std::lock_guard lock(agreed_mutex_);
  agreed_.insert_or_assign(part, checkpoint);
  return {};
}

Token StoreHistory::token_at(GlobalPosition position, const Token&) const {
  Token token{store_, eras_.front().era, position};
  for (const EraBegin& begin : eras_) {
    if (begin.begins_after < position) token.era = begin.era;
  }
  return token;
}

Result<GlobalPosition> RowsHistory::place_of(const Token& token, const QueryType& type) {
  // Before it is waited for: what will never come must not time out.
  auto records = rows_.records();
  if (!records) return std::move(records).error();
  for (const CheckpointRecord& record : *records) {
    if (!record.checkpoint) continue;
    const bool asked = std::any_of(
        type.projections.begin(), type.projections.end(),
        [&](const ProjectionType* projection) { return projection->name == record.projection; });
    if (!asked) continue;
    const Token& seen = record.checkpoint->token;
    const std::string both = "the token is of " + history_of(token) + ", and projection " +
                             record.projection + " in " + rows_.name() + " of " + history_of(seen);
    if (seen.store != token.store) {
      return Error{.code = ErrorCode::invalid_argument, .message = both};
    }
    if (seen.era != token.era) {
      return Error{.code = ErrorCode::diverged,
                   .message = both +
                              ": without the event store it cannot be told how the two lie "
                              "to each other"};
    }
  }
  return token.position;
}

Result<void> RowsHistory::check(const ProjectionType& projection,
                                std::span<const CheckpointRecord> records, Token& of) {
  for (const CheckpointRecord& record : records) {
    if (!record.checkpoint) continue;
    const Token& seen = record.checkpoint->token;
    if (of.store == StoreId{}) of = seen;
    if (of.store == seen.store && of.era == seen.era) continue;
    const bool same = of.store == seen.store;
    return Error{.code = same ? ErrorCode::diverged : ErrorCode::invalid_argument,
                 .message = name_of(projection) + " in " + rows_.name() + " is of " +
                            history_of(seen) + ", not of " + history_of(of)};
  }
  return {};
}

Token RowsHistory::token_at(GlobalPosition position, const Token& of) const {
  return {of.store, of.era, position};
}

}  // namespace annals::internal
