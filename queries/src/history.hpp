#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/queries/query_type.hpp>

namespace annals::internal {

/// What a query bus can tell about the history that read models are of. Thread-safe.
class History {
 public:
  virtual ~History() = default;

  /// Where a reader's token stands in it. Errors: invalid_argument (another store), diverged.
  virtual Result<GlobalPosition> place_of(const Token& token, const QueryType& type) = 0;

  /// Whether the partitions of a projection belong to it. `of`: the history that is asked about;
  /// without a store in it, that of the first projection read, which is noted there.
  ///
  /// Errors: invalid_argument, diverged.
  virtual Result<void> check(const ProjectionType& projection,
                             std::span<const CheckpointRecord> records, Token& of) = 0;

  /// A position as a token. `of`: as check() has left it.
  virtual Token token_at(GlobalPosition position, const Token& of) const = 0;
};

/// The store itself is at hand.
class StoreHistory final : public History {
 public:
  StoreHistory(const EventStore& events, const ReadModelStore& rows);

  Result<GlobalPosition> place_of(const Token& token, const QueryType& type) override;
  Result<void> check(const ProjectionType& projection, std::span<const CheckpointRecord> records,
                     Token& of) override;
  /// With the era in which it was written: with the present one a token could seem newer than one
  /// of a later position.
  Token token_at(GlobalPosition position, const Token& of) const override;

 private:
  Result<void> check(const ProjectionType& projection, const CheckpointRecord& record);

  const EventStore& events_;
  const ReadModelStore& rows_;
  const StoreId store_;
  const std::vector<EraBegin> eras_;  // Of an open store they do not change.

  // The last checkpoints that were seen to agree with the log.
  std::mutex agreed_mutex_;
  std::map<std::pair<const ProjectionType*, std::uint32_t>, Checkpoint> agreed_;
};

/// Nothing is at hand but the read models: history is what their checkpoints say.
class RowsHistory final : public History {
 public:
  explicit RowsHistory(const ReadModelStore& rows) : rows_(rows) {}

  Result<GlobalPosition> place_of(const Token& token, const QueryType& type) override;
  Result<void> check(const ProjectionType& projection, std::span<const CheckpointRecord> records,
                     Token& of) override;
  Token token_at(GlobalPosition position, const Token& of) const override;

 private:
  const ReadModelStore& rows_;
};

}  // namespace annals::internal
