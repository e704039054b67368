/// @file
/// A projection as a user writes it, checked when it is compiled and turned into a table.
///
///     struct Balances {
///       static constexpr auto name = "balances";       // its checkpoint's name
///       static constexpr int version = 1;              // raise it when its rows or folds change
///       static constexpr bool order_free = true;       // leaving events out gives a true state
///       using Tables = annals::Tables<AccountBalance, StatementLine>;   // see row.hpp
///     };
///
/// With
///
///     static constexpr bool rows_of_one_stream = true;
///
/// it says that each of its rows is made of the events of one stream, which lets the members of a
/// consumer group share it.
///
/// A fold that fails halts the projection. With
///
///     static constexpr auto on_failure = annals::OnFailure::park;
///
/// only the row that it failed on falls behind: see parked.hpp.
///
/// What rows cannot express is written as SQL, in the same transaction; placeholders are ?1, ?2, …:
///
///     struct DailyTotals {
///       static constexpr auto name = "daily_totals";
///       static constexpr int version = 1;
///       static constexpr auto schema = "CREATE TABLE daily_totals (day TEXT PRIMARY KEY, …)";
///       using SqlEvents = annals::Events<MoneyDeposited>;
///       static annals::Result<void> apply(annals::Sql& sql, const MoneyDeposited& e,
///                                         const annals::EventInfo& info);
///     };

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/projections/row.hpp>
#include <annals/projections/sql.hpp>

namespace annals {

/// What becomes of an event that cannot be folded into a row, tried often enough. One whose keys
/// cannot be told, or whose hand-written SQL fails, halts the projection in any case.
enum class OnFailure : std::uint8_t {
  halt,  ///< The projection waits right before it.
  park,  ///< It is parked for that row, and so are later ones; all other rows go on.
};

/// How one event type is applied by hand-written SQL. May throw what the user's function throws.
struct SqlSlot {
  const EventType* type = nullptr;
  Result<void> (*apply)(Sql& sql, const void* event, const EventInfo& info) = nullptr;
};

/// A projection. There is one object per type: addresses compare.
struct ProjectionType {
  std::string_view name;
  std::uint32_t version = 1;
  bool order_free = false;
  /// Each of its rows is made of one stream's events, so that processes can share it by stream.
  bool rows_of_one_stream = false;
  OnFailure on_failure = OnFailure::halt;
  const TableType* const* tables = nullptr;
  std::size_t table_count = 0;
  /// The only categories of streams that interest it; none: all.
  const std::string_view* categories = nullptr;
  std::size_t category_count = 0;
  /// Statements that make the tables of hand-written SQL, each ended by ';'.
  std::string_view schema = {};
  const SqlSlot* sql = nullptr;
  std::size_t sql_count = 0;

  /// The event types that interest it, each once.
  std::vector<const EventType*> event_types() const;
  /// The events that interest it; those stored under earlier names included.
  Query query(const Upcasters& upcasters) const;
  /// What marks read models made by this definition: of its version, its tables' columns, keys and
  /// indexes, and its SQL schema.
  std::uint64_t fingerprint() const;
};

/// The tables of a projection.
template <typename... R>
struct Tables {
  static constexpr std::size_t size = sizeof...(R);
};

namespace rule {

template <typename R>
struct listed_table_is_a_row {
  static constexpr bool holds = Row<R>;
  static_assert(holds,
                "annals: this type is in Tables<…> but is no row: add ANNALS_ROW(Type, "
                "\"table_name\", (key), fields...) to its public part");
};

template <typename... R>
struct tables_have_names_of_their_own {
  static constexpr bool holds = [] {
    const std::array<std::string_view, sizeof...(R)> names{R::annals_table_name...};
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i] == names[j]) return false;
      }
    }
    return true;
  }();
  static_assert(holds, "annals: two rows in Tables<…> have one table name, or one is listed twice");
};

template <typename P>
struct projection_has_a_name {
  static constexpr bool holds = [] {
    if constexpr (requires { std::string_view(P::name); }) {
      return is_sql_name(P::name);
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: a projection has a name of 1 to 60 of a-z, 0-9 and _: static constexpr "
                "auto name = \"balances\";");
};

template <typename P>
struct projection_has_a_version {
  static constexpr bool holds = [] {
    if constexpr (requires { P::version >= 1; }) {
      return P::version >= 1;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: a projection has a version from 1 on, raised when its rows or folds "
                "change: static constexpr int version = 1;");
};

template <typename P>
struct projection_owns_tables {
  static constexpr bool holds = requires { P::Tables::size; }
  || requires { P::SqlEvents::valid; };
  static_assert(holds,
                "annals: a projection has tables of rows (using Tables = annals::Tables<Row, …>;) "
                "or SQL of its own (schema, SqlEvents, apply)");
};

template <typename P>
struct sql_has_a_table_to_write_to {
  static constexpr bool holds = requires { std::string_view(P::schema); }
  || requires { P::Tables::size; }
  || !requires { P::SqlEvents::valid; };
  static_assert(holds,
                "annals: a projection with SqlEvents makes its tables: static constexpr auto "
                "schema = \"CREATE TABLE …;\";");
};

template <typename P>
struct categories_are_a_list {
  static constexpr bool holds = [] {
    if constexpr (requires { P::categories; }) {
      return requires {
        { std::data(P::categories) } -> std::convertible_to<const std::string_view*>;
        std::size(P::categories);
      };
    } else {
      return true;
    }
  }();
  static_assert(holds,
                "annals: categories of a projection are a list: static constexpr "
                "std::string_view categories[] = {\"account\"};");
};

template <typename P>
struct only_rows_can_be_parked {
  static constexpr bool holds = [] {
    if constexpr (requires { P::on_failure; }) {
      return std::is_same_v<std::remove_cvref_t<decltype(P::on_failure)>, OnFailure> &&
             (P::on_failure == OnFailure::halt || requires { P::Tables::size; });
    } else {
      return true;
    }
  }();
  static_assert(holds,
                "annals: on_failure is annals::OnFailure::halt or park, and what is parked has a "
                "key: a projection of nothing but SQL halts");
};

template <typename P, typename E>
struct projection_applies_every_sql_event {
  static constexpr bool holds = requires(Sql & sql, const E& event, const EventInfo& info) {
    { P::apply(sql, event, info) } -> std::convertible_to<Result<void>>;
  };
  static_assert(holds,
                "annals: this event is in SqlEvents but there is no 'static Result<void> "
                "apply(Sql&, const Event&, const EventInfo&)' for it");
};

/// Checked where it is added to a group.
template <typename P>
struct projection_has_rows_of_one_stream {
  static constexpr bool holds = [] {
    if constexpr (requires { P::rows_of_one_stream; }) {
      return P::rows_of_one_stream;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: a group shares a projection by stream, so each of its rows is made of one "
                "stream's events, and it says so: static constexpr bool rows_of_one_stream = true; "
                "Project others from all partitions of the topic");
};

}  // namespace rule

namespace detail {

template <typename List>
struct TableList {
  static constexpr std::array<const TableType*, 0> value{};
};
template <typename... R>
struct TableList<Tables<R...>> {
  static constexpr auto value = [] {
    if constexpr ((rule::listed_table_is_a_row<R>::holds && ...)) {
      if constexpr (rule::tables_have_names_of_their_own<R...>::holds) {
        return std::array<const TableType*, sizeof...(R)>{&table_type_of<R>()...};
      } else {
        return std::array<const TableType*, sizeof...(R)>{};
      }
    } else {
      return std::array<const TableType*, sizeof...(R)>{};
    }
  }();
};

template <typename P, typename E>
Result<void> apply_sql(Sql& sql, const void* event, const EventInfo& info) {
  return P::apply(sql, *static_cast<const E*>(event), info);
}

template <typename P, typename E>
constexpr SqlSlot sql_slot() {
  if constexpr (rule::projection_applies_every_sql_event<P, E>::holds) {
    return {&event_type_of<E>(), &apply_sql<P, E>};
  } else {
    return {};
  }
}

template <typename P, typename List>
struct SqlSlots;
template <typename P, typename... E>
struct SqlSlots<P, Events<E...>> {
  static constexpr std::array<SqlSlot, sizeof...(E)> value{sql_slot<P, E>()...};
};

template <typename P>
struct ProjectionTypeOf {
  static constexpr ProjectionType value = [] {
    if constexpr (!rule::projection_has_a_name<P>::holds) {
      return ProjectionType{};
    } else if constexpr (!rule::projection_has_a_version<P>::holds) {
      return ProjectionType{};
    } else if constexpr (!rule::projection_owns_tables<P>::holds) {
      return ProjectionType{};
    } else if constexpr (!rule::sql_has_a_table_to_write_to<P>::holds) {
      return ProjectionType{};
    } else if constexpr (!rule::categories_are_a_list<P>::holds) {
      return ProjectionType{};
    } else if constexpr (!rule::only_rows_can_be_parked<P>::holds) {
      return ProjectionType{};
    } else {
      ProjectionType type{.name = P::name, .version = static_cast<std::uint32_t>(P::version)};
      if constexpr (requires { P::order_free; }) type.order_free = P::order_free;
      if constexpr (requires { P::rows_of_one_stream; }) {
        type.rows_of_one_stream = P::rows_of_one_stream;
      }
      if constexpr (requires { P::on_failure; }) type.on_failure = P::on_failure;
      if constexpr (requires { typename P::Tables; }) {
        type.tables = TableList<typename P::Tables>::value.data();
        type.table_count = P::Tables::size;
      }
      if constexpr (requires { std::size(P::categories); }) {
        type.categories = std::data(P::categories);
        type.category_count = std::size(P::categories);
      }
      if constexpr (requires { std::string_view(P::schema); }) type.schema = P::schema;
      if constexpr (requires { typename P::SqlEvents; }) {
        const auto& slots = SqlSlots<P, typename P::SqlEvents>::value;
        type.sql = slots.data();
        type.sql_count = slots.size();
      }
      return type;
    }
  }();
};

}  // namespace detail

/// The table of projection P; instantiating it checks the rules. P may also have
/// `static constexpr std::string_view categories[] = {"account"};`.
template <typename P>
constexpr const ProjectionType& projection_type_of() noexcept {
  return detail::ProjectionTypeOf<P>::value;
}

}  // namespace annals
