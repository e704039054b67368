#include "recorded_history.hpp"

#include <algorithm>

#include <annals/eventstore/query.hpp>

namespace annals::simulation {
namespace {

using Outcome = Operation::Outcome;

bool same(const NewEvent& one, const NewEvent& other) {
  return one.stream == other.stream && one.type == other.type && one.data == other.data &&
         one.tags == other.tags;
}

class Checker {
 public:
  explicit Checker(const RecordedHistory& history) : history_(history) {}

  std::optional<std::string> run() {
    if (auto broken = place_writes()) return broken;
    if (auto broken = check_writes()) return broken;
    return place_others();
  }

 private:
  struct Write {
    const Operation* operation;
    std::uint64_t end;  // The last position.
  };

  static std::string name_of(const Operation& operation) {
    switch (operation.kind) {
      case Operation::Kind::append: return "append " + to_string(*operation.request.id);
      case Operation::Kind::version: return "the version read of " + operation.name;
      case Operation::Kind::stream: return "the read of " + operation.name;
      case Operation::Kind::head: return "the head " + to_string(operation.last);
    }
    return "";
  }

  /// Finds every append of the log, whole, among the operations, and every one that was
  /// acknowledged in the log.
  std::optional<std::string> place_writes() {
    std::map<AppendId, const Operation*> appends;
    for (const Operation& operation : history_.operations) {
      if (operation.kind == Operation::Kind::append) {
        appends.emplace(*operation.request.id, &operation);
      }
    }
    for (std::size_t at = 0; at < history_.log.size();) {
      const auto found = appends.find(history_.log[at].append);
      const std::string where = " at position " + std::to_string(at + 1);
      if (found == appends.end()) return "an append that nobody sent" + where;
      const Operation& operation = *found->second;
      const auto& events = operation.request.events;
      for (std::size_t i = 0; i < events.size(); ++i) {
        const bool there = at + i < history_.log.size() &&
                           history_.log[at + i].append == *operation.request.id &&
                           same(history_.log[at + i].event, events[i]);
        if (!there) return name_of(operation) + " is there in part" + where;
      }
      const bool may_be =
          operation.outcome == Outcome::written || operation.outcome == Outcome::unknown;
      if (!may_be) return name_of(operation) + " was refused, and is there" + where;
      if (operation.outcome == Outcome::written &&
          (operation.first.value != at + 1 || operation.last.value != at + events.size())) {
        return name_of(operation) + " was told another place than it has" + where;
      }
      at += events.size();
      writes_.push_back({&operation, at});
      appends.erase(found);
    }
    for (const auto& [id, operation] : appends) {
      if (operation->outcome == Outcome::written && !operation->request.events.empty()) {
        return name_of(*operation) + ", acknowledged, is not in the log";
      }
    }
    return std::nullopt;
  }

  std::uint64_t end_of(std::size_t state) const { return state == 0 ? 0 : writes_[state - 1].end; }

  std::optional<StreamVersion> version_at(const std::string& stream, std::size_t state) const {
    const auto found = positions_.find(stream);
    if (found == positions_.end()) return std::nullopt;
    const auto& positions = found->second;
    const auto count = static_cast<std::uint64_t>(
        std::upper_bound(positions.begin(), positions.end(), end_of(state)) - positions.begin());
    return count == 0 ? std::nullopt : std::optional(StreamVersion{count - 1});
  }

  bool versions_hold(const AppendRequest& request, std::size_t state) const {
    return std::all_of(request.checks.begin(), request.checks.end(), [&](const StreamCheck& check) {
      return check.expected.matches(version_at(check.stream, state));
    });
  }

  bool conditions_hold(const AppendRequest& request, std::size_t state) const {
    for (const AppendCondition& condition : request.conditions) {
      for (std::uint64_t at = condition.after.value; at < end_of(state); ++at) {
        if (matches(condition.query, history_.log[at].event)) return false;
      }
    }
    return true;
  }

  std::optional<std::string> check_writes() {
    for (std::size_t at = 0; at < history_.log.size(); ++at) {
      positions_[history_.log[at].event.stream].push_back(at + 1);
    }
    std::uint64_t latest = 0;
    for (std::size_t state = 0; state < writes_.size(); ++state) {
      const Operation& write = *writes_[state].operation;
      if (write.answered < latest) {
        return name_of(write) + " was answered before one began that comes before it";
      }
      latest = std::max(latest, write.invoked);
      if (!versions_hold(write.request, state)) return name_of(write) + " expected another version";
      if (!conditions_hold(write.request, state)) {
        return name_of(write) + " was written although its condition does not hold";
      }
    }
    return std::nullopt;
  }

  /// Whether the answer is true of the state after the first `state` writes.
  bool is_true(const Operation& operation, std::size_t state) const {
    switch (operation.kind) {
      case Operation::Kind::version: return operation.version == version_at(operation.name, state);
      case Operation::Kind::head: return operation.last.value == end_of(state);
      case Operation::Kind::stream: {
        const auto version = version_at(operation.name, state);
        const std::uint64_t count = version ? version->value + 1 : 0;
        if (operation.positions.size() != count) return false;
        for (std::size_t i = 0; i < count; ++i) {
          if (operation.positions[i].value != positions_.at(operation.name)[i]) return false;
        }
        return true;
      }
      case Operation::Kind::append: break;
    }
    switch (operation.outcome) {
      case Outcome::refused_version: return !versions_hold(operation.request, state);
      case Outcome::refused_condition: return !conditions_hold(operation.request, state);
      default:  // Without events: the head at which all holds.
        return operation.last.value == end_of(state) && versions_hold(operation.request, state) &&
               conditions_hold(operation.request, state);
    }
  }

  bool must_be_placed(const Operation& operation) const {
    if (operation.kind != Operation::Kind::append) return operation.answered != Operation::never;
    if (operation.outcome == Outcome::written) return operation.request.events.empty();
    return operation.outcome == Outcome::refused_version ||
           operation.outcome == Outcome::refused_condition;
  }

  std::optional<std::string> place_others() {
    std::vector<const Operation*> others;
    for (const Operation& operation : history_.operations) {
      if (must_be_placed(operation)) others.push_back(&operation);
    }
    std::sort(others.begin(), others.end(),
              [](const auto* a, const auto* b) { return a->invoked < b->invoked; });
    // What was placed, by its answer: the states that later ones must not go behind.
    std::multimap<std::uint64_t, std::size_t> answered;
    std::size_t floor = 0;
    for (const Operation* operation : others) {
      while (!answered.empty() && answered.begin()->first < operation->invoked) {
        floor = std::max(floor, answered.begin()->second);
        answered.erase(answered.begin());
      }
      std::size_t from = floor;
      std::size_t to = writes_.size();
      for (std::size_t i = 0; i < writes_.size(); ++i) {
        if (writes_[i].operation->answered < operation->invoked) from = std::max(from, i + 1);
        if (writes_[i].operation->invoked > operation->answered) to = std::min(to, i);
      }
      while (from <= to && !is_true(*operation, from)) ++from;
      if (from > to) return name_of(*operation) + " is true at no time at which it may have been";
      answered.emplace(operation->answered, from);
    }
    return std::nullopt;
  }

  const RecordedHistory& history_;
  std::vector<Write> writes_;
  std::map<std::string, std::vector<std::uint64_t>> positions_;  // Of each stream's events.
};

}  // namespace

std::optional<std::string> not_linearizable(const RecordedHistory& history) {
  return Checker(history).run();
}

}  // namespace annals::simulation
