/// @file
/// What `decide` of a command over several streams is given.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/aggregates/aggregate.hpp>
#include <annals/eventstore/position.hpp>

namespace annals {

/// The aggregates of type A in a command's boundary, by id. Valid during `decide`. In a test:
/// `States<Account>{{"a", {.open = true, .balance = 10_eur}}, {"b", {.open = true}}}`, and
/// `States<Account>::without_events({"c"})` for what does not exist yet.
template <typename A>
class States {
 public:
  struct Entry {
    std::string_view id;
    const A* state;
    std::optional<StreamVersion> version;  ///< None: the stream has no events.
  };

  States() = default;
  States(std::initializer_list<std::pair<std::string, A>> states)
      : owned_(std::make_shared<const std::vector<std::pair<std::string, A>>>(states)) {
    for (const auto& [id, state] : *owned_) entries_.push_back({id, &state, StreamVersion{0}});
  }

  /// The initial states of aggregates whose streams have no events.
  static States without_events(std::initializer_list<std::string> ids) {
    States states;
    std::vector<std::pair<std::string, A>> owned;
    for (const std::string& id : ids) owned.emplace_back(id, A{});
    states.owned_ =
        std::make_shared<const std::vector<std::pair<std::string, A>>>(std::move(owned));
    for (const auto& [id, state] : *states.owned_) states.entries_.push_back({id, &state, {}});
    return states;
  }

  /// The state of `id`: the initial one if its stream has no events. Throws std::out_of_range if
  /// the boundary does not name it; the bus makes an error of that.
  const A& operator[](std::string_view id) const { return *entry(id).state; }
  /// Whether the stream of `id` has events. Throws as operator[].
  bool exists(std::string_view id) const { return entry(id).version.has_value(); }
  const A* find(std::string_view id) const noexcept {
    const Entry* found = find_entry(id);
    return found != nullptr ? found->state : nullptr;
  }

  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

  /// Adds a state that lives elsewhere and longer.
  void add(Entry entry) { entries_.push_back(entry); }

 private:
  const Entry* find_entry(std::string_view id) const noexcept {
    for (const Entry& entry : entries_) {
      if (entry.id == id) return &entry;
    }
    return nullptr;
  }
  const Entry& entry(std::string_view id) const {
    const Entry* found = find_entry(id);
    if (found == nullptr) {
      throw std::out_of_range(std::string(A::category) + " '" + std::string(id) +
                              "' is not in the command's boundary");
    }
    return *found;
  }

  std::shared_ptr<const std::vector<std::pair<std::string, A>>> owned_;
  std::vector<Entry> entries_;
};

/// The fold of the boundary's query for T. Valid during `decide`. In a test:
/// `QueryState<T>{state}`, or `QueryState<T>{state, events}`.
template <typename T>
class QueryState {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  QueryState(T state, std::uint64_t events = 0)
      : owned_(std::make_shared<const T>(std::move(state))),
        state_(owned_.get()),
        events_(events) {}
  /// A state that lives elsewhere and longer.
  QueryState(const T* state, std::uint64_t events) : state_(state), events_(events) {}

  const T& operator*() const noexcept { return *state_; }
  const T* operator->() const noexcept { return state_; }
  /// How many events the query selected.
  std::uint64_t events() const noexcept { return events_; }

 private:
  std::shared_ptr<const T> owned_;
  const T* state_;
  std::uint64_t events_ = 0;
};

}  // namespace annals
