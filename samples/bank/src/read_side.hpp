/// @file
/// The bank's read side: its read models, what keeps them up to date, and what asks them.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/queries/query_bus.hpp>

#include "session.hpp"

namespace bank {

/// Projects from a store into the session's read models, and answers queries. Where another process
/// of the bank does the projecting, this one waits for it; in a session that is `followed` it does
/// not even try to project.
class ReadSide {
 public:
  /// `events` must outlive it.
  ///
  /// Errors: as Session::open_read_models and ProjectionRunner::add.
  static annals::Result<std::unique_ptr<ReadSide>> open(annals::EventStore& events,
                                                        const Session& session);

  annals::QueryBus& queries() { return *queries_; }
  /// Nothing if others project.
  annals::ProjectionRunner* runner() { return runner_.get(); }
  annals::ReadModelStore& rows() { return *rows_; }

  /// Waits until everything that is in the log now is projected; tells on standard error how far it
  /// is if that takes long.
  ///
  /// Errors: unavailable (a projection has halted), timeout (nothing has moved for a minute).
  annals::Result<void> catch_up();

 private:
  ReadSide() = default;
  annals::Result<void> project(std::uint32_t partitions);

  annals::EventStore* events_ = nullptr;
  std::unique_ptr<annals::ReadModelStore> rows_;
  std::unique_ptr<annals::ProjectionRunner> runner_;
  std::unique_ptr<annals::QueryBus> queries_;
};

/// A bank's log, read beside whoever writes it, and its read side.
struct Reading {
  std::unique_ptr<annals::EventStore> events;
  std::unique_ptr<ReadSide> side;  // Ends before the log does.

  /// With the read side caught up. Errors: as begin() and ReadSide::catch_up.
  static annals::Result<Reading> open(const Session& session);
  /// Without waiting for that. Errors: as Session::open and ReadSide::open.
  static annals::Result<Reading> begin(const Session& session);
};

}  // namespace bank
