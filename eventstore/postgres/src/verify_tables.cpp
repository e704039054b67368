#include "verify_tables.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

#include "event_content.hpp"

namespace annals::internal {

namespace {

constexpr std::size_t appends_a_page = 1024;
constexpr std::size_t events_a_page = 2048;

EventContent content_of(const RecordedEvent& event) {
  return {
      .stream = event.stream,
      .type = event.type,
      .schema_version = event.schema_version,
      .content_type = event.content_type,
      .id = event.given.id ? std::optional(event.id) : std::nullopt,
      .metadata = event.metadata,
      .correlation_id = event.correlation_id,
      .causation_id = event.causation_id,
      .actor = event.actor,
      .traceparent = event.traceparent,
      .known_at = event.given.known_at ? std::optional(event.known_at) : std::nullopt,
      .effective_at = event.given.effective_at ? std::optional(event.effective_at) : std::nullopt,
      .tags = event.tags,
      .data = event.data};
}

// The events of one append after the other, page by page.
class EventWalk {
 public:
  EventWalk(const LogReader& reader, GlobalPosition first, GlobalPosition up_to)
      : reader_(reader), after_{first.value - 1}, up_to_(up_to) {}

  /// The event at `position`; nullptr: there is none.
  Result<const RecordedEvent*> at(GlobalPosition position) {
    while (place_ < page_.size() && page_[place_].position < position) ++place_;
    if (place_ == page_.size()) {
      auto page =
          reader_.select(Query::all(), {.after = after_, .up_to = up_to_, .limit = events_a_page});
      if (!page) return std::move(page).error();
      page_ = *std::move(page);
      place_ = 0;
      if (page_.empty()) return nullptr;
      after_ = page_.back().position;
    }
    return page_[place_].position == position ? &page_[place_] : nullptr;
  }

 private:
  const LogReader& reader_;
  GlobalPosition after_;
  const GlobalPosition up_to_;
  RecordedEvents page_;
  std::size_t place_ = 0;
};

// What is wrong with an append, or nothing.
Result<std::optional<std::string>> problem_of(const RecordedAppend& append, const Link& before,
                                              GlobalPosition expected_first, EventWalk& events,
                                              std::uint64_t& tags) {
  if (append.first != expected_first) {
    return std::optional("positions " + to_string(expected_first) + " to " +
                         to_string(GlobalPosition{append.first.value - 1}) + " are missing");
  }
  std::vector<LinkedEvent> linked;
  linked.reserve(append.count);
  for (std::uint32_t i = 0; i < append.count; ++i) {
    const GlobalPosition position{append.first.value + i};
    const auto there = events.at(position);
    if (!there) return there.error();
    if (*there == nullptr) {
      return std::optional("the event at position " + to_string(position) + " is missing");
    }
    const RecordedEvent& event = **there;
    if (event.recorded_at != append.recorded_at) {
      return std::optional("the event at position " + to_string(position) +
                           " has another time than its append");
    }
    if (!event.given.id && event.id != derived_event_id(append.id, i)) {
      return std::optional("the event at position " + to_string(position) +
                           " has another id than its append gives it");
    }
    tags += event.tags.size();
    linked.push_back({event.version, content_hash(content_of(event))});
  }
  if (next_link(before, append.id, append.first, append.recorded_at, linked) != append.link) {
    return std::optional("the link of append " + to_string(append.id) + " does not fit its events");
  }
  return std::optional<std::string>();
}

// Of the whole table, which must say the same as the events themselves: queries go by it.
Result<std::uint64_t> tag_rows(const LogReader& reader, GlobalPosition up_to) {
  postgres::Parameters parameters;
  parameters.integer(as_bigint(up_to.value));
  const auto rows =
      reader.ask(reader.schema().in(
                     "SELECT count(*) FROM @schema.event_tags t JOIN @schema.events e"
                     " ON e.position = t.position AND t.tag = ANY (string_to_array(e.tags, E'\\n'))"
                     " WHERE t.position <= $1::bigint"),
                 parameters, "counting tags");
  if (!rows) return rows.error();
  return static_cast<std::uint64_t>(rows->integer(0, 0));
}

// Categories are made of streams' names; queries go by them too.
Result<std::optional<GlobalPosition>> wrong_category(const LogReader& reader) {
  const auto rows = reader.ask(reader.schema().in("SELECT min(e.position) FROM @schema.events e"
                                                  " WHERE e.category <>"
                                                  " split_part(e.stream, '-', 1)"),
                               {}, "checking categories");
  if (!rows) return rows.error();
  if (rows->is_null(0, 0)) return std::optional<GlobalPosition>();
  return std::optional(GlobalPosition{static_cast<std::uint64_t>(rows->integer(0, 0))});
}

// Events whose appends are gone are no part of the log any more.
struct Range {
  GlobalPosition first;
  GlobalPosition last;
};
Result<std::optional<Range>> events_beyond_appends(const LogReader& reader) {
  const auto rows = reader.ask(
      reader.schema().in(
          "SELECT min(e.position), max(e.position) FROM @schema.events e WHERE e.position >"
          " coalesce((SELECT a.first_position + a.event_count - 1 FROM @schema.appends a"
          " ORDER BY a.first_position DESC LIMIT 1), 0)"),
      {}, "looking for events beyond the last append");
  if (!rows) return rows.error();
  if (rows->is_null(0, 0)) return std::optional<Range>();
  return std::optional(Range{{static_cast<std::uint64_t>(rows->integer(0, 0))},
                             {static_cast<std::uint64_t>(rows->integer(0, 1))}});
}

}  // namespace

Result<VerifyReport> verify_tables(const LogReader& reader, const VerifyOptions& options) {
  const auto end = reader.end();
  if (!end) return end.error();
  const GlobalPosition head = end->head.position;
  GlobalPosition first{std::max<std::uint64_t>(options.first.value, 1)};
  GlobalPosition last = options.last.value_or(head);
  if (last > head || (first > head && first.value > 1)) {
    return Error{.code = ErrorCode::diverged,
                 .message = "positions " + to_string(first) + " to " + to_string(last) +
                            " reach beyond the head, " + to_string(head),
                 .position = head};
  }
  const Link beginning = first_link(reader.store());
  // An expected link proves something only if the range reaches it.
  if (options.expected) {
    first = std::min(first, std::max(options.expected->position, GlobalPosition{1}));
    last = std::max(last, std::min(options.expected->position, head));
  }

  VerifyReport report;
  report.link = beginning;
  const auto bad = [&](std::string what, GlobalPosition from, GlobalPosition to) {
    report.outcome = VerifyReport::Outcome::changed;
    report.first_bad = VerifyReport::Bad{std::move(what), from, to, {}};
    return report;
  };
  GlobalPosition next{1};
  if (first.value > 1) {
    // The append before the first one gives the link that the chain goes on from.
    const auto holding = reader.holding(first);
    if (!holding) return holding.error();
    if (!*holding) return bad("no append holds position " + to_string(first), first, first);
    next = (*holding)->first;
    if (next.value > 1) {
      const auto before = reader.holding({next.value - 1});
      if (!before) return before.error();
      if (!*before) return bad("positions before " + to_string(next) + " are missing", next, next);
      report.position = (*before)->last();
      report.link = (*before)->link;
    }
  }
  const bool whole_log = next.value == 1 && last == head;
  const std::uint64_t total = last.value >= first.value ? last.value - first.value + 1 : 0;
  std::uint64_t tags = 0;
  EventWalk events(reader, next, head);
  while (next <= last) {
    const auto page = reader.appends_from(next, appends_a_page);
    if (!page) return page.error();
    if (page->empty()) return bad("appends are missing", next, head);
    for (const RecordedAppend& append : *page) {
      if (next > last) break;
      const auto problem = problem_of(append, report.link, next, events, tags);
      if (!problem) return problem.error();
      if (*problem) return bad(**problem, append.first, append.last());
      ++report.appends;
      report.events += append.count;
      report.position = append.last();
      report.link = append.link;
      next = {append.last().value + 1};
      if (options.expected && options.expected->position >= append.first &&
          options.expected->position <= append.last() &&
          (options.expected->position != append.last() || options.expected->link != append.link)) {
        return bad("the link at position " + to_string(options.expected->position) +
                       " is not the expected one",
                   append.first, append.last());
      }
      const std::uint64_t done = append.last().value - std::min(first, append.last()).value + 1;
      if (options.progress && !options.progress(std::min(done, total), total)) {
        report.outcome = VerifyReport::Outcome::incomplete;
        return report;
      }
    }
  }
  if (whole_log) {
    const auto beyond = events_beyond_appends(reader);
    if (!beyond) return beyond.error();
    if (*beyond) {
      return bad("events from position " + to_string((*beyond)->first) +
                     " on are of no append: the appends that held them are missing",
                 (*beyond)->first, (*beyond)->last);
    }
    const auto rows = tag_rows(reader, head);
    if (!rows) return rows.error();
    if (*rows != tags) {
      return bad("the table of tags has " + std::to_string(*rows) + " of the events' " +
                     std::to_string(tags) + " tags",
                 {1}, head);
    }
    const auto category = wrong_category(reader);
    if (!category) return category.error();
    if (*category) {
      return bad("the event at position " + to_string(**category) +
                     " has another category than its stream",
                 **category, **category);
    }
  }
  if (options.expected && options.expected->position.value == 0 &&
      options.expected->link != beginning) {
    report.outcome = VerifyReport::Outcome::changed;
    report.first_bad =
        VerifyReport::Bad{"this is another store: its first link differs", {}, {}, {}};
  }
  if (options.expected && options.expected->position > head) {
    report.outcome = VerifyReport::Outcome::incomplete;
  }
  return report;
}

}  // namespace annals::internal
