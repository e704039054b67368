#include "prepared_append.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "event_content.hpp"
#include "text_rules.hpp"
#include "time_range.hpp"

namespace annals::internal {

namespace {

using Problem = std::optional<std::string>;  // What is wrong, if anything is.

std::string bytes_of(std::size_t count) { return std::to_string(count) + " bytes"; }

// What a message quotes: all of a short name, the start of a long one. Never what is not text.
std::string quoted(std::string_view name) {
  if (!is_plain_text(name)) return "";
  if (name.size() <= 64) return " " + std::string(name);
  std::string_view start = name.substr(0, 64);
  while (!is_plain_text(start)) start.remove_suffix(1);
  return " " + std::string(start) + "…";
}

Problem text_problem(std::string_view what, std::string_view text, std::size_t bytes_max) {
  const std::string name(what);
  if (text.size() > bytes_max) {
    return name + " of " + bytes_of(text.size()) + ": at most " + std::to_string(bytes_max);
  }
  if (!is_plain_text(text)) return name + " is not UTF-8 without control characters";
  return std::nullopt;
}

Problem name_problem(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return std::string(what) + " of 0 bytes: at least 1";
  return text_problem(what, text, bytes_max);
}

Problem reserved_problem(std::string_view what, std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  return std::string(what) + quoted(text) + ": names starting with $ are reserved";
}

Problem stream_problem(std::string_view stream) {
  if (Problem problem = name_problem("stream name", stream, Limits::stream_bytes_max)) {
    return problem;
  }
  return reserved_problem("stream", stream);
}

Problem claimed_time_problem(std::string_view what, const std::optional<Timestamp>& time) {
  if (!time || (*time >= first_timestamp && *time <= last_timestamp)) return std::nullopt;
  return std::string(what) + " outside the years 0000 to 9999";
}

Problem event_problem(const NewEvent& event, const Limits& limits) {
  if (Problem problem = stream_problem(event.stream)) return problem;
  if (Problem problem = name_problem("event type", event.type, Limits::type_bytes_max)) {
    return problem;
  }
  if (Problem problem = reserved_problem("event type", event.type)) return problem;
  if (event.content_type != ContentType::json && event.content_type != ContentType::binary) {
    return "content type " + std::to_string(static_cast<int>(event.content_type)) + " is unknown";
  }
  if (event.tags.size() > Limits::tag_count_max) {
    return std::to_string(event.tags.size()) + " tags: at most " +
           std::to_string(Limits::tag_count_max);
  }
  for (const std::string& tag : event.tags) {
    if (Problem problem = name_problem("tag", tag, Limits::tag_bytes_max)) return problem;
  }
  const std::pair<std::string_view, const std::optional<std::string>*> names[] = {
      {"correlation_id", &event.correlation_id},
      {"causation_id", &event.causation_id},
      {"actor", &event.actor},
      {"traceparent", &event.traceparent}};
  for (const auto& [what, text] : names) {
    if (!*text) continue;
    if (Problem problem = text_problem(what, **text, Limits::name_bytes_max)) return problem;
  }
  if (event.metadata.size() > Limits::metadata_bytes_max) {
    return "metadata of " + bytes_of(event.metadata.size()) + ": at most " +
           std::to_string(Limits::metadata_bytes_max);
  }
  if (!event.metadata.empty() && !looks_like_object(event.metadata)) {
    return "metadata is not a JSON object: it must begin with { and end with }";
  }
  if (event.data.size() > limits.data_bytes_max) {
    return "data of " + bytes_of(event.data.size()) + ": at most " +
           std::to_string(limits.data_bytes_max);
  }
  if (Problem problem = claimed_time_problem("known_at", event.known_at)) return problem;
  return claimed_time_problem("effective_at", event.effective_at);
}

Problem checks_problem(const AppendRequest& request) {
  for (const StreamCheck& check : request.checks) {
    if (Problem problem = stream_problem(check.stream)) return "check of a " + *problem;
  }
  const auto twice = [](std::string_view stream) {
    return "stream" + quoted(stream) + " has more than one check";
  };
  const auto unchecked = [](std::string_view stream) {
    return "stream" + quoted(stream) +
           " is written but has no check: give it one, ExpectedVersion::any() if any version "
           "will do";
  };
  // Most appends are about a stream or two.
  if (request.checks.size() <= 4) {
    const auto& checks = request.checks;
    for (std::size_t i = 1; i < checks.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (checks[k].stream == checks[i].stream) return twice(checks[i].stream);
      }
    }
    for (const NewEvent& event : request.events) {
      const bool checked = std::any_of(checks.begin(), checks.end(), [&](const StreamCheck& check) {
        return check.stream == event.stream;
      });
      if (!checked) return unchecked(event.stream);
    }
    return std::nullopt;
  }
  std::unordered_set<std::string_view> checked;
  checked.reserve(request.checks.size());
  for (const StreamCheck& check : request.checks) {
    if (!checked.insert(check.stream).second) return twice(check.stream);
  }
  std::string_view last;
  for (const NewEvent& event : request.events) {
    if (event.stream == last) continue;
    last = event.stream;
    if (!checked.contains(last)) return unchecked(last);
  }
  return std::nullopt;
}

Problem request_problem(const AppendRequest& request, const Limits& limits) {
  if (request.events.size() > Limits::append_events_max) {
    return "append of " + std::to_string(request.events.size()) + " events: at most " +
           std::to_string(Limits::append_events_max);
  }
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    if (Problem problem = event_problem(request.events[i], limits)) {
      return request.events.size() == 1 ? problem : "event " + std::to_string(i) + ": " + *problem;
    }
  }
  return checks_problem(request);
}

void drop_if_empty(std::optional<std::string>& text) {
  if (text && text->empty()) text.reset();
}

void normalise(NewEvent& event) {
  std::sort(event.tags.begin(), event.tags.end());
  event.tags.erase(std::unique(event.tags.begin(), event.tags.end()), event.tags.end());
  drop_if_empty(event.correlation_id);
  drop_if_empty(event.causation_id);
  drop_if_empty(event.actor);
  drop_if_empty(event.traceparent);
}

std::uint64_t text_bytes(const NewEvent& event) {
  std::uint64_t sum =
      event.stream.size() + event.type.size() + event.data.size() + event.metadata.size();
  for (const std::string& tag : event.tags) sum += tag.size();
  for (const auto* text :
       {&event.correlation_id, &event.causation_id, &event.actor, &event.traceparent}) {
    if (*text) sum += (*text)->size();
  }
  return sum;
}

/// All that is worked out of the events.
void fill_in(PreparedAppend& append, const KeyHasher& hasher) {
  const std::vector<NewEvent>& events = append.request.events;
  std::size_t tags = 0;
  for (const NewEvent& event : events) tags += event.tags.size();
  append.contents.reserve(events.size());
  append.keys.reserve(events.size());
  append.tags.reserve(tags);  // Spans point into them.
  append.tag_hashes.reserve(tags);
  for (const NewEvent& event : events) {
    const std::size_t first_tag = append.tags.size();
    for (const std::string& tag : event.tags) {
      append.tags.push_back(tag);
      append.tag_hashes.push_back(hasher(KeyKind::tag, tag));
    }
    RecordKeys& keys = append.keys.emplace_back(
        RecordKeys{.stream = event.stream,
                   .version = {},
                   .type = event.type,
                   .tags = std::span(append.tags).subspan(first_tag),
                   .tag_hashes = std::span(append.tag_hashes).subspan(first_tag)});
    keys.hash(hasher, append.keys.size() > 1 ? &keys - 1 : nullptr);
    append.contents.push_back(content_hash(content_of(event, keys.tags)));
  }
  if (!append.request.digest) append.request.digest = request_digest(events, append.contents);
}

}  // namespace

Result<PreparedAppend> prepare(AppendRequest request, const Limits& limits,
                               const KeyHasher& hasher) {
  const bool new_id = !request.id;
  if (new_id) request.id = new_append_id();
  const auto refuse = [&](std::string message) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = std::move(message),
                 .append_id = request.id};
  };
  if (*request.id == AppendId{}) return refuse("the append id is all zeros: was it ever set?");
  for (NewEvent& event : request.events) normalise(event);
  if (Problem problem = request_problem(request, limits)) return refuse(std::move(*problem));

  PreparedAppend prepared;
  prepared.new_id = new_id;
  for (const NewEvent& event : request.events) prepared.data_bytes += text_bytes(event);
  if (prepared.data_bytes > Limits::append_bytes_max) {
    return refuse("append of " + bytes_of(prepared.data_bytes) + ": at most " +
                  std::to_string(Limits::append_bytes_max));
  }
  prepared.request = std::move(request);
  fill_in(prepared, hasher);
  return prepared;
}

Link link_of(const PreparedAppend& append, const AppendEntry& entry, const Link& previous) {
  thread_local std::vector<LinkedEvent> events;  // Keeps its room.
  events.clear();
  for (std::size_t i = 0; i < append.keys.size(); ++i) {
    events.push_back({append.keys[i].version, append.contents[i]});
  }
  return next_link(previous, entry.id, entry.first, entry.recorded_at, events);
}

Result<void> look_up(PreparedAppend& append, const Index& index) {
  const GlobalPosition head = index.head();
  if (!append.new_id) {
    auto known = index.find(*append.request.id, {0});
    if (!known) return std::move(known).error();
    append.known_id = known->has_value();
    if (append.known_id) return {};
  }
  for (const AppendCondition& condition : append.request.conditions) {
    auto match = index.first_match(condition.query, condition.after);
    if (!match) return std::move(match).error();
    append.matches.push_back(*match);
  }
  append.seen_to = head;
  return {};
}

Result<Timestamp> recorded_at_for(Timestamp clock_now, std::optional<Timestamp> last,
                                  std::chrono::microseconds max_clock_skew) {
  if (clock_now < first_timestamp || clock_now > last_timestamp) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "the clock is outside the years 0000 to 9999: set the clock"};
  }
  if (!last) return clock_now;
  if (clock_now<*last&& * last - clock_now> max_clock_skew) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "the clock says " + to_string(clock_now) +
                            ", more than max_clock_skew behind the last event of " +
                            to_string(*last) + ": set the clock"};
  }
  return std::max(clock_now, *last);
}

Result<Receipt> answer_repeat(Receipt first, const RequestDigest& first_digest,
                              const AppendRequest& again) {
  if (again.digest != first_digest) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "append id " + to_string(first.id) + " was used for another request",
                 .append_id = first.id};
  }
  first.repeated = true;
  return first;
}

Receipt receipt_of(const AppendEntry& entry, const StoreId& store, Era era) {
  return {.id = entry.id,
          .first_position = entry.first,
          .last_position = entry.last(),
          .link = entry.link,
          .versions = {},
          .recorded_at = entry.recorded_at,
          .store = store,
          .era = era};
}

}  // namespace annals::internal
