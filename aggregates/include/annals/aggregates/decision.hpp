/// @file
/// What `decide` answers: events, or a rejection.

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/time.hpp>

namespace annals {

/// A business rule that said no: `rule` is its stable name for programs, `message` is for people.
struct Rejection {
  std::string rule;
  std::string message;
  bool operator==(const Rejection&) const = default;
};

/// `return reject("insufficient-funds", "balance is " + to_string(balance));`
inline Rejection reject(std::string rule, std::string message = {}) {
  return {std::move(rule), std::move(message)};
}

/// One event of a decision, with what is said about it beside its fields. Made from an event, by
/// to() or by record().
class DecidedEvent {
 public:
  /// Where the event is to be written.
  struct Target {
    std::string id = {};      ///< Of an aggregate in the command's boundary; or else
    std::string stream = {};  ///< the stream's name. Both empty: the command's own stream.
    bool blind = false;       ///< The stream need not be in the boundary: no version is checked.
  };

  template <typename E>
  requires(!std::derived_from<std::remove_cvref_t<E>, DecidedEvent>)
      // Implicit on purpose: a decision is written as its events.
      // NOLINTNEXTLINE(google-explicit-constructor)
      DecidedEvent(E&& event)
      : event_(std::forward<E>(event)) {}
  template <typename E>
  DecidedEvent(E&& event, Target target)
      : event_(std::forward<E>(event)), target_(std::move(target)) {}

  /// The time the fact is about, in place of the command's.
  DecidedEvent& effective_at(Timestamp time) &;
  DecidedEvent&& effective_at(Timestamp time) && { return std::move(effective_at(time)); }
  /// When the organisation learned the fact, in place of the command's.
  DecidedEvent& known_at(Timestamp time) &;
  DecidedEvent&& known_at(Timestamp time) && { return std::move(known_at(time)); }
  /// Adds a tag to those that the event's type and the command give it.
  DecidedEvent& tag(std::string tag) &;
  DecidedEvent&& tag(std::string text) && { return std::move(tag(std::move(text))); }

  const AnyEvent& event() const noexcept { return event_; }
  /// The event if it is an E, else nullptr.
  template <typename E>
  const E* as() const noexcept {
    return event_.as<E>();
  }
  const Target& target() const noexcept { return target_; }
  std::optional<Timestamp> effective_at() const noexcept { return effective_at_; }
  std::optional<Timestamp> known_at() const noexcept { return known_at_; }
  const std::vector<std::string>& tags() const noexcept { return tags_; }

 private:
  AnyEvent event_;
  Target target_;
  std::optional<Timestamp> effective_at_;
  std::optional<Timestamp> known_at_;
  std::vector<std::string> tags_;
};

/// An event for the command's own stream, to hang .effective_at() .known_at() .tag() on:
/// `return record(FeeCharged{…}).tag("fee");`
template <typename E>
DecidedEvent record(E event) {
  return DecidedEvent(std::move(event));
}

/// An event for the aggregate `id`, which the command's boundary must name:
/// `return {to(c.from, MoneyWithdrawn{c.amount}), to(c.to, MoneyDeposited{c.amount})};`
/// Which type of aggregate is meant follows from the boundary; where one id names two that both
/// have this event, say it: to<Account>(id, event).
template <typename E>
DecidedEvent to(std::string id, E event) {
  return DecidedEvent(std::move(event), DecidedEvent::Target{.id = std::move(id)});
}

/// An event for the stream of this name, whatever it holds: no version of it is checked.
template <typename E>
DecidedEvent to_stream(std::string stream, E event) {
  return DecidedEvent(std::move(event),
                      DecidedEvent::Target{.stream = std::move(stream), .blind = true});
}

/// What `decide` returns: one event, several in braces, a vector of them, a Rejection, or nothing
/// (`return {};`), which means that all is as the command wants it already.
class Decision {
 public:
  /// No events.
  Decision() = default;
  // Implicit on purpose, all of them: `return MoneyWithdrawn{…};` is how decide ends.
  // NOLINTBEGIN(google-explicit-constructor)
  Decision(Rejection rejection)
      : rejection_(std::make_unique<const Rejection>(std::move(rejection))) {}
  template <typename E>
  requires(!std::derived_from<std::remove_cvref_t<E>, Decision> &&
           !std::same_as<std::remove_cvref_t<E>, Rejection>) Decision(E&& event) {
    add(std::forward<E>(event));
  }
  template <typename E>
  Decision(std::vector<E> events) {
    events_.reserve(events.size());
    for (E& event : events) add(std::move(event));
  }
  // NOLINTEND(google-explicit-constructor)
  template <typename First, typename Second, typename... Rest>
  Decision(First&& first, Second&& second, Rest&&... rest) {
    events_.reserve(2 + sizeof...(rest));
    add(std::forward<First>(first));
    add(std::forward<Second>(second));
    (add(std::forward<Rest>(rest)), ...);
  }

  /// Appends an event. For decisions that grow in a loop.
  template <typename E>
  void add(E&& event) {
    events_.emplace_back(std::forward<E>(event));
  }

  bool rejected() const noexcept { return rejection_ != nullptr; }
  /// The rule that said no; empty if none did.
  std::string_view rule() const noexcept {
    return rejection_ ? rejection_->rule : std::string_view();
  }
  std::string_view message() const noexcept {
    return rejection_ ? rejection_->message : std::string_view();
  }

  const std::vector<DecidedEvent>& events() const noexcept { return events_; }
  std::size_t size() const noexcept { return events_.size(); }
  bool empty() const noexcept { return events_.empty(); }
  /// Event `index` if there is one and it is an E, else nullptr.
  template <typename E>
  const E* get(std::size_t index = 0) const noexcept {
    return index < events_.size() ? events_[index].template as<E>() : nullptr;
  }

 private:
  std::vector<DecidedEvent> events_;
  std::unique_ptr<const Rejection> rejection_;
};

namespace rule {

template <typename A, typename E>
struct decided_event_is_listed {
  static constexpr bool holds = A::Events::template contains<E>;
  static_assert(holds,
                "annals: decide returns an event that is missing from the Events<…> list of "
                "its aggregate");
};

}  // namespace rule

/// A Decision that may hold only events that A lists; anything else does not compile. Where
/// `decide` returns a plain Decision, the bus finds such an event when the command is sent. In an
/// aggregate: `using Decision = annals::DecisionOf<Account>;`
template <typename A>
class DecisionOf : public Decision {
 public:
  DecisionOf() = default;
  // NOLINTBEGIN(google-explicit-constructor)
  DecisionOf(Rejection rejection) : Decision(std::move(rejection)) {}
  template <typename E>
  requires(!std::derived_from<std::remove_cvref_t<E>, Decision> &&
           !std::same_as<std::remove_cvref_t<E>, Rejection>) DecisionOf(E&& event) {
    add(std::forward<E>(event));
  }
  template <typename E>
  DecisionOf(std::vector<E> events) {
    for (E& event : events) add(std::move(event));
  }
  // NOLINTEND(google-explicit-constructor)
  template <typename First, typename Second, typename... Rest>
  DecisionOf(First&& first, Second&& second, Rest&&... rest) {
    add(std::forward<First>(first));
    add(std::forward<Second>(second));
    (add(std::forward<Rest>(rest)), ...);
  }

  template <typename E>
  void add(E&& event) {
    using Type = std::remove_cvref_t<E>;
    if constexpr (std::derived_from<Type, DecidedEvent>) {
      Decision::add(std::forward<E>(event));  // record() and to() have forgotten the type.
    } else if constexpr (rule::decided_event_is_listed<A, Type>::holds) {
      Decision::add(std::forward<E>(event));
    }
  }
};

}  // namespace annals
