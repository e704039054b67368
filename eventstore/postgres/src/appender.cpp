#include "appender.hpp"

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "sql_error_text.hpp"

namespace annals::internal {

namespace {

using postgres::Failure;

constexpr std::uint64_t given_ups_between_forgetting = 1'000;
// As many attempts must wait behind a group for the next one to be formed beside it. Fewer make no
// group whose work outweighs its commit, and are better off in a larger one a little later.
constexpr std::size_t ahead_min = 1'000;

Error with_id(Error error, const Attempt& attempt) {
  error.append_id = attempt.append.request.id;
  return error;
}

std::vector<AppendId> ids_of(std::span<Attempt* const> attempts) {
  std::vector<AppendId> ids;
  ids.reserve(attempts.size());
  for (const Attempt* attempt : attempts) ids.push_back(*attempt->append.request.id);
  return ids;
}

}  // namespace

// What an attempt notes is the number, and above it how often numbers were lost by then.
constexpr int number_bits = 48;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;

void Appender::saw_attempt(std::uint64_t number) {
  std::uint64_t known = attempt_now_.load();
  while ((known & number_mask) < number &&
         !attempt_now_.compare_exchange_weak(known, (known & ~number_mask) | number)) {
  }
}

void Appender::settle_all(std::span<Attempt* const> attempts, const Error& error) {
  for (Attempt* attempt : attempts) {
    attempt->state = Attempt::State::settled;
    attempt->outcome.emplace(with_id(error, *attempt));
  }
}

std::unique_ptr<Appender::Flight> Appender::formed(std::span<Attempt* const> attempts) const {
  auto flight = std::make_unique<Flight>();
  for (Attempt* const attempt : attempts) {
    // What was noted in numbers that a server has lost says nothing of when it was: then the
    // attempt gives way to whoever has ever given its id up.
    std::uint64_t& begun = attempt->append.begun;
    const bool same_numbers = begun >> number_bits == attempt_now() >> number_bits;
    begun = same_numbers ? begun & number_mask : 0;
    if (!flight->call.add(*attempt)) break;
  }
  flight->rules = rules();
  flight->parameters = flight->call.parameters(flight->rules);
  return flight;
}

Result<void> Appender::connect() {
  if (has_session()) return {};
  connection_.reset();
  auto opened = postgres::Connection::open_within(reader_.session_options(), options_.patience);
  if (!opened) return store_error(opened.error(), "appending", true);
  const auto number =
      (*opened)->run(reader_.schema().in("SELECT s.last_value FROM @schema.attempts s"));
  if (!number) return store_error(number.error(), "appending", true);
  // A server that took over may not have heard of the last numbers, and gives them out once more.
  const auto given_out = static_cast<std::uint64_t>(number->integer(0, 0));
  const std::uint64_t known = attempt_now_.load();
  if (given_out < (known & number_mask)) {
    attempt_now_ = (((known >> number_bits) + 1) << number_bits) | given_out;
  } else {
    saw_attempt(given_out);
  }
  connection_ = *std::move(opened);
  return {};
}

AppendCall::Rules Appender::rules() const {
  return {.max_clock_skew = options_.max_clock_skew,
          .accept_clock_behind = options_.accept_clock_behind,
          .now = options_.clock ? std::optional(options_.clock->now()) : std::nullopt};
}

postgres::SqlResult<postgres::Rows> Appender::call(const Flight& flight) {
  return connection_->run_prepared(sql_, flight.parameters);
}

bool Appender::send(Flight& flight) {
  try {
    flight.answer = run_beside([this, &flight] { return call(flight); });
  } catch (const std::system_error&) {  // The system has no thread to give.
    return false;
  }
  return true;
}

CommitQueue::Ran Appender::run_group(std::span<Attempt* const> attempts,
                                     const CommitQueue::Behind& behind) {
  std::unique_ptr<Flight> flight = std::move(next_);
  Result<void> ready;
  if (!flight || !flight->answer.valid()) {
    if (flight && !has_session()) {
      // It was formed for the session that was lost.
      attempts = attempts.first(flight->call.attempts().size());
      flight.reset();
    }
    ready = connect();
  }
  if (!flight) flight = formed(attempts);
  const std::size_t taken = flight->call.attempts().size();
  const auto waiting = behind(taken);
  // A thread is worth its while only if much can be done meanwhile.
  const bool goes_ahead = waiting.size() >= ahead_min;
  if (!flight->answer.valid()) {
    if (!ready) {
      settle_all(flight->call.attempts(), ready.error());
      return {.taken = taken};
    }
    if (!goes_ahead || !send(*flight)) {
      settle(*flight, call(*flight));
      return {.taken = taken};
    }
  }
  if (goes_ahead) next_ = formed(waiting);
  const auto rows = flight->answer.get();
  if (rows && next_) static_cast<void>(send(*next_));  // If not, the next turn sends it.
  settle(*flight, rows);
  return {.taken = taken, .ahead = next_ ? next_->call.attempts().size() : 0};
}

void Appender::settle(Flight& flight, const postgres::SqlResult<postgres::Rows>& rows) {
  const auto group = flight.call.attempts();
  if (rows) {
    const AppendCall::Answer answer =
        flight.call.settle(*rows, flight.rules, reader_.store(), reader_.eras().back().era);
    saw_attempt(answer.attempt_now);
    if (answer.written) {
      reader_.saw(answer.last_append, *answer.written);
      ++counters.groups;
      on_written(*answer.written);
    }
    if (!answer.repeated.empty()) settle_repeats(answer.repeated);
  } else if (rows.error().failure == Failure::connection_lost ||
             rows.error().failure == Failure::in_doubt) {
    settle_in_doubt(group, rows.error());
  } else {
    settle_all(group, store_error(rows.error(), "appending", true));
    // Of several hosts another one may be the primary.
    if (rows.error().failure == Failure::read_only) connection_.reset();
  }
  for (const Attempt* attempt : group) {
    if (!attempt->outcome->has_value()) {
      ++counters.refused;
    } else if ((*attempt->outcome)->repeated) {
      ++counters.repeated;
    } else {
      ++counters.appends;
    }
  }
}

void Appender::settle_repeats(std::span<Attempt* const> attempts) {
  const auto found = reader_.find(ids_of(attempts));
  if (!found) return settle_all(attempts, found.error());
  std::unordered_map<AppendId, const LogReader::Found*> by_id;
  for (const LogReader::Found& one : *found) by_id.emplace(one.receipt.id, &one);
  for (Attempt* attempt : attempts) {
    const auto first = by_id.find(*attempt->append.request.id);
    attempt->state = Attempt::State::settled;
    if (first == by_id.end()) {
      attempt->outcome.emplace(
          with_id({ErrorCode::corrupt, "an append was there and is gone"}, *attempt));
    } else {
      attempt->outcome.emplace(
          answer_repeat(first->second->receipt, first->second->digest, attempt->append.request));
    }
  }
}

postgres::SqlResult<std::vector<LogReader::Found>> Appender::give_up(
    postgres::Connection& connection, std::span<const AppendId> ids) {
  postgres::ArrayParameter array(postgres::ArrayParameter::Type::uuid);
  for (const AppendId& id : ids) array.add_bytes(id.bytes);
  postgres::Parameters parameters;
  parameters.array(array);
  // First the mark, which all attempts that have not come so far will see; then the wait for those
  // that have; then the look at what they left.
  const SchemaName& schema = reader_.schema();
  const auto marked = connection.run_prepared(
      schema.in("INSERT INTO @schema.given_up AS g (id, attempt)"
                " SELECT i.id, nextval('@schema.attempts') FROM unnest($1::uuid[]) AS i(id)"
                " ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, at = excluded.at"
                " RETURNING attempt"),
      parameters);
  if (!marked) return marked.error();
  const auto settled = connection.run_prepared(
      schema.in("SELECT count(*) FROM @schema.settled($1::uuid[])"), parameters);
  if (!settled) return settled.error();
  for (std::size_t i = 0; i < marked->size(); ++i) {
    saw_attempt(static_cast<std::uint64_t>(marked->integer(i, 0)));
  }
  if (++given_up_ % given_ups_between_forgetting == 0) {
    if (auto forgotten = forget_given_up(connection); !forgotten) return forgotten.error();
  }
  if (settled->integer(0, 0) == 0) return std::vector<LogReader::Found>();
  return reader_.find(connection, ids);
}

postgres::SqlDone Appender::forget_given_up(postgres::Connection& connection) {
  // The oldest, by their index; more than have come since the last time.
  auto done = connection.run_prepared(reader_.schema().in(
      "DELETE FROM @schema.given_up g WHERE g.attempt <= (SELECT o.attempt FROM @schema.given_up o"
      " ORDER BY o.attempt LIMIT 1) + 10000 AND g.at < clock_timestamp() - interval '1 day'"));
  if (!done) return std::move(done).error();
  return std::monostate{};
}

void Appender::settle_in_doubt(std::span<Attempt* const> attempts, const postgres::SqlError& why) {
  connection_.reset();
  auto opened = postgres::Connection::open_within(reader_.session_options(), options_.patience);
  const auto found = opened ? give_up(**opened, ids_of(attempts))
                            : postgres::SqlResult<std::vector<LogReader::Found>>(opened.error());
  if (!found) {
    settle_all(attempts, Error{ErrorCode::outcome_unknown,
                               "appending: " + why.message + "; then: " + found.error().message +
                                   "; the append may be recorded or not: look its id up"});
    return;
  }
  std::unordered_map<AppendId, const LogReader::Found*> by_id;
  for (const LogReader::Found& one : *found) by_id.emplace(one.receipt.id, &one);
  std::optional<Head> written;
  for (Attempt* attempt : attempts) {
    const auto there = by_id.find(*attempt->append.request.id);
    attempt->state = Attempt::State::settled;
    if (there == by_id.end()) {
      attempt->outcome.emplace(
          with_id({ErrorCode::unavailable, "appending: " + why.message + "; nothing was written"},
                  *attempt));
      continue;
    }
    // Recorded by this call, or by an earlier one with the same id: only its digest tells whether
    // it is the same request.
    Receipt receipt = there->second->receipt;
    auto answer = answer_repeat(std::move(receipt), there->second->digest, attempt->append.request);
    if (answer) {
      answer->repeated = false;
      ++counters.saved;
      if (!written || written->position < answer->last_position) {
        written = Head{answer->last_position, answer->link};
      }
    }
    attempt->outcome.emplace(std::move(answer));
  }
  if (written) on_written(*written);
}

}  // namespace annals::internal
