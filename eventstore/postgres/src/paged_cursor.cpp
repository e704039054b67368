#include "paged_cursor.hpp"

#include <algorithm>
#include <utility>

namespace annals::internal {

namespace {

// Rows of the first page; later ones are as long as fits a few megabytes, by what came before.
constexpr std::size_t first_page_rows = 256;
constexpr std::size_t page_rows_max = 4096;
constexpr std::uint64_t page_bytes = 4 * 1024 * 1024;

std::uint64_t bytes_of(const RecordedEvents& events) {
  std::uint64_t bytes = 0;
  for (const RecordedEvent& event : events)
    bytes += event.data.size() + event.metadata.size() + 256;
  return bytes;
}

// Several pages in one.
class Pages {
 public:
  void add(const RecordedEvents& page) {
    events_.insert(events_.end(), page.begin(), page.end());
    owners_.push_back(std::make_shared<const RecordedEvents>(page));
  }
  RecordedEvents take() { return RecordedEvents(std::move(events_), std::move(owners_)); }

 private:
  std::vector<RecordedEvent> events_;
  std::vector<std::shared_ptr<const void>> owners_;
};

class PagedCursor final : public Cursor {
 public:
  PagedCursor(const LogReader& reader, ReadOptions options, Cut cut, GlobalPosition after,
              GlobalPosition up_to)
      : reader_(reader), options_(std::move(options)), cut_(cut), after_(after), up_to_(up_to) {}

  Cut cut() const override { return cut_; }

  Result<RecordedEvents> next(std::size_t events_max) override {
    std::uint64_t wanted =
        std::min<std::uint64_t>(std::max<std::size_t>(events_max, 1), options_.limit - handed_out_);
    RecordedEvents first;
    std::optional<Pages> pages;
    while (wanted > 0) {
      const auto rows = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, page_rows_));
      auto page = reader_.select(options_.query, {.after = after_,
                                                  .up_to = up_to_,
                                                  .closed = !cut_.open,
                                                  .direction = options_.direction,
                                                  .limit = rows});
      if (!page) return page;
      if (page->empty()) break;
      go_beyond(*page);
      wanted -= page->size();
      const bool last = page->size() < rows;
      if (!pages && (last || wanted == 0) && first.empty()) return page;
      if (!pages) pages.emplace();
      pages->add(*page);
      if (last) break;
    }
    return pages ? pages->take() : first;
  }

 private:
  void go_beyond(const RecordedEvents& page) {
    if (options_.direction == Direction::forward) {
      after_ = page.back().position;
    } else {
      up_to_ = {page.back().position.value - 1};
    }
    handed_out_ += page.size();
    const std::uint64_t each = std::max<std::uint64_t>(bytes_of(page) / page.size(), 1);
    page_rows_ = std::clamp<std::size_t>(page_bytes / each, 1, page_rows_max);
  }

  const LogReader& reader_;
  const ReadOptions options_;
  const Cut cut_;
  GlobalPosition after_;
  GlobalPosition up_to_;
  std::uint64_t handed_out_ = 0;
  std::size_t page_rows_ = first_page_rows;
};

}  // namespace

Result<std::unique_ptr<Cursor>> make_paged_cursor(const LogReader& reader, ReadOptions options,
                                                  Cut cut) {
  const bool forward = options.direction == Direction::forward;
  GlobalPosition after{0};
  GlobalPosition up_to = cut.position;
  const auto begin_at = [&](GlobalPosition position) {
    const std::uint64_t beside =
        options.start.inclusive() && position.value > 0 ? position.value - 1 : position.value;
    if (forward) {
      after = {beside};
    } else if (!options.start.inclusive()) {
      up_to = std::min(up_to, GlobalPosition{position.value > 0 ? position.value - 1 : 0});
    } else {
      up_to = std::min(up_to, position);
    }
  };
  if (const auto* position = std::get_if<GlobalPosition>(&options.start.place())) {
    begin_at(*position);
  } else if (const auto* version = std::get_if<StreamVersion>(&options.start.place())) {
    const std::string* stream = only_stream(options.query);
    if (stream == nullptr) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "a read from version " + to_string(*version) +
                              " needs a query for exactly one stream"};
    }
    if (version->value > 0 || !forward) {
      const auto position = reader.position_of(*stream, *version);
      if (!position) return position.error();
      if (*position) {
        begin_at(**position);
      } else if (forward) {
        after = cut.position;  // Beyond the stream's last version there is nothing.
      }
    } else if (!options.start.inclusive()) {
      const auto position = reader.position_of(*stream, *version);
      if (!position) return position.error();
      if (*position) begin_at(**position);
    }
  }
  return std::unique_ptr<Cursor>(
      std::make_unique<PagedCursor>(reader, std::move(options), cut, after, up_to));
}

}  // namespace annals::internal
