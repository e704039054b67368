/// @file
/// A struct with `Events` and `evolve`, as a table: where templates end and compiled code begins.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <annals/codec/describe.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/table.hpp>
#include <annals/eventstore/event.hpp>

namespace annals {

/// One stored event on its way into a state. Made by the compiled fold; see EventSlot::fold.
class StoredEvent {
 public:
  virtual const EventInfo& info() const noexcept = 0;
  /// Reads the event's data into `event`; false if that failed.
  virtual bool decode(void* event) = 0;

 protected:
  ~StoredEvent() = default;
};

/// How one event type is folded into one state type.
struct EventSlot {
  const EventType* type = nullptr;
  /// Applies an event in memory. `info` may be nullptr if `needs_info` is false. May throw what the
  /// user's evolve throws.
  void (*evolve)(void* state, const void* event, const EventInfo* info) = nullptr;
  /// Reads a stored event and applies it; does nothing if it cannot be read.
  void (*fold)(void* state, StoredEvent& stored) = nullptr;
  /// The tags that the aggregate gives the event by `static … tags(const E&)`, or nullptr.
  std::vector<std::string> (*tags)(const void* event) = nullptr;
  bool needs_info = false;  ///< `evolve` takes the envelope.
};

/// A state type that events are folded into. There is one object per type: addresses compare.
struct FoldType {
  std::string_view name;  ///< For messages: the category of an aggregate, or the C++ name.
  void* (*make)() = nullptr;
  void* (*copy)(const void* state) = nullptr;
  void (*drop)(void* state) = nullptr;
  const EventSlot* events = nullptr;
  std::size_t event_count = 0;
  const StructTable* table = nullptr;  ///< nullptr: not described, so there are no snapshots of it.
  std::uint32_t fold_version = 1;
  bool ignores_unknown_events = false;
  bool needs_info = false;  ///< Some slot does.

  /// The slot of the event type with this (present) name, or nullptr.
  const EventSlot* find(std::string_view event_name) const noexcept;
  const EventSlot* find(const EventType& type) const noexcept;
  /// What marks snapshots of this state: of its shape, its fold_version and its events' schema
  /// versions. REQUIRES: table.
  std::uint64_t fingerprint() const;
};

namespace rule {

template <typename T>
struct state_lists_its_events {
  static constexpr bool holds = [] {
    if constexpr (requires { T::Events::valid; }) {
      return T::Events::valid;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: a state names the events it is folded from: "
                "using Events = annals::Events<MoneyDeposited, …>;");
};

template <typename T>
struct state_is_a_regular_value {
  static constexpr bool holds =
      std::is_default_constructible_v<T> && std::is_copy_constructible_v<T>;
  static_assert(holds,
                "annals: a state must be default constructible (T{} is the state before any "
                "event) and copyable");
};

template <typename T, typename E>
struct state_evolves_by_every_listed_event {
  static constexpr bool with_info = requires(T & state, const E& event, const EventInfo& info) {
    state.evolve(event, info);
  };
  static constexpr bool without_info = requires(T & state, const E& event) { state.evolve(event); };
  static constexpr bool holds = with_info || without_info;
  static_assert(holds,
                "annals: this event is in the Events<…> list but there is no "
                "'void evolve(const Event&)' (or evolve(const Event&, const EventInfo&)) "
                "for it");
};

}  // namespace rule

namespace detail {

template <typename T, typename E>
void evolve_state(void* state, const void* event, const EventInfo* info) {
  if constexpr (rule::state_evolves_by_every_listed_event<T, E>::with_info) {
    static_cast<T*>(state)->evolve(*static_cast<const E*>(event), *info);
  } else {
    static_cast<T*>(state)->evolve(*static_cast<const E*>(event));
  }
}

template <typename T, typename E>
void fold_stored_event(void* state, StoredEvent& stored) {
  E event{};
  if (stored.decode(&event)) evolve_state<T, E>(state, &event, &stored.info());
}

template <typename T, typename E>
concept GivesTags = requires(const E& event) {
  { T::tags(event) } -> std::convertible_to<std::vector<std::string>>;
};
template <typename T, typename E>
std::vector<std::string> state_tags(const void* event) {
  return T::tags(*static_cast<const E*>(event));
}

template <typename T, typename E>
constexpr EventSlot event_slot() {
  if constexpr (rule::state_evolves_by_every_listed_event<T, E>::holds) {
    EventSlot slot{&event_type_of<E>(), &evolve_state<T, E>, &fold_stored_event<T, E>, nullptr,
                   rule::state_evolves_by_every_listed_event<T, E>::with_info};
    if constexpr (GivesTags<T, E>) slot.tags = &state_tags<T, E>;
    return slot;
  } else {
    return {};
  }
}

template <typename T, typename List>
struct EventSlots;
template <typename T, typename... E>
struct EventSlots<T, Events<E...>> {
  static constexpr std::array<EventSlot, sizeof...(E)> value{event_slot<T, E>()...};
};

template <typename T>
constexpr std::string_view fold_name() {
  if constexpr (requires { std::string_view(T::category); }) {
    return T::category;
  } else if constexpr (requires { T::annals_type_name; }) {
    return T::annals_type_name;
  } else {
    return "state";
  }
}

template <typename T>
struct FoldTypeOf {
  static constexpr FoldType value = [] {
    if constexpr (!rule::state_lists_its_events<T>::holds) {
      return FoldType{};
    } else if constexpr (!rule::state_is_a_regular_value<T>::holds) {
      return FoldType{};
    } else {
      const auto& slots = EventSlots<T, typename T::Events>::value;
      FoldType type{.name = fold_name<T>(),
                    .make = &make_object<T>,
                    .copy = &copy_object<T>,
                    .drop = &drop_object<T>,
                    .events = slots.data(),
                    .event_count = slots.size()};
      for (const EventSlot& slot : slots) type.needs_info = type.needs_info || slot.needs_info;
      if constexpr (Described<T>) type.table = &TableOf<T>::value;
      if constexpr (requires { T::fold_version; }) type.fold_version = T::fold_version;
      if constexpr (requires { T::ignore_unknown_events; }) {
        type.ignores_unknown_events = T::ignore_unknown_events;
      }
      return type;
    }
  }();
};

}  // namespace detail

/// The table of state T; instantiating it checks the rules. T may also have
/// `static constexpr int fold_version` (raise it when what evolve does changes, or a step of the
/// upcasters of its events, so that snapshots made before are ignored) and `static constexpr bool
/// ignore_unknown_events = true` (an event that T does not list is skipped; without it, it is an
/// error).
template <typename T>
constexpr const FoldType& fold_type_of() noexcept {
  return detail::FoldTypeOf<T>::value;
}

}  // namespace annals
