/// @file
/// Aggregates and deciders as a user writes them, as tables of the commands they handle.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/commands/boundary.hpp>
#include <annals/commands/states.hpp>

namespace annals {

/// A boundary as it was loaded. Pointers are valid during one `decide`.
struct LoadedBoundary {
  struct Aggregate {
    const AggregateType* type;
    std::string_view id;
    const void* state;
    std::optional<StreamVersion> version;
  };
  struct Selection {
    const FoldType* type;
    const void* state;
    std::uint64_t events;
  };
  std::vector<Aggregate> aggregates = {};
  std::vector<Selection> queries = {};
};

/// One command and the code that handles it. There is one object per command and owner.
struct CommandHandler {
  const CommandType* type = nullptr;
  std::string_view owner;                    ///< For messages: the category or the decider's name.
  const AggregateType* aggregate = nullptr;  ///< nullptr: a decider with a boundary of its own.
  /// Deciders only. May throw what the user's boundary throws.
  Boundary (*boundary)(const void* command) = nullptr;
  /// May throw what the user's decide throws.
  Decision (*decide)(const void* command, const LoadedBoundary& loaded) = nullptr;
};

namespace detail {

template <typename T>
constexpr bool is_states = false;
template <typename A>
constexpr bool is_states<States<A>> = true;
template <typename T>
constexpr bool is_query_state = false;
template <typename T>
constexpr bool is_query_state<QueryState<T>> = true;

/// Becomes whatever `const States<A>&` or `const QueryState<T>&` a decide asks for, out of what was
/// loaded.
class BoundaryArgument {
 public:
  explicit BoundaryArgument(const LoadedBoundary& loaded) : loaded_(loaded) {}

  template <typename T>
  requires(is_states<T> || is_query_state<T>)
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const T&() const {
    return make(static_cast<const T*>(nullptr));
  }

 private:
  template <typename A>
  const States<A>& make(const States<A>* /*type*/) const {
    auto states = std::make_shared<States<A>>();
    for (const LoadedBoundary::Aggregate& aggregate : loaded_.aggregates) {
      if (aggregate.type == &aggregate_type_of<A>()) {
        states->add({aggregate.id, static_cast<const A*>(aggregate.state), aggregate.version});
      }
    }
    return *static_cast<const States<A>*>((made_ = std::move(states)).get());
  }
  template <typename T>
  const QueryState<T>& make(const QueryState<T>* /*type*/) const {
    for (const LoadedBoundary::Selection& query : loaded_.queries) {
      if (query.type == &fold_type_of<T>()) {
        auto state =
            std::make_shared<QueryState<T>>(static_cast<const T*>(query.state), query.events);
        return *static_cast<const QueryState<T>*>((made_ = std::move(state)).get());
      }
    }
    throw std::logic_error("decide asks for a QueryState that the boundary has no query for");
  }

  const LoadedBoundary& loaded_;
  mutable std::shared_ptr<const void> made_;
};

// How many arguments D::decide takes after a C; -1 if it takes none of the counts we try.
template <typename D, typename C>
constexpr int boundary_argument_count = [] {
  using Arg = const BoundaryArgument&;
  if constexpr (requires(const C& c) { D::decide(c); }) {
    return 0;
  } else if constexpr (requires(const C& c, Arg a) { D::decide(c, a); }) {
    return 1;
  } else if constexpr (requires(const C& c, Arg a) { D::decide(c, a, a); }) {
    return 2;
  } else if constexpr (requires(const C& c, Arg a) { D::decide(c, a, a, a); }) {
    return 3;
  } else if constexpr (requires(const C& c, Arg a) { D::decide(c, a, a, a, a); }) {
    return 4;
  } else {
    return -1;
  }
}();

}  // namespace detail

namespace rule {

template <typename D>
struct decider_lists_its_commands {
  static constexpr bool holds = [] {
    if constexpr (requires { D::Commands::valid; }) {
      return D::Commands::valid && D::Commands::size > 0;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: what is added to a bus lists its commands: "
                "using Commands = annals::Commands<Transfer, …>;");
};

template <typename D, typename C>
struct decider_names_the_boundary_of_every_command {
  static constexpr bool holds = requires(const C& command) {
    { D::boundary(command) } -> std::convertible_to<Boundary>;
  };
  static_assert(holds,
                "annals: a decider (it has no category) names what each of its commands "
                "relies on: 'static Boundary boundary(const Command&)'");
};

template <typename D, typename C>
struct decider_decides_every_listed_command {
  static constexpr bool holds = detail::boundary_argument_count<D, C> >= 0;
  static_assert(holds,
                "annals: this command is in the decider's Commands<…> list but there is no "
                "'static Decision decide(const Command&, const States<Aggregate>&, …)' for "
                "it, with at most four States and QueryStates by const reference");
};

template <typename A, typename B>
struct no_two_handlers_share_a_command {
  template <typename... C, typename... D>
  static constexpr bool apart(const Commands<C...>* /*a*/, const Commands<D...>* /*b*/) {
    const std::array<std::string_view, sizeof...(C)> names{command_type_of<C>().name...};
    const std::array<std::string_view, sizeof...(D)> others{command_type_of<D>().name...};
    for (const std::string_view name : names) {
      for (const std::string_view other : others) {
        if (name == other) return false;
      }
    }
    return true;
  }
  static constexpr bool holds = apart(static_cast<const typename A::Commands*>(nullptr),
                                      static_cast<const typename B::Commands*>(nullptr));
  static_assert(holds, "annals: two types added to one bus handle commands of the same name");
};

}  // namespace rule

namespace detail {

template <typename A, typename C>
Decision decide_by_aggregate(const void* command, const LoadedBoundary& loaded) {
  return static_cast<const A*>(loaded.aggregates.front().state)
      ->decide(*static_cast<const C*>(command));
}

template <typename D, typename C>
Boundary boundary_of(const void* command) {
  return D::boundary(*static_cast<const C*>(command));
}

template <typename D, typename C>
Decision decide_by_decider(const void* command, const LoadedBoundary& loaded) {
  const C& c = *static_cast<const C*>(command);
  constexpr int count = boundary_argument_count<D, C>;
  const BoundaryArgument a(loaded);
  const BoundaryArgument b(loaded);
  const BoundaryArgument d(loaded);
  const BoundaryArgument e(loaded);
  if constexpr (count == 0) {
    return D::decide(c);
  } else if constexpr (count == 1) {
    return D::decide(c, a);
  } else if constexpr (count == 2) {
    return D::decide(c, a, b);
  } else if constexpr (count == 3) {
    return D::decide(c, a, b, d);
  } else {
    return D::decide(c, a, b, d, e);
  }
}

template <typename T, typename C>
constexpr CommandHandler command_handler() {
  if constexpr (requires { T::category; }) {
    return {&command_type_of<C>(), T::category, &aggregate_type_of<T>(), nullptr,
            &decide_by_aggregate<T, C>};
  } else if constexpr (!rule::decider_names_the_boundary_of_every_command<T, C>::holds) {
    return {};
  } else if constexpr (!rule::decider_decides_every_listed_command<T, C>::holds) {
    return {};
  } else {
    return {&command_type_of<C>(), "a decider", nullptr, &boundary_of<T, C>,
            &decide_by_decider<T, C>};
  }
}

template <typename T, typename List>
struct CommandHandlers;
template <typename T, typename... C>
struct CommandHandlers<T, Commands<C...>> {
  static constexpr std::array<CommandHandler, sizeof...(C)> value{command_handler<T, C>()...};
};

}  // namespace detail
}  // namespace annals
