/// @file
/// Given / when / then for aggregates: business rules without a store.

#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <annals/aggregates/aggregate.hpp>
#include <annals/aggregates/decision.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/money.hpp>

namespace annals::testkit {

/// What an aggregate decided, to be compared. Failures point to the line of when().
class DecisionSpec {
 public:
  DecisionSpec(Decision decision, std::source_location place)
      : decision_(std::move(decision)), place_(place) {}

  /// Exactly these events, in this order, field by field.
  template <typename... E>
  void then(E... expected) const {
    std::vector<DecidedEvent> events;
    (events.emplace_back(std::move(expected)), ...);
    if (decision_.rejected()) {
      return fail("rejected by rule '" + std::string(decision_.rule()) +
                  "': " + std::string(decision_.message()));
    }
    const std::string actual_text = text_of(decision_.events());
    const std::string expected_text = text_of(events);
    if (actual_text != expected_text) {
      fail("decided\n" + actual_text + "expected\n" + expected_text);
    }
  }

  /// Accepted, and nothing to record.
  void then_nothing() const { then(); }

  void then_rejected(std::string_view rule) const {
    if (!decision_.rejected()) {
      return fail("not rejected, but decided\n" + text_of(decision_.events()));
    }
    if (decision_.rule() != rule) {
      fail("rejected by rule '" + std::string(decision_.rule()) + "', not by '" +
           std::string(rule) + "'");
    }
  }

  const Decision& decision() const noexcept { return decision_; }

 private:
  static std::string text_of(const std::vector<DecidedEvent>& events) {
    std::string text;
    for (const DecidedEvent& event : events) {
      text += "  " + std::string(event.event().name()) + ' ';
      const auto written = write_event(event.event(), text);
      if (!written) text += written.error().message;
      text += '\n';
    }
    return text.empty() ? "  no events\n" : text;
  }

  void fail(const std::string& message) const {
    ADD_FAILURE_AT(place_.file_name(), static_cast<int>(place_.line())) << message;
  }

  Decision decision_;
  std::source_location place_;
};

/// A state made of events; see given().
template <typename A>
class AggregateSpec {
 public:
  template <typename E>
  void apply(const E& event) {
    EventInfo info;
    info.stream = "spec";
    info.version = {count_};
    info.position = {count_ + 1};
    const EventType& type = event_type_of<E>();
    const EventSlot* slot = aggregate_type_of<A>().fold->find(type);
    static_assert(rule::decided_event_is_listed<A, E>::holds);
    slot->evolve(&state_, &event, &info);
    ++count_;
  }

  /// Decides. MoneyError is a rejection by the rule "money", as on the bus.
  template <typename C>
  DecisionSpec when(const C& command,
                    std::source_location place = std::source_location::current()) const {
    try {
      return DecisionSpec(state_.decide(command), place);
    } catch (const MoneyError& thrown) {
      return DecisionSpec(reject("money", thrown.what()), place);
    }
  }

  const A& state() const noexcept { return state_; }

 private:
  A state_{};
  std::uint64_t count_ = 0;
};

/// The aggregate after these events:
///
///     given<Account>(AccountOpened{}, MoneyDeposited{5_eur})
///         .when(Withdraw{6_eur})
///         .then_rejected("insufficient-funds");
template <typename A, typename... E>
AggregateSpec<A> given(const E&... events) {
  AggregateSpec<A> spec;
  (spec.apply(events), ...);
  return spec;
}

}  // namespace annals::testkit
