#include "attempt.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <annals/codec/money.hpp>

#include "planned_append.hpp"

namespace annals::internal {

namespace {

constexpr const char* unnamed = "what is no std::exception";

Error with_id(const Job& job, Error error) {
  error.append_id = job.id;
  return error;
}

}  // namespace

Attempts::Attempts(EventStore& store, StateLoader& loader, const RetryPolicy& policy)
    : store_(store),
      loader_(loader),
      policy_(policy),
      tries_max_(std::max<std::uint32_t>(policy.tries_max, 1)),
      random_(policy.seed != 0 ? policy.seed : std::random_device{}()) {}

std::variant<AppendRequest, Answer> Attempts::begin(Job& job) {
  if (job.tries == 0 && job.id_given) {
    if (auto first = first_receipt(job)) return *std::move(first);
  }
  ++job.tries;
  job.rejection.reset();
  if (auto loaded = load(job); !loaded) return Answer(with_id(job, std::move(loaded).error()));

  auto decision = decide(job);
  if (!decision) return Answer(with_id(job, std::move(decision).error()));
  if (decision->rejected()) {
    job.rejection = Rejection{std::string(decision->rule()), std::string(decision->message())};
    decision = Decision();
  }
  auto request = plan_append(job, *decision);
  if (!request) return Answer(with_id(job, std::move(request).error()));
  if (auto evolved = evolve(job, *decision); !evolved) {
    forget_evolved(job);
    if (evolved.error().code != ErrorCode::rejected) {
      return Answer(with_id(job, std::move(evolved).error()));
    }
    job.rejection = Rejection{evolved.error().rule, evolved.error().message};
    request->events.clear();
    job.event_parts.clear();
  }
  return *std::move(request);
}

// The store compares the digests only where the id is appended again, so that is what is done with
// an id that it has: nothing is checked or written then.
std::optional<Answer> Attempts::first_receipt(const Job& job) {
  auto found = store_.find_append(job.id);
  if (!found) return Answer(with_id(job, std::move(found).error()));
  if (!*found) return std::nullopt;
  auto repeated = store_.append({.id = job.id, .digest = job.digest});
  if (!repeated) return Answer(with_id(job, std::move(repeated).error()));
  CommandReceipt receipt{.receipt = *std::move(repeated), .tries = 0};
  if (job.handler->aggregate != nullptr) {
    receipt.version = receipt.receipt.version_of(job.stream_of(0));
  }
  return Answer(std::move(receipt));
}

// One cut for all: it is taken once the lanes are held, so no cached state is beyond it, and what
// was written since is found by version and read up to the cut only. One aggregate alone needs no
// cut while its cached state is current.
Result<void> Attempts::load(Job& job) {
  if (job.tries > 1) {
    // Another writer was faster. While it keeps an append in flight, whatever is loaded now is
    // stale before it is checked, so look again only when that one is visible: a cut in the future
    // is answered after the group in flight.
    auto settled = store_.read({.limit = 1, .as_of = AsOf::recorded(Timestamp::max())});
    if (!settled) return std::move(settled).error();
  }
  job.cut = {};
  job.selections.clear();
  const std::size_t count = job.boundary.aggregates().size();
  if (count != 1 || !job.boundary.queries().empty()) take_cut(job);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto loaded = load_aggregate(job, i); !loaded) return loaded;
    job.tickets[i].version = job.lane_of(i).state->info.version;
  }
  for (const Boundary::Selection& selection : job.boundary.queries()) {
    if (selection.type == nullptr) continue;
    auto folded = loader_.fold(*selection.type, selection.query, AsOf::position(job.cut));
    if (!folded) return std::move(folded).error();
    job.selections.push_back(*std::move(folded));
  }
  return {};
}

void Attempts::take_cut(Job& job) {
  if (job.cut.value == 0) job.cut = store_.head().position;
}

Result<void> Attempts::load_aggregate(Job& job, std::size_t aggregate) {
  std::optional<LoadedState>& cached = job.lane_of(aggregate).state;
  const std::string& stream = job.stream_of(aggregate);
  const FoldType& type = *job.boundary.aggregates()[aggregate].type->fold;
  if (cached && &cached->state.type() == &type) {
    const auto version = store_.stream_version(stream);
    if (!version) {
      cached.reset();
      return version.error();
    }
    if (*version >= cached->info.version) {
      ++cache_hits;
      if (*version == cached->info.version) return {};
      take_cut(job);
      auto caught_up = loader_.catch_up(*cached, stream, job.cut);
      if (!caught_up) cached.reset();
      return caught_up;
    }
  }
  ++cache_misses;
  cached.reset();
  take_cut(job);
  auto loaded = loader_.load(type, stream, AsOf::position(job.cut));
  if (!loaded) return std::move(loaded).error();
  cached = *std::move(loaded);
  return {};
}

Error Attempts::blamed(const Job& job, const char* function, const char* what) const {
  Error error{.code = ErrorCode::invalid_argument,
              .message = "command " + std::string(job.command->name()) +
                         (job.target.empty() ? "" : " for '" + job.target + "'") + ": " + function +
                         " threw: " + what};
  if (job.cut.value > 0) error.position = job.cut;
  return error;
}

Result<Decision> Attempts::decide(const Job& job) const {
  LoadedBoundary loaded;
  const auto& aggregates = job.boundary.aggregates();
  loaded.aggregates.reserve(aggregates.size());
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    const LoadedState& state = *job.lane_of(i).state;
    loaded.aggregates.push_back(
        {aggregates[i].type, aggregates[i].id, state.state.data(), state.info.version});
  }
  for (const LoadedState& selection : job.selections) {
    loaded.queries.push_back(
        {&selection.state.type(), selection.state.data(), selection.info.events_folded});
  }
  try {
    return job.handler->decide(job.command->data(), loaded);
  } catch (const MoneyError& thrown) {
    return Decision(reject("money", thrown.what()));
  } catch (const std::exception& thrown) {
    return blamed(job, "decide", thrown.what());
  } catch (...) {
    return blamed(job, "decide", unnamed);
  }
}

// Before the append, so that no event is written that the next load could not fold. The states are
// the cached ones: the job holds their lanes, and after a failed append they are forgotten.
Result<void> Attempts::evolve(Job& job, const Decision& decision) {
  for (std::size_t i = 0; i < decision.size(); ++i) {
    const std::size_t part = job.event_parts[i];
    if (part == Job::no_part) continue;
    LoadedState& cached = *job.lane_of(part).state;
    const FoldType& type = cached.state.type();
    if (type.needs_info) continue;  // The envelope is not known yet: the next load reads it.
    const AnyEvent& event = decision.events()[i].event();
    job.tickets[part].evolved = true;
    try {
      type.find(event.type())->evolve(cached.state.data(), event.data(), nullptr);
    } catch (const MoneyError& thrown) {
      return Error{.code = ErrorCode::rejected, .message = thrown.what(), .rule = "money"};
    } catch (const std::exception& thrown) {
      return blamed(job, "evolve", thrown.what());
    } catch (...) {
      return blamed(job, "evolve", unnamed);
    }
  }
  return {};
}

void Attempts::forget_evolved(Job& job) {
  for (Lane::Ticket& ticket : job.tickets) {
    if (std::exchange(ticket.evolved, false)) ticket.lane->state.reset();
  }
}

std::optional<Answer> Attempts::conclude(Job& job, Result<Receipt> result) {
  if (result) return accept(job, *std::move(result));

  forget_evolved(job);
  Error error = std::move(result).error();
  switch (error.code) {
    case ErrorCode::wrong_expected_version:
    case ErrorCode::condition_failed:
      ++conflicts;
      if (job.tries < tries_max_) return std::nullopt;
      error.message +=
          " (still so after " + std::to_string(job.tries) + (job.tries == 1 ? " try)" : " tries)");
      return Answer(with_id(job, std::move(error)));
    case ErrorCode::outcome_unknown: return settle_unknown(job, std::move(error));
    default: return Answer(with_id(job, std::move(error)));
  }
}

Answer Attempts::accept(Job& job, Receipt receipt) {
  CommandReceipt answer{.receipt = std::move(receipt), .tries = job.tries};
  if (job.handler->aggregate != nullptr) {
    answer.version = answer.receipt.version_of(job.stream_of(0));
  }
  if (answer.repeated()) {
    forget_evolved(job);
    return answer;
  }
  if (job.rejection) {
    return Error{.code = ErrorCode::rejected,
                 .message = std::move(job.rejection->message),
                 .rule = std::move(job.rejection->rule),
                 .append_id = job.id,
                 .position = answer.receipt.last_position};
  }
  answer.no_events = job.event_parts.empty();
  for (std::size_t part = 0; part < job.boundary.aggregates().size(); ++part) {
    if (!std::exchange(job.tickets[part].evolved, false)) continue;
    const std::string& stream = job.stream_of(part);
    LoadedState& cached = *job.lane_of(part).state;
    cached.info.version = answer.receipt.version_of(stream);
    for (std::size_t i = 0; i < job.event_parts.size(); ++i) {
      if (job.event_parts[i] == part) {
        cached.info.position = {answer.receipt.first_position.value + i};
      }
    }
    loader_.offer_snapshot(cached, stream);
  }
  return answer;
}

// "Not found" is answered only once no earlier attempt can still succeed, so then it is safe to try
// again. What is found under an id made here can only be ours.
std::optional<Answer> Attempts::settle_unknown(Job& job, Error error) {
  auto first = first_receipt(job);
  if (first && first->has_value()) {
    CommandReceipt& receipt = first->value();
    receipt.tries = job.tries;
    receipt.receipt.repeated = job.id_given;
    return first;
  }
  if (first && first->error().code == ErrorCode::invalid_argument) return first;
  if (first) return Answer(with_id(job, std::move(error)));
  if (job.tries < tries_max_) return std::nullopt;
  error.code = ErrorCode::unavailable;
  error.message += " (nothing was written; tried " + std::to_string(job.tries) + " times)";
  return Answer(with_id(job, std::move(error)));
}

std::chrono::microseconds Attempts::delay(const Job& job) {
  if (job.tries <= 1) return std::chrono::microseconds(0);
  const auto doublings = std::min<std::uint32_t>(job.tries - 2, 20);
  const auto bound = std::min<std::int64_t>(
      policy_.first_delay.count() * (std::int64_t{1} << doublings), policy_.max_delay.count());
  const std::lock_guard lock(random_mutex_);
  return std::chrono::microseconds(
      std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(bound, 0))(random_));
}

}  // namespace annals::internal
