/// @file
/// An aggregate as a user writes it, checked when it is compiled and turned into a table.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <annals/aggregates/decision.hpp>
#include <annals/aggregates/fold_type.hpp>
#include <annals/codec/event_type.hpp>

namespace annals {

/// How one command is decided by one aggregate.
struct CommandSlot {
  const CommandType* type = nullptr;
  /// May throw what the user's decide throws.
  Decision (*decide)(const void* state, const void* command) = nullptr;
};

/// An aggregate type. There is one object per type: addresses compare.
struct AggregateType {
  std::string_view category;  ///< Streams are named category-id.
  const FoldType* fold = nullptr;
  const CommandSlot* commands = nullptr;
  std::size_t command_count = 0;
};

/// The stream of aggregate `id`: "account-42".
std::string stream_name(std::string_view category, std::string_view id);
inline std::string stream_name(const AggregateType& type, std::string_view id) {
  return stream_name(type.category, id);
}

namespace rule {

template <typename A>
struct aggregate_names_its_category {
  static constexpr bool holds = [] {
    if constexpr (requires { std::string_view(A::category); }) {
      constexpr std::string_view name = A::category;
      return !name.empty() && name.size() <= 255 && name.front() != '$' &&
             name.find('-') == std::string_view::npos;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: an aggregate names the category of its streams: static constexpr "
                "auto category = \"account\"; without '-', not beginning with '$'");
};

template <typename A, typename C>
struct aggregate_decides_every_listed_command {
  static constexpr bool holds = requires(A & state, const C& command) { state.decide(command); };
  static_assert(holds,
                "annals: this command is in the Commands<…> list but there is no "
                "'Decision decide(const Command&) const' for it");
};

template <typename A, typename C>
struct decide_is_const {
  static constexpr bool holds = requires(const A& state, const C& command) {
    state.decide(command);
  };
  static_assert(holds,
                "annals: decide must be const: commands cannot change the state, only events "
                "can");
};

template <typename A, typename C>
struct decide_returns_a_decision {
  static constexpr bool holds = requires(const A& state, const C& command) {
    { state.decide(command) } -> std::convertible_to<Decision>;
  };
  static_assert(holds, "annals: decide must return annals::Decision");
};

template <typename List>
struct commands_are_a_list {
  static constexpr bool holds = [] {
    if constexpr (requires { List::valid; }) {
      return List::valid;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: Commands must be a list: "
                "using Commands = annals::Commands<Withdraw, …>;");
};

}  // namespace rule

namespace detail {

template <typename A, typename C>
Decision decide_command(const void* state, const void* command) {
  return static_cast<const A*>(state)->decide(*static_cast<const C*>(command));
}

template <typename A, typename C>
constexpr CommandSlot command_slot() {
  if constexpr (!rule::aggregate_decides_every_listed_command<A, C>::holds) {
    return {};
  } else if constexpr (!rule::decide_is_const<A, C>::holds) {
    return {};
  } else if constexpr (!rule::decide_returns_a_decision<A, C>::holds) {
    return {};
  } else {
    return {&command_type_of<C>(), &decide_command<A, C>};
  }
}

template <typename A, typename List>
struct CommandSlots;
template <typename A, typename... C>
struct CommandSlots<A, Commands<C...>> {
  static constexpr std::array<CommandSlot, sizeof...(C)> value{command_slot<A, C>()...};
};

template <typename A>
struct AggregateTypeOf {
  static constexpr AggregateType value = [] {
    if constexpr (!rule::aggregate_names_its_category<A>::holds) {
      return AggregateType{};
    } else {
      AggregateType type{.category = A::category, .fold = &FoldTypeOf<A>::value};
      if constexpr (requires { typename A::Commands; }) {
        if constexpr (rule::commands_are_a_list<typename A::Commands>::holds) {
          const auto& slots = CommandSlots<A, typename A::Commands>::value;
          type.commands = slots.data();
          type.command_count = slots.size();
        }
      }
      return type;
    }
  }();
};

}  // namespace detail

/// The table of aggregate A; instantiating it checks the rules. `Commands` may be missing: such an
/// aggregate is only loaded, or written by deciders over several.
template <typename A>
constexpr const AggregateType& aggregate_type_of() noexcept {
  return detail::AggregateTypeOf<A>::value;
}

/// An event for the aggregate A of this `id`; see to(id, event).
template <typename A, typename E>
DecidedEvent to(std::string_view id, E event) {
  static_cast<void>(rule::decided_event_is_listed<A, E>::holds);
  return DecidedEvent(std::move(event),
                      DecidedEvent::Target{.stream = stream_name(A::category, id)});
}

}  // namespace annals
