#include "cursor.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "indexed_event_store.hpp"

namespace annals::internal {

namespace {

// Whether all events of one stream match, and no others.
bool is_of_one_stream(const Query& query) {
  return only_stream(query) != nullptr &&
         std::any_of(query.items.begin(), query.items.end(), [](const QueryItem& item) {
           return item.categories.empty() && item.types.empty() && item.tags.empty();
         });
}

class IndexedCursor final : public Cursor {
 public:
  // Forward: `edge` is the position before the next one; backward: the one after it.
  IndexedCursor(const IndexedEventStore& store, ReadOptions options, Cut cut, GlobalPosition edge)
      : store_(store), options_(std::move(options)), cut_(cut), edge_(edge) {
    if (!is_of_one_stream(options_.query)) return;
    one_stream_ = true;
    const bool forward = options_.direction == Direction::forward;
    const auto* version = std::get_if<StreamVersion>(&options_.start.place());
    if (forward && version != nullptr) {
      next_version_ = StreamVersion{version->value + (options_.start.inclusive() ? 0 : 1)};
    } else if (forward && edge.value == 0) {
      next_version_ = StreamVersion{0};
    }
  }

  Cut cut() const override { return cut_; }

  Result<RecordedEvents> next(std::size_t events_max) override {
    const auto max = static_cast<std::size_t>(std::min<std::uint64_t>(
        std::max<std::size_t>(events_max, 1), options_.limit - handed_out_));
    if (max == 0) return RecordedEvents();
    const auto positions =
        options_.direction == Direction::forward
            ? store_.select(options_.query, edge_, cut_.position, max)
            : store_.select_backward(options_.query, edge_, GlobalPosition{1}, max);
    if (!positions) return positions.error();
    if (positions->empty()) return RecordedEvents();
    Result<RecordedEvents> events = store_.fetch(*positions);
    if (!events) return events;
    if (auto follow = check_versions(*events); !follow) return std::move(follow).error();
    edge_ = positions->back();
    handed_out_ += positions->size();
    return events;
  }

 private:
  /// Every event of a stream is asked for, so one that is missing shows: an index may say less than
  /// the log holds.
  Result<void> check_versions(const RecordedEvents& events) {
    if (!one_stream_) return {};
    for (const RecordedEvent& event : events) {
      if (next_version_ && event.version != *next_version_) {
        return Error{.code = ErrorCode::corrupt,
                     .message = "stream " + std::string(event.stream) + ": version " +
                                to_string(event.version) + " at position " +
                                to_string(event.position) + " is found where version " +
                                to_string(*next_version_) + " belongs"};
      }
      // Before version 0 comes the largest there is, which no event has.
      next_version_ =
          StreamVersion{options_.direction == Direction::forward ? event.version.value + 1
                                                                 : event.version.value - 1};
    }
    return {};
  }

  const IndexedEventStore& store_;
  const ReadOptions options_;
  const Cut cut_;
  GlobalPosition edge_;
  std::uint64_t handed_out_ = 0;
  bool one_stream_ = false;
  std::optional<StreamVersion> next_version_;  // Absent: whatever comes first.
};

// The edge that a start at `position` leaves, or before the first event / after the cut.
GlobalPosition edge_of(const ReadOptions& options, GlobalPosition position, GlobalPosition cut) {
  const bool inclusive = options.start.inclusive();
  if (options.direction == Direction::forward) {
    return inclusive && position.value > 0 ? GlobalPosition{position.value - 1} : position;
  }
  const GlobalPosition beyond_cut{cut.value + 1};
  if (position >= beyond_cut) return beyond_cut;
  return inclusive ? GlobalPosition{position.value + 1} : position;
}

}  // namespace

Result<std::unique_ptr<Cursor>> make_cursor(const IndexedEventStore& store, ReadOptions options,
                                            Cut cut) {
  const bool forward = options.direction == Direction::forward;
  GlobalPosition edge = forward ? GlobalPosition{0} : GlobalPosition{cut.position.value + 1};
  if (const auto* position = std::get_if<GlobalPosition>(&options.start.place())) {
    edge = edge_of(options, *position, cut.position);
  } else if (const auto* version = std::get_if<StreamVersion>(&options.start.place())) {
    const std::string* stream = only_stream(options.query);
    if (stream == nullptr) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "a read from version " + to_string(*version) +
                              " needs a query for exactly one stream"};
    }
    const auto position = store.position_of(*stream, *version);
    if (!position) return position.error();
    if (*position) {
      edge = edge_of(options, **position, cut.position);
    } else if (forward) {
      edge = cut.position;  // Beyond the stream's last version there is nothing.
    }
  }
  return std::unique_ptr<Cursor>(
      std::make_unique<IndexedCursor>(store, std::move(options), cut, edge));
}

}  // namespace annals::internal
