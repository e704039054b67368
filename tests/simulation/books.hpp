#pragma once

#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>

#include "oracle.hpp"

namespace annals::simulation {

/// A small store with always the same work, for tests that try a fault at every place there is. It
/// fills three segments.
class Books {
 public:
  static constexpr std::size_t appends = 17;

  /// What becomes of complete segments. `packed`: they are compressed at once, by the thread that
  /// completes them, so that the same calls do the same.
  enum class Segments : std::uint8_t { plain, packed };

  explicit Books(std::shared_ptr<testkit::FaultFileSystem> disk, std::string path = "/books",
                 Segments segments = Segments::plain)
      : disk_(std::move(disk)), path_(std::move(path)), segments_(segments) {}

  LogOptions options(LogOptions::Access access = LogOptions::Access::create) const;
  Result<std::unique_ptr<EventStore>> open();

  /// Appends what has not been acknowledged yet, in order, `up_to` appends in all, and saves
  /// snapshots. Ends at the first append that is refused, and says why. An append in doubt is sent
  /// again with the same id.
  Result<void> work(EventStore& store, std::size_t up_to = appends);
  bool done() const { return next_ == appends; }
  /// Says how the store breaks a promise, or nothing.
  std::optional<std::string> compare(EventStore& store) { return oracle_.compare(store); }
  /// The same of a store that is known to be damaged: whether it hands out anything wrong.
  std::optional<std::string> misread(const EventStore& store) const {
    return oracle_.misread(store);
  }
  /// Opens the store and compares.
  std::optional<std::string> reopen_and_compare();

  testkit::FaultFileSystem& disk() { return *disk_; }
  /// Goes on with another disk, such as what a crash left of this one.
  void move_to(std::shared_ptr<testkit::FaultFileSystem> disk) { disk_ = std::move(disk); }
  const Oracle& oracle() const { return oracle_; }

  /// The request of one append: deposits, transfers over two accounts, and texts long enough for
  /// segments to roll.
  static AppendRequest request(std::size_t number);

 private:
  std::shared_ptr<testkit::FaultFileSystem> disk_;
  std::string path_;
  Segments segments_;
  std::shared_ptr<testkit::ManualClock> clock_ = std::make_shared<testkit::ManualClock>();
  Oracle oracle_;
  std::size_t next_ = 0;  // The first append that is not acknowledged.
  bool next_sent_ = false;
};

}  // namespace annals::simulation
