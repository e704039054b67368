/// @file
/// A query that goes on answering.

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <annals/queries/query_bus.hpp>

namespace annals {

/// Gives the answer, and again each time that it has become another one: compared by ==, or, for
/// answers without it, after every commit of the projection. Changes that follow each other faster
/// than they are fetched come as one. next() belongs to one thread at a time; stop() may be called
/// from any.
template <typename Q>
class LiveQuery {
 public:
  LiveQuery(QueryBus& bus, Q query, const Consistency& first)
      : bus_(&bus), query_(std::move(query)), first_(first) {}

  /// The next answer; nothing when the time is over or it was stopped. Only the first one may take
  /// longer: as long as the consistency it was asked with. Errors: as QueryBus::ask; later calls go
  /// on.
  Result<std::optional<Answer<AnswerOf<Q>>>> next(std::chrono::milliseconds timeout) {
    const auto deadline = deadline_after(timeout);
    while (!stopped_->load()) {
      const auto now = std::chrono::steady_clock::now();
      // In slices, so that stop() is seen. What was seen is noted before the question: what comes
      // in between is news to the next one.
      const auto slice = last_ ? std::min(deadline, now + std::chrono::milliseconds(100)) : now;
      auto news = bus_->wait_for_news(query_type_of<Q>(), seen_, slice);
      if (last_) {
        if (!news) return std::move(news).error();
        if (!*news && std::chrono::steady_clock::now() >= deadline) break;
        if (!*news) continue;
      }
      auto answer = bus_->ask(query_, last_ ? Consistency::eventual() : first_);
      if (!answer) return std::move(answer).error();
      if (is_new(*answer)) {
        last_ = *answer;
        return std::optional<Answer<AnswerOf<Q>>>(*std::move(answer));
      }
      last_->token = answer->token;
      if (now >= deadline) break;
    }
    return std::optional<Answer<AnswerOf<Q>>>();
  }

  void stop() { stopped_->store(true); }

 private:
  bool is_new(const Answer<AnswerOf<Q>>& answer) const {
    if (!last_) return true;
    if constexpr (std::equality_comparable<AnswerOf<Q>>) {
      return !(answer.value == last_->value);
    } else {
      return answer.token.position != last_->token.position ||
             answer.parked_keys != last_->parked_keys;
    }
  }

  QueryBus* bus_;
  Q query_;
  Consistency first_;
  std::optional<Answer<AnswerOf<Q>>> last_;
  std::vector<QueryBus::Seen> seen_;
  std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace annals
