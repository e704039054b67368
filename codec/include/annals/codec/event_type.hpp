/// @file
/// Events and commands whose type is known at run time only.

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <annals/codec/describe.hpp>
#include <annals/codec/json.hpp>
#include <annals/codec/table.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// An event's type. There is one object per type, so addresses compare.
struct EventType {
  std::string_view name;
  std::uint32_t schema_version = 1;
  const StructTable* table = nullptr;
  void* (*make)() = nullptr;  ///< A new event, all fields default.
  void* (*copy)(const void* event) = nullptr;
  void (*drop)(void* event) = nullptr;
  /// The tags the event type gives each event, by `static std::vector<std::string> tags(const E&)`;
  /// nullptr if it has no such function. May throw what the user's function throws.
  std::vector<std::string> (*tags)(const void* event) = nullptr;
};

/// A command's type. There is one object per type, so addresses compare.
struct CommandType {
  std::string_view name;
  const StructTable* table = nullptr;
  void* (*make)() = nullptr;
  void* (*copy)(const void* command) = nullptr;
  void (*drop)(void* command) = nullptr;
};

namespace rule {

template <typename E>
struct listed_type_is_an_event {
  static constexpr bool holds = Event<E>;
  static_assert(holds,
                "annals: this type is used as an event but is none: add "
                "ANNALS_EVENT(Type, \"stored_name\", fields...) to its public part");
};

template <typename C>
struct listed_type_is_a_command {
  static constexpr bool holds = Command<C>;
  static_assert(holds,
                "annals: this type is used as a command but is none: add "
                "ANNALS_COMMAND(Type, \"stored_name\", fields...) to its public part");
};

template <typename E>
struct schema_version_is_valid {
  static constexpr bool check() {
    if constexpr (requires { E::schema_version; }) {
      if constexpr (std::integral<std::remove_cvref_t<decltype(E::schema_version)>>) {
        return E::schema_version >= 1 && static_cast<std::uint64_t>(E::schema_version) <=
                                             std::numeric_limits<std::uint32_t>::max();
      } else {
        return false;
      }
    } else {
      return true;
    }
  }
  static constexpr bool holds = check();
  static_assert(holds, "annals: schema_version of an event is a number from 1 on");
};

template <typename A, typename B>
struct no_two_events_share_a_name {
  static constexpr bool holds = A::annals_event_name != B::annals_event_name;
  static_assert(holds, "annals: two events in one list have the same stored name");
};

template <typename A, typename B>
struct no_two_commands_share_a_name {
  static constexpr bool holds = A::annals_command_name != B::annals_command_name;
  static_assert(holds, "annals: two commands in one list have the same stored name");
};

}  // namespace rule

namespace detail {

template <typename T>
void* make_object() {
  return new T{};
}
template <typename T>
void* copy_object(const void* object) {
  return new T(*static_cast<const T*>(object));
}
template <typename T>
void drop_object(void* object) {
  delete static_cast<T*>(object);
}

template <typename E>
concept HasTags = requires(const E& event) {
  { E::tags(event) } -> std::convertible_to<std::vector<std::string>>;
};
template <typename E>
std::vector<std::string> tags_of(const void* event) {
  return E::tags(*static_cast<const E*>(event));
}

template <typename E>
struct EventTypeOf {
  static constexpr EventType make() {
    if constexpr (!rule::listed_type_is_an_event<E>::holds) {
      return {};
    } else if constexpr (!rule::schema_version_is_valid<E>::holds) {
      return {};
    } else {
      EventType type{E::annals_event_name,
                     event_schema_version<E>(),
                     &TableOf<E>::value,
                     &make_object<E>,
                     &copy_object<E>,
                     &drop_object<E>,
                     nullptr};
      if constexpr (HasTags<E>) type.tags = &tags_of<E>;
      return type;
    }
  }
  static constexpr EventType value = make();
};

template <typename C>
struct CommandTypeOf {
  static constexpr CommandType make() {
    if constexpr (!rule::listed_type_is_a_command<C>::holds) {
      return {};
    } else {
      return {C::annals_command_name, &TableOf<C>::value, &make_object<C>, &copy_object<C>,
              &drop_object<C>};
    }
  }
  static constexpr CommandType value = make();
};

template <template <typename, typename> typename Rule, typename... T>
struct EachPair {
  static constexpr bool holds = true;
};
template <template <typename, typename> typename Rule, typename First, typename... Rest>
struct EachPair<Rule, First, Rest...> {
  static constexpr bool holds = (Rule<First, Rest>::holds && ...) && EachPair<Rule, Rest...>::holds;
};

}  // namespace detail

template <typename E>
constexpr const EventType& event_type_of() noexcept {
  return detail::EventTypeOf<E>::value;
}

template <typename C>
constexpr const CommandType& command_type_of() noexcept {
  return detail::CommandTypeOf<C>::value;
}

/// A list of events, all with different stored names.
template <typename... E>
struct Events {
  static constexpr std::size_t size = sizeof...(E);
  static constexpr bool check() {
    if constexpr ((rule::listed_type_is_an_event<E>::holds && ...)) {
      return detail::EachPair<rule::no_two_events_share_a_name, E...>::holds;
    } else {
      return false;
    }
  }
  static constexpr bool valid = check();

  /// Whether T is in the list.
  template <typename T>
  static constexpr bool contains = (std::is_same_v<T, E> || ...);

  /// The types in order.
  static constexpr std::array<const EventType*, size> types() {
    if constexpr (valid) {
      return {&event_type_of<E>()...};
    } else {
      return {};
    }
  }
};

/// A list of commands, all with different stored names.
template <typename... C>
struct Commands {
  static constexpr std::size_t size = sizeof...(C);
  static constexpr bool check() {
    if constexpr ((rule::listed_type_is_a_command<C>::holds && ...)) {
      return detail::EachPair<rule::no_two_commands_share_a_name, C...>::holds;
    } else {
      return false;
    }
  }
  static constexpr bool valid = check();

  template <typename T>
  static constexpr bool contains = (std::is_same_v<T, C> || ...);

  static constexpr std::array<const CommandType*, size> types() {
    if constexpr (valid) {
      return {&command_type_of<C>()...};
    } else {
      return {};
    }
  }
};

namespace detail {

/// Owns one object of a type known at run time. Empty only after it was moved from.
template <typename Type>
class AnyObject {
 public:
  /// An object of this type, all fields default.
  explicit AnyObject(const Type& type) : type_(&type), data_(type.make()) {}
  AnyObject(const AnyObject& other)
      : type_(other.type_), data_(other.data_ ? other.type_->copy(other.data_) : nullptr) {}
  AnyObject(AnyObject&& other) noexcept
      : type_(other.type_), data_(std::exchange(other.data_, nullptr)) {}
  AnyObject& operator=(AnyObject other) noexcept {
    std::swap(type_, other.type_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~AnyObject() {
    if (data_ != nullptr) type_->drop(data_);
  }

  const Type& type() const noexcept { return *type_; }
  std::string_view name() const noexcept { return type_->name; }
  void* data() noexcept { return data_; }
  const void* data() const noexcept { return data_; }

 protected:
  AnyObject(const Type& type, void* data) noexcept : type_(&type), data_(data) {}

 private:
  const Type* type_;
  void* data_;
};

}  // namespace detail

/// One event of any type.
class AnyEvent : public detail::AnyObject<EventType> {
 public:
  using AnyObject::AnyObject;
  template <typename E>
  requires(!std::derived_from<std::remove_cvref_t<E>, AnyEvent> &&
           !std::same_as<std::remove_cvref_t<E>, EventType>)
      // Implicit on purpose: a list of events is written as the events.
      // NOLINTNEXTLINE(google-explicit-constructor)
      AnyEvent(E&& event)
      : AnyObject(event_type_of<std::remove_cvref_t<E>>(),
                  new std::remove_cvref_t<E>(std::forward<E>(event))) {}

  /// The event if it is an E, else nullptr.
  template <typename E>
  const E* as() const noexcept {
    return &type() == &event_type_of<E>() ? static_cast<const E*>(data()) : nullptr;
  }
};

/// One command of any type.
class AnyCommand : public detail::AnyObject<CommandType> {
 public:
  using AnyObject::AnyObject;
  template <typename C>
  requires(!std::derived_from<std::remove_cvref_t<C>, AnyCommand> &&
           !std::same_as<std::remove_cvref_t<C>, CommandType>)
      // NOLINTNEXTLINE(google-explicit-constructor)
      AnyCommand(C&& command)
      : AnyObject(command_type_of<std::remove_cvref_t<C>>(),
                  new std::remove_cvref_t<C>(std::forward<C>(command))) {}

  template <typename C>
  const C* as() const noexcept {
    return &type() == &command_type_of<C>() ? static_cast<const C*>(data()) : nullptr;
  }
};

/// Appends the text of an event to `out`. REQUIRES: `event` points to one of type `type`. Errors:
/// as write_json.
Result<void> write_event(const EventType& type, const void* event, std::string& out);
Result<void> write_event(const AnyEvent& event, std::string& out);

/// Appends the text of a command to `out`. Errors: as write_json.
Result<void> write_command(const AnyCommand& command, std::string& out);

/// Reads a command from text; unknown fields are refused. Errors: invalid_argument.
Result<AnyCommand> decode_command(const CommandType& type, std::string_view text);

}  // namespace annals
