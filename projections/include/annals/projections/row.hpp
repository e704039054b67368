/// @file
/// A row of a read model: a plain struct that knows its table, and folds events.
///
///     struct AccountBalance {
///       std::string account;
///       std::string owner;
///       Money balance{};
///       ANNALS_ROW(AccountBalance, "account_balances", (account), owner, balance);
///
///       using Events = annals::Events<AccountOpened, MoneyDeposited, AccountClosed>;
///       static auto keys(const auto&, const EventInfo& of) { return annals::id_of(of.stream); }
///       void evolve(const AccountOpened& e) { owner = e.owner; }
///       void evolve(const MoneyDeposited& e) { balance += e.amount; }
///       bool drop(const AccountClosed&) const { return true; }
///     };
///
/// Each event of the list goes to the rows that `keys` names (none, one, or several); a row that is
/// not in the table yet begins as Row{} with its key set. `evolve` changes it; `drop`, asked after
/// evolve, says whether it leaves the table. Both may take the envelope as second argument. They
/// are pure: no clock, no I/O, and they cannot fail, except for amounts that cannot be added.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <annals/codec/describe.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/table.hpp>
#include <annals/eventstore/event.hpp>

namespace annals {

/// A struct with ANNALS_ROW.
template <typename T>
concept Row = Described<T> && requires {
  T::annals_table_name;
};

/// What names one row of R: the type of its key member, or a std::tuple of them if the key has
/// several.
template <Row R>
using RowKey = typename R::annals_key;

/// What a column is about, for people who read the table's definition:
/// `static constexpr annals::ColumnComment comments[] = {{"balance", "after the last movement"}};`.
struct ColumnComment {
  std::string_view column;
  std::string_view text;
};

/// Takes the keys that one event names.
class KeySink {
 public:
  /// The key stands in the row's leading fields. Returns false to stop (an error was met).
  virtual bool take(const void* row_with_key) = 0;

 protected:
  ~KeySink() = default;
};

/// How one event type is folded into the rows of one table. The functions may throw what the user's
/// throw.
struct RowSlot {
  const EventType* type = nullptr;
  /// Puts each key that the event names into `scratch` (a row of the table) and gives it to `sink`.
  void (*keys)(const void* event, const EventInfo& info, void* scratch, KeySink& sink) = nullptr;
  void (*evolve)(void* row, const void* event, const EventInfo& info) = nullptr;  ///< May be null.
  bool (*drop)(const void* row, const void* event,
               const EventInfo& info) = nullptr;  ///< May be null.
};

/// A table of a read model. There is one object per row type: addresses compare.
struct TableType {
  std::string_view name;
  std::string_view comment = {};  ///< `static constexpr auto comment = "…";` of the row, or empty.
  const StructTable* columns = nullptr;
  std::size_t key_columns = 0;  ///< The first columns are the key.
  /// Besides the key: each a list of columns, "owner" or "account, date".
  const std::string_view* indexes = nullptr;
  std::size_t index_count = 0;
  const ColumnComment* comments = nullptr;
  std::size_t comment_count = 0;
  const RowSlot* events = nullptr;
  std::size_t event_count = 0;
  void* (*make)() = nullptr;  ///< A new row, all fields default.
  void* (*copy)(const void* row) = nullptr;
  void (*drop)(void* row) = nullptr;

  const RowSlot* find(const EventType& type) const noexcept;
};

namespace rule {

constexpr bool is_sql_name(std::string_view name) {
  if (name.empty() || name.size() > 60) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

template <typename R>
struct table_name_is_valid {
  static constexpr bool holds = is_sql_name(R::annals_table_name) &&
                                !R::annals_table_name.starts_with("annals_") &&
                                !R::annals_table_name.starts_with("sqlite_");
  static_assert(holds,
                "annals: a table's name is 1 to 60 of a-z, 0-9 and _, begins with a letter, and "
                "not with annals_ or sqlite_");
};

template <typename R>
struct row_lists_its_events {
  static constexpr bool holds = [] {
    if constexpr (requires { R::Events::valid; }) {
      return R::Events::valid;
    } else {
      return false;
    }
  }();
  static_assert(holds,
                "annals: a row names the events it is folded from: "
                "using Events = annals::Events<MoneyDeposited, …>;");
};

template <typename R>
struct row_is_a_regular_value {
  static constexpr bool holds =
      std::is_default_constructible_v<R> && std::is_copy_constructible_v<R>;
  static_assert(holds, "annals: a row must be default constructible and copyable");
};

template <typename R, typename E>
struct row_has_keys_for_every_listed_event {
  static constexpr bool with_info = requires(const E& event, const EventInfo& info) {
    R::keys(event, info);
  };
  static constexpr bool without_info = requires(const E& event) { R::keys(event); };
  static constexpr bool holds = with_info || without_info;
  static_assert(holds,
                "annals: this event is in the Events<…> list of the row but there is no 'static … "
                "keys(const Event&)' (or keys(const Event&, const EventInfo&)) for it");
};

template <typename R, typename E>
struct row_evolves_or_drops_by_every_listed_event {
  static constexpr bool evolves_with_info =
      requires(R & row, const E& event, const EventInfo& info) {
    row.evolve(event, info);
  };
  static constexpr bool evolves = requires(R & row, const E& event) { row.evolve(event); };
  static constexpr bool drops_with_info =
      requires(const R& row, const E& event, const EventInfo& info) {
    { row.drop(event, info) } -> std::same_as<bool>;
  };
  static constexpr bool drops = requires(const R& row, const E& event) {
    { row.drop(event) } -> std::same_as<bool>;
  };
  static constexpr bool holds = evolves_with_info || evolves || drops_with_info || drops;
  static_assert(holds,
                "annals: this event is in the Events<…> list of the row but there is neither "
                "'void evolve(const Event&)' nor 'bool drop(const Event&) const' for it");
};

template <typename R, typename Returned>
struct keys_are_keys_of_the_row {
  using Key = typename R::annals_key;
  template <typename T>
  static constexpr bool is_key = std::convertible_to<T, Key> ||
                                 (std::same_as<Key, std::string> &&
                                  std::convertible_to<T, std::string_view>);
  static constexpr bool one = is_key<Returned>;
  static constexpr bool perhaps = [] {
    if constexpr (requires(const Returned& keys) {
                    keys.has_value();
                    *keys;
                  }) {
      return is_key<decltype(*std::declval<const Returned&>())>;
    } else {
      return false;
    }
  }();
  static constexpr bool several = [] {
    if constexpr (std::ranges::input_range<Returned>) {
      return is_key<std::ranges::range_reference_t<Returned>>;
    } else {
      return false;
    }
  }();
  static constexpr bool holds = one || perhaps || several;
  static_assert(holds,
                "annals: keys returns a key of the row (its key member, or a std::tuple of them), "
                "a std::optional or a list of keys");
};

template <typename R>
struct indexes_and_comments_are_lists {
  static constexpr bool holds = [] {
    bool lists = true;
    if constexpr (requires { R::indexes; }) {
      lists = requires {
        { std::data(R::indexes) } -> std::convertible_to<const std::string_view*>;
        std::size(R::indexes);
      };
    }
    if constexpr (requires { R::comments; }) {
      lists = lists && requires {
        { std::data(R::comments) } -> std::convertible_to<const ColumnComment*>;
        std::size(R::comments);
      };
    }
    return lists;
  }();
  static_assert(holds,
                "annals: indexes and comments of a row are lists: static constexpr "
                "std::string_view indexes[] = {\"owner\", \"account, date\"}; static constexpr "
                "annals::ColumnComment comments[] = {{\"owner\", \"…\"}};");
};

template <typename R>
struct indexes_and_comments_name_columns {
  static constexpr bool is_column(std::string_view name) {
    for (const FieldEntry& field : TableOf<R>::fields) {
      if (field.name == name) return true;
    }
    return false;
  }
  static constexpr bool are_columns(std::string_view list) {
    while (true) {
      const std::size_t comma = list.find(',');
      std::string_view name = list.substr(0, comma);
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      if (!is_column(name)) return false;
      if (comma == std::string_view::npos) return true;
      list.remove_prefix(comma + 1);
    }
  }
  static constexpr bool check() {
    if constexpr (requires { std::size(R::indexes); }) {
      for (const std::string_view index : R::indexes) {
        if (!are_columns(index)) return false;
      }
    }
    if constexpr (requires { std::size(R::comments); }) {
      for (const ColumnComment& comment : R::comments) {
        if (!is_column(comment.column)) return false;
      }
    }
    return true;
  }
  static constexpr bool holds = check();
  static_assert(holds, "annals: an index or a comment of the row names a column it does not have");
};

template <typename R>
struct columns_have_sql_names {
  static constexpr bool holds = [] {
    for (const FieldEntry& field : TableOf<R>::fields) {
      if (field.name.empty()) continue;  // It cannot be stored, which is said already.
      if (!is_sql_name(field.name)) return false;
    }
    return true;
  }();
  static_assert(holds,
                "annals: the fields of a row are columns: 1 to 60 of a-z, 0-9 and _, beginning "
                "with a letter");
};

}  // namespace rule

namespace detail {

template <typename... Field>
struct KeyTypeOf {
  using Type = std::tuple<Field...>;
  static constexpr std::size_t size = sizeof...(Field);
};
template <typename Field>
struct KeyTypeOf<Field> {
  using Type = Field;
  static constexpr std::size_t size = 1;
};

/// Puts `key` into the leading fields of `row`.
template <typename R>
void set_key(R& row, RowKey<R> key) {
  const auto& fields = TableOf<R>::fields;
  if constexpr (R::annals_key_columns == 1) {
    *static_cast<RowKey<R>*>(fields[0].get(&row)) = std::move(key);
  } else {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((*static_cast<std::tuple_element_t<I, RowKey<R>>*>(fields[I].get(&row)) =
            std::get<I>(std::move(key))),
       ...);
    }
    (std::make_index_sequence<R::annals_key_columns>{});
  }
}

template <typename R, typename E>
decltype(auto) keys_of(const E& event, const EventInfo& info) {
  if constexpr (rule::row_has_keys_for_every_listed_event<R, E>::with_info) {
    return R::keys(event, info);
  } else {
    return R::keys(event);
  }
}

template <typename R, typename E>
void give_keys(const void* event, const EventInfo& info, void* scratch, KeySink& sink) {
  R& row = *static_cast<R*>(scratch);
  auto&& keys = keys_of<R, E>(*static_cast<const E*>(event), info);
  using Rule = rule::keys_are_keys_of_the_row<R, std::remove_cvref_t<decltype(keys)>>;
  if constexpr (Rule::one) {
    set_key<R>(row, RowKey<R>(keys));
    sink.take(&row);
  } else if constexpr (Rule::perhaps) {
    if (!keys.has_value()) return;
    set_key<R>(row, RowKey<R>(*keys));
    sink.take(&row);
  } else if constexpr (Rule::holds) {
    for (auto&& key : keys) {
      set_key<R>(row, RowKey<R>(key));
      if (!sink.take(&row)) return;
    }
  }
}

template <typename R, typename E>
void evolve_row(void* row, const void* event, const EventInfo& info) {
  if constexpr (rule::row_evolves_or_drops_by_every_listed_event<R, E>::evolves_with_info) {
    static_cast<R*>(row)->evolve(*static_cast<const E*>(event), info);
  } else {
    static_cast<R*>(row)->evolve(*static_cast<const E*>(event));
  }
}

template <typename R, typename E>
bool drops_row(const void* row, const void* event, const EventInfo& info) {
  if constexpr (rule::row_evolves_or_drops_by_every_listed_event<R, E>::drops_with_info) {
    return static_cast<const R*>(row)->drop(*static_cast<const E*>(event), info);
  } else {
    return static_cast<const R*>(row)->drop(*static_cast<const E*>(event));
  }
}

template <typename R, typename E>
constexpr RowSlot row_slot() {
  using Folds = rule::row_evolves_or_drops_by_every_listed_event<R, E>;
  if constexpr (!rule::row_has_keys_for_every_listed_event<R, E>::holds) {
    return {};
  } else if constexpr (!Folds::holds) {
    return {};
  } else {
    RowSlot slot{&event_type_of<E>(), &give_keys<R, E>, nullptr, nullptr};
    if constexpr (Folds::evolves || Folds::evolves_with_info) slot.evolve = &evolve_row<R, E>;
    if constexpr (Folds::drops || Folds::drops_with_info) slot.drop = &drops_row<R, E>;
    return slot;
  }
}

template <typename R, typename List>
struct RowSlots;
template <typename R, typename... E>
struct RowSlots<R, Events<E...>> {
  static constexpr std::array<RowSlot, sizeof...(E)> value{row_slot<R, E>()...};
};

template <typename R>
struct TableTypeOf {
  static constexpr TableType value = [] {
    if constexpr (!rule::table_name_is_valid<R>::holds) {
      return TableType{};
    } else if constexpr (!rule::row_lists_its_events<R>::holds) {
      return TableType{};
    } else if constexpr (!rule::row_is_a_regular_value<R>::holds) {
      return TableType{};
    } else if constexpr (!TableOf<R>::valid) {
      return TableType{};  // What is wrong with the field list is said already.
    } else if constexpr (!rule::columns_have_sql_names<R>::holds) {
      return TableType{};
    } else if constexpr (!rule::indexes_and_comments_are_lists<R>::holds) {
      return TableType{};
    } else if constexpr (!rule::indexes_and_comments_name_columns<R>::holds) {
      return TableType{};
    } else {
      const auto& slots = RowSlots<R, typename R::Events>::value;
      TableType type{.name = R::annals_table_name,
                     .columns = &TableOf<R>::value,
                     .key_columns = R::annals_key_columns,
                     .events = slots.data(),
                     .event_count = slots.size(),
                     .make = &make_object<R>,
                     .copy = &copy_object<R>,
                     .drop = &drop_object<R>};
      if constexpr (requires { std::string_view(R::comment); }) type.comment = R::comment;
      if constexpr (requires { std::size(R::indexes); }) {
        type.indexes = std::data(R::indexes);
        type.index_count = std::size(R::indexes);
      }
      if constexpr (requires { std::size(R::comments); }) {
        type.comments = std::data(R::comments);
        type.comment_count = std::size(R::comments);
      }
      return type;
    }
  }();
};

}  // namespace detail

/// The table of row type R; instantiating it checks the rules. R may also have
/// `static constexpr std::string_view indexes[] = {"owner", "account, date"};`, `comments` (see
/// ColumnComment) and `static constexpr auto comment = "…";`.
template <Row R>
constexpr const TableType& table_type_of() noexcept {
  return detail::TableTypeOf<R>::value;
}

}  // namespace annals

// clang-format off
#define ANNALS_DETAIL_UNPACK(...) __VA_ARGS__
#define ANNALS_DETAIL_KEY_FIELD(r, type, index, member) BOOST_PP_COMMA_IF(index) decltype(member)
#define ANNALS_DETAIL_KEY_TYPE(type, ...) \
  ::annals::detail::KeyTypeOf<ANNALS_DETAIL_EACH(ANNALS_DETAIL_KEY_FIELD, type, __VA_ARGS__)>

/// Describes a row: `ANNALS_ROW(Type, "table_name", (key member, …), other member, …)`. The columns
/// are the key members, then the others; together they are all members of the struct. A column keeps
/// its name for good, or the projection's version is raised.
#define ANNALS_ROW(type, table_name, key, ...)                                                 \
  ANNALS_DETAIL_SECOND_OF(ANNALS_DETAIL_IN_BRACKETS key, ANNALS_DETAIL_ROW_WITHOUT_KEY, ~)      \
  (type, table_name, key, __VA_ARGS__)
// Of a key in brackets this becomes a list of two; of any other it stays one word.
#define ANNALS_DETAIL_IN_BRACKETS(...) ~, ANNALS_DETAIL_ROW
#define ANNALS_DETAIL_SECOND_OF(...) ANNALS_DETAIL_SECOND(__VA_ARGS__)
#define ANNALS_DETAIL_SECOND(first, second, ...) second
#define ANNALS_DETAIL_ROW_WITHOUT_KEY(type, ...)                                               \
  static_assert(sizeof(type*) == 0,                                                            \
                "annals: the key members stand in brackets: "                                  \
                "ANNALS_ROW(Type, \"table_name\", (account), balance)")
#define ANNALS_DETAIL_ROW(type, table_name, key, ...)                                          \
  static constexpr ::std::string_view annals_table_name = table_name;                          \
  using annals_key = ANNALS_DETAIL_KEY_TYPE(type, ANNALS_DETAIL_UNPACK key)::Type;             \
  static constexpr ::std::size_t annals_key_columns =                                          \
      ANNALS_DETAIL_KEY_TYPE(type, ANNALS_DETAIL_UNPACK key)::size;                            \
  ANNALS_DETAIL_DESCRIBE(type, ANNALS_DETAIL_UNPACK key __VA_OPT__(,) __VA_ARGS__)
// clang-format on
