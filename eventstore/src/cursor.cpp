#include "cursor.hpp"

#include <algorithm>
#include <utility>

#include "indexed_event_store.hpp"

namespace annals::internal {

namespace {

class IndexedCursor final : public Cursor {
 public:
  // Forward: `edge` is the position before the next one; backward: the one after it.
  IndexedCursor(const IndexedEventStore& store, ReadOptions options, Cut cut, GlobalPosition edge)
      : store_(store), options_(std::move(options)), cut_(cut), edge_(edge) {}

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
    edge_ = positions->back();
    handed_out_ += positions->size();
    return events;
  }

 private:
  const IndexedEventStore& store_;
  const ReadOptions options_;
  const Cut cut_;
  GlobalPosition edge_;
  std::uint64_t handed_out_ = 0;
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
