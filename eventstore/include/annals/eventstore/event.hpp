/// @file
/// The event: as a writer gives it, and as the store recorded it.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/id.hpp>
#include <annals/eventstore/position.hpp>
#include <annals/eventstore/time.hpp>

namespace annals {

/// How to read an event's data. Part of the stored format: values never change.
enum class ContentType : std::uint8_t { json = 0, binary = 1 };

std::string_view to_string(ContentType type) noexcept;

/// Where an imported event was recorded first.
struct Origin {
  StoreId store;
  GlobalPosition position;
  bool operator==(const Origin&) const = default;
};

/// What a writer gives. Members left empty are stored as absent; an optional text of no bytes is
/// absent too.
struct NewEvent {
  std::string stream;  ///< "account-42"; its category is what comes before the first '-'.
  std::string type;    ///< A registered name such as "money_deposited", never a C++ name.
  /// Bytes, kept exactly as given. The store does not look whether they are what content_type
  /// says: a typed writer, such as a command bus, does. Who reads them as something else gets an
  /// error, a projection halts or parks them, and they cannot be taken back.
  std::string data;
  std::uint32_t schema_version = 1;
  ContentType content_type = ContentType::json;
  std::optional<EventId> id =
      {};  ///< Derived from the append's id and the event's index if absent.
  /// A JSON object or empty. Opaque: the store looks at its first and last characters, '{' and '}',
  /// and does not parse it.
  std::string metadata = {};
  std::vector<std::string> tags = {};  ///< Stored as a sorted set.
  std::optional<std::string> correlation_id = {};
  std::optional<std::string> causation_id = {};
  std::optional<std::string> actor = {};
  std::optional<std::string> traceparent = {};
  /// When the organisation says it learned the fact. Absent: recorded_at. At most max_clock_skew
  /// beyond it.
  std::optional<Timestamp> known_at = {};
  /// The time the fact is about; may lie in the future. Absent: known_at. Both claimed times lie in
  /// the years 0000 to 9999.
  std::optional<Timestamp> effective_at = {};
  /// Set by imports. No hash covers it: an event's content is the same wherever it came from.
  std::optional<Origin> origin = {};
};

/// A recorded event, as a view: its texts live in the `RecordedEvents` that it came from, and are
/// valid as long as that object or a copy of it lives.
struct RecordedEvent {
  std::string_view stream;
  StreamVersion version;
  GlobalPosition position;
  EventId id;
  std::string_view type;
  std::uint32_t schema_version = 1;
  ContentType content_type = ContentType::json;
  std::string_view data;      ///< Bytes exactly as written.
  std::string_view metadata;  ///< Empty if none was given.
  std::span<const std::string_view> tags;
  std::optional<std::string_view> correlation_id;
  std::optional<std::string_view> causation_id;
  std::optional<std::string_view> actor;
  std::optional<std::string_view> traceparent;
  /// The store's own clock; never decreases with position.
  Timestamp recorded_at;
  /// What the writer claimed, or recorded_at.
  Timestamp known_at;
  /// What the writer claimed, or known_at.
  Timestamp effective_at;
  std::optional<Origin> origin;

  /// Which of these the writer gave, so that the content hash covers them; the store filled in the
  /// others.
  struct Given {
    bool id = false;
    bool known_at = false;
    bool effective_at = false;
    bool operator==(const Given&) const = default;
  };
  Given given;
};

/// The envelope that folds see beside the decoded event: stream, version, position, times, actor
/// and the rest of what was recorded. Valid during the call.
using EventInfo = RecordedEvent;

/// What a stream's name says its category is: the text before the first '-', or the whole name.
std::string_view category_of(std::string_view stream) noexcept;

/// What a stream's name says the aggregate's id is: the text after the first '-', or nothing. "42"
/// of "account-42".
std::string id_of(std::string_view stream);

/// A run of recorded events together with the bytes they refer to. Copies share the bytes.
class RecordedEvents {
 public:
  RecordedEvents() = default;
  /// `owners` keep alive whatever the views in `events` point to.
  RecordedEvents(std::vector<RecordedEvent> events, std::vector<std::shared_ptr<const void>> owners)
      : events_(std::make_shared<const std::vector<RecordedEvent>>(std::move(events))),
        owners_(std::move(owners)) {}

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return events_ ? events_->size() : 0; }
  /// REQUIRES: index < size()
  const RecordedEvent& operator[](std::size_t index) const noexcept { return (*events_)[index]; }
  const RecordedEvent& front() const noexcept { return events_->front(); }
  const RecordedEvent& back() const noexcept { return events_->back(); }
  const RecordedEvent* begin() const noexcept { return events_ ? events_->data() : nullptr; }
  const RecordedEvent* end() const noexcept { return begin() + size(); }

 private:
  std::shared_ptr<const std::vector<RecordedEvent>> events_;
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace annals
