#include "append_call.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

#include "matchable.hpp"
#include "query_sql.hpp"

namespace annals::internal {

namespace {

using postgres::ArrayParameter;

// A call ends when it reaches one of these: they bound how long others wait behind it.
constexpr std::size_t attempts_max = 2'000;
constexpr std::size_t events_soft_max = 10'000;
constexpr std::uint64_t bytes_soft_max = 8 * 1024 * 1024;
// Each is compared with each event before it.
constexpr std::size_t conditions_soft_max = 256;

std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }

std::optional<std::int64_t> micros(const std::optional<Timestamp>& time) {
  if (!time) return std::nullopt;
  return micros(*time);
}

std::optional<std::string> lines(const std::vector<std::string>& names) {
  if (names.empty()) return std::nullopt;
  std::string text;
  for (const std::string& name : names) text += (&name == &names.front() ? "" : "\n") + name;
  // The server would read no text as no name: two empty ones ask for the same as one.
  return text.empty() ? "\n" : text;
}

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// Null stands for what nearly all events have.
std::optional<std::int64_t> unless(std::int64_t usual, std::int64_t value) {
  if (value == usual) return std::nullopt;
  return value;
}

}  // namespace

std::size_t AppendCall::stream_number(const std::string& name) {
  const auto [known, fresh] = stream_numbers_.emplace(name, stream_numbers_.size() + 1);
  if (fresh) {
    stream_names_.add_bytes(name);
    stream_events_.push_back(0);
  }
  return known->second;
}

void AppendCall::add_event(const AppendRequest& request, const Digest& content, std::size_t index) {
  const NewEvent& event = request.events[index];
  const std::size_t stream = stream_number(event.stream);
  event_streams_.push_back(stream);
  events_.push_back(&event);
  e_stream_.add_integer(static_cast<std::int64_t>(stream));
  e_turn_.add_integer(++stream_events_[stream - 1]);
  e_hash_.add_bytes(content.bytes);
  e_id_.add_bytes(event.id
                      ? event.id->bytes
                      : derived_event_id(*request.id, static_cast<std::uint32_t>(index)).bytes);
  e_id_given_.add_integer_or_null(unless(0, event.id ? 1 : 0));
  e_type_.add_bytes(event.type);
  e_schema_.add_integer_or_null(unless(1, event.schema_version));
  e_content_.add_integer_or_null(unless(0, static_cast<std::int64_t>(event.content_type)));
  e_known_.add_integer_or_null(micros(event.known_at));
  e_effective_.add_integer_or_null(micros(event.effective_at));
  e_tags_.add_bytes_or_null(lines(event.tags));
  for (const std::string& tag : event.tags) {
    t_event_.add_integer(static_cast<std::int64_t>(events_.size()));
    t_tag_.add_bytes(tag);
  }
  e_correlation_.add_bytes_or_null(event.correlation_id);
  e_causation_.add_bytes_or_null(event.causation_id);
  e_actor_.add_bytes_or_null(event.actor);
  e_trace_.add_bytes_or_null(event.traceparent);
  if (event.origin) {
    e_origin_store_.add_bytes(event.origin->store.bytes);
    e_origin_position_.add_integer(as_bigint(event.origin->position.value));
  } else {
    e_origin_store_.add_null();
    e_origin_position_.add_null();
  }
  e_metadata_.add_bytes_or_null(unless_empty(event.metadata));
  e_data_.add_bytes(event.data);
}

void AppendCall::add_condition(const AppendCondition& condition, std::size_t events_before) {
  ++conditions_;
  k_after_.add_integer(as_bigint(condition.after.value));
  const auto possible = matchable(condition.query);
  std::size_t items = 0;
  std::size_t matching = 0;
  if (possible) {
    std::vector<QueryItem> alternatives = possible->items;
    if (alternatives.empty()) alternatives.emplace_back();  // Every event.
    for (const QueryItem& item : alternatives) {
      ++items;
      i_streams_.add_bytes_or_null(lines(item.streams));
      i_categories_.add_bytes_or_null(lines(item.categories));
      i_types_.add_bytes_or_null(lines(item.types));
      i_tags_.add_bytes_or_null(lines(item.tags));
    }
    for (std::size_t i = 0; i < events_before; ++i) {
      if (!matches(*possible, *events_[i])) continue;
      ++matching;
      g_event_.add_integer(static_cast<std::int64_t>(i + 1));
    }
  }
  k_items_.add_integer(static_cast<std::int64_t>(items));
  k_matches_.add_integer(static_cast<std::int64_t>(matching));
}

bool AppendCall::add(Attempt& attempt) {
  const AppendRequest& request = attempt.append.request;
  if (!attempts_.empty() && (attempts_.size() >= attempts_max ||
                             events_.size() >= events_soft_max || bytes_ >= bytes_soft_max ||
                             conditions_ >= conditions_soft_max || ids_.contains(*request.id))) {
    return false;
  }
  ids_.insert(*request.id);
  attempts_.push_back(&attempt);
  bytes_ += attempt.append.data_bytes;
  oldest_attempt_ = std::min(oldest_attempt_, attempt.append.begun);
  a_attempt_.add_integer(as_bigint(attempt.append.begun));
  if (!attempt.append.new_id) {
    a_asked_.add_integer(static_cast<std::int64_t>(attempts_.size()));
  }
  a_id_.add_bytes(request.id->bytes);
  a_digest_.add_bytes(request.digest->bytes);
  a_bytes_.add_integer(as_bigint(attempt.append.data_bytes));
  std::optional<Timestamp> known;
  for (const NewEvent& event : request.events) {
    if (event.known_at && (!known || *event.known_at > *known)) known = event.known_at;
  }
  a_known_.add_integer_or_null(micros(known));
  a_events_.add_integer(static_cast<std::int64_t>(request.events.size()));
  a_begin_.add_integer(static_cast<std::int64_t>(events_.size()));
  a_checks_.add_integer(static_cast<std::int64_t>(request.checks.size()));
  a_conditions_.add_integer(static_cast<std::int64_t>(request.conditions.size()));
  for (const StreamCheck& check : request.checks) {
    const std::size_t stream = stream_number(check.stream);
    c_stream_.add_integer(static_cast<std::int64_t>(stream));
    c_before_.add_integer(stream_events_[stream - 1]);
    c_kind_.add_integer(static_cast<std::int64_t>(check.expected.kind()));
    c_version_.add_integer(as_bigint(check.expected.version().value));
  }
  const std::size_t events_before = events_.size();
  for (const AppendCondition& condition : request.conditions) {
    add_condition(condition, events_before);
  }
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    add_event(request, attempt.append.contents[i], i);
  }
  return true;
}

std::string AppendCall::sql(const SchemaName& schema) {
  return schema.in(
      "SELECT head_before, last_recorded, recorded, versions_before, outcomes, details, actuals,"
      " links, attempt_now FROM @schema.append($1::bigint, $2::bigint, $3::boolean,"
      " $4::bigint, $5::text[], $6::bigint[], $7::integer[], $8::uuid[], $9::uuid[],"
      " $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[],"
      " $15::integer[], $16::integer[], $17::integer[], $18::bigint[], $19::bigint[],"
      " $20::integer[], $21::integer[], $22::text[], $23::text[], $24::text[], $25::text[],"
      " $26::integer[], $27::integer[], $28::integer[], $29::bigint[], $30::bytea[],"
      " $31::uuid[], $32::boolean[], $33::text[], $34::bigint[], $35::smallint[],"
      " $36::bigint[], $37::bigint[], $38::text[], $39::text[], $40::text[], $41::text[],"
      " $42::text[], $43::uuid[], $44::bigint[], $45::bytea[], $46::bytea[], $47::integer[],"
      " $48::text[])");
}

postgres::Parameters AppendCall::parameters(const Rules& rules) const {
  postgres::Parameters made;
  made.integer_or_null(micros(rules.now))
      .integer(rules.max_clock_skew.count())
      .boolean(rules.accept_clock_behind)
      .integer(as_bigint(oldest_attempt_));
  for (const Array* array :
       {&stream_names_, &a_attempt_, &a_asked_,  &a_id_,         &a_digest_,  &a_bytes_,
        &a_events_,     &a_begin_,   &a_checks_, &a_conditions_, &c_stream_,  &c_before_,
        &c_kind_,       &c_version_, &k_after_,  &k_items_,      &k_matches_, &i_streams_,
        &i_categories_, &i_types_,   &i_tags_,   &g_event_,      &e_stream_,  &e_turn_}) {
    made.array(*array);
  }
  // What none of the group has need not be sent: beyond an array's end all is null.
  for (const Array* array :
       {&a_known_,           &e_hash_,      &e_id_,    &e_id_given_,  &e_type_,
        &e_schema_,          &e_content_,   &e_known_, &e_effective_, &e_tags_,
        &e_correlation_,     &e_causation_, &e_actor_, &e_trace_,     &e_origin_store_,
        &e_origin_position_, &e_metadata_,  &e_data_,  &t_event_,     &t_tag_}) {
    made.array(array->all_null() ? Array(array->type()) : *array);
  }
  return made;
}

namespace {

Error refusal(const Attempt& attempt, AppendOutcome outcome, std::int64_t detail,
              std::int64_t actual, const AppendCall::Rules& rules, Timestamp last,
              Timestamp recorded) {
  const AppendRequest& request = attempt.append.request;
  const auto error = [&](ErrorCode code, std::string message) {
    return Error{.code = code, .message = std::move(message), .append_id = request.id};
  };
  const auto which = static_cast<std::size_t>(detail);
  const GlobalPosition position{static_cast<std::uint64_t>(actual)};
  switch (outcome) {
    case AppendOutcome::accepted:
    case AppendOutcome::repeated: break;
    case AppendOutcome::given_up:
      return error(ErrorCode::unavailable,
                   "append " + to_string(*request.id) +
                       " was looked for meanwhile and given up: nothing was written; try again");
    case AppendOutcome::clock_behind:
      return error(ErrorCode::unavailable,
                   "the clock says " + to_string(Timestamp(std::chrono::microseconds(detail))) +
                       ", more than max_clock_skew behind the last event of " + to_string(last) +
                       ": set the clock");
    case AppendOutcome::known_too_far:
      for (const NewEvent& event : request.events) {
        if (!event.known_at || *event.known_at - recorded <= rules.max_clock_skew) continue;
        return error(ErrorCode::invalid_argument,
                     "stream " + event.stream + ": known_at " + to_string(*event.known_at) +
                         " is more than max_clock_skew after now, " + to_string(recorded));
      }
      break;
    case AppendOutcome::unexpected_version: {
      const StreamCheck& check = request.checks[which];
      std::optional<StreamVersion> is;
      if (actual >= 0) is = StreamVersion{static_cast<std::uint64_t>(actual)};
      Error made = error(ErrorCode::wrong_expected_version,
                         "stream " + check.stream + ": expected " + to_string(check.expected) +
                             (is ? ", is " + to_string(*is) : ", has no events"));
      made.conflict = Error::Conflict{check.stream, check.expected, is};
      return made;
    }
    case AppendOutcome::condition_beyond:
      return error(ErrorCode::invalid_argument, "condition after position " +
                                                    to_string(request.conditions[which].after) +
                                                    ", but the head is " + to_string(position));
    case AppendOutcome::condition_failed: {
      Error made =
          error(ErrorCode::condition_failed, "an event at position " + to_string(position) +
                                                 " matches a condition after " +
                                                 to_string(request.conditions[which].after));
      made.position = position;
      return made;
    }
  }
  return error(ErrorCode::unavailable, "the database answered what this library does not know");
}

void settle_with(Attempt& attempt, Result<Receipt> outcome) {
  attempt.state = Attempt::State::settled;
  attempt.outcome.emplace(std::move(outcome));
}

}  // namespace

AppendCall::Answer AppendCall::settle(const postgres::Rows& rows, const Rules& rules,
                                      const StoreId& store, Era era) {
  const auto time = [&](std::size_t column) {
    return Timestamp(std::chrono::microseconds(rows.integer(0, column)));
  };
  GlobalPosition head{static_cast<std::uint64_t>(rows.integer(0, 0))};
  Timestamp time_now = time(1);  // Of the last event; 1970 if there is none.
  const Timestamp recorded = time(2);
  std::vector<std::int64_t> versions = rows.integers(0, 3);
  const std::vector<std::int64_t> outcomes = rows.integers(0, 4);
  const std::vector<std::int64_t> details = rows.integers(0, 5);
  const std::vector<std::int64_t> actuals = rows.integers(0, 6);
  const std::string links = rows.bytes(0, 7);
  Answer answer;
  answer.attempt_now = static_cast<std::uint64_t>(rows.integer(0, 8));
  const std::size_t count = attempts_.size();
  if (outcomes.size() != count || details.size() != count || actuals.size() != count ||
      links.size() != count * sizeof(Link::bytes) || versions.size() != stream_names_.size()) {
    for (Attempt* attempt : attempts_) {
      settle_with(*attempt, Error{.code = ErrorCode::outcome_unknown,
                                  .message = "the database gave another answer than was asked for",
                                  .append_id = attempt->append.request.id});
    }
    return answer;
  }

  // Versions and positions are worked out again here, in the order in which they were given out.
  std::size_t event = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Attempt& attempt = *attempts_[i];
    const AppendRequest& request = attempt.append.request;
    const auto outcome = static_cast<AppendOutcome>(outcomes[i]);
    const std::size_t first_event = event;
    event += request.events.size();
    if (outcome == AppendOutcome::repeated) {
      attempt.state = Attempt::State::repeat;
      answer.repeated.push_back(&attempt);
      continue;
    }
    if (outcome != AppendOutcome::accepted) {
      settle_with(attempt,
                  refusal(attempt, outcome, details[i], actuals[i], rules, time(1), recorded));
      continue;
    }
    AppendEntry& entry = attempt.entry;
    entry = {.id = *request.id,
             .digest = *request.digest,
             .first = head,
             .count = static_cast<std::uint32_t>(request.events.size()),
             .recorded_at = time_now,
             .link = {}};
    std::copy_n(links.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Link::bytes)),
                sizeof(Link::bytes), entry.link.bytes.begin());
    if (entry.count > 0) {
      time_now = recorded;
      entry.recorded_at = recorded;
      ++entry.first.value;
      head = entry.last();
      for (std::size_t e = first_event; e < event; ++e) {
        std::int64_t& last = versions[event_streams_[e] - 1];
        attempt.append.keys[e - first_event].version = {static_cast<std::uint64_t>(++last)};
      }
      answer.written = Head{head, entry.link};
      answer.last_append = entry.first;
    }
    Receipt receipt = receipt_of(entry, store, era);
    if (entry.count == 0) receipt.last_position = receipt.first_position;
    settle_with(attempt, std::move(receipt));
  }
  return answer;
}

}  // namespace annals::internal
