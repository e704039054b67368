#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/rebuild.hpp>
#include <annals/queries/query_bus.hpp>

namespace annals::internal {

/// Read models as of cuts, folded when they are asked for and kept for a while. Thread-safe.
class CutCache {
 public:
  CutCache(const EventStore& events, const QueryOptions& options)
      : events_(events), options_(options) {}

  /// A read model at a cut. Nobody writes to it any more.
  struct Folded {
    std::unique_ptr<ReadModelStore> rows;
    Cut cut;
    /// In memory there is one reader at a time, and who waits long for his turn is refused: he
    /// waits here. A query that asks from within its answer does not wait for itself.
    mutable std::recursive_mutex reading = {};
  };
  /// Who asks for a cut that is being folded waits for it.
  ///
  /// Errors: invalid_argument (no scratch; claimed times), diverged, what folding gives.
  Result<std::shared_ptr<const Folded>> get(const QueryType& type, const Consistency& consistency);

  std::uint64_t folded() const;
  std::uint64_t found() const;

 private:
  struct Entry {
    std::string key;
    std::mutex folding;
    std::shared_ptr<const Folded> value;  // Guarded by `folding`.
  };

  Result<Cut> resolve(const AsOf& as_of) const;
  Result<std::shared_ptr<const Folded>> fold(const QueryType& type, const HistoryCut& cut) const;

  const EventStore& events_;
  const QueryOptions& options_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  // The latest used first.
  mutable std::uint64_t folded_ = 0;
  std::uint64_t found_ = 0;
};

}  // namespace annals::internal
