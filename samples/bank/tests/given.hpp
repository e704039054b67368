/// @file
/// Rules tested with no store: given<Account>(events…).when(command).then(events…) or
/// .then_rejected("rule").

#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/json.hpp>

namespace bank {

/// What was decided, to be compared with what should have been.
class Then {
 public:
  explicit Then(annals::Decision decision) : decision_(std::move(decision)) {}

  template <typename... E>
  void then(const E&... expected) const {
    EXPECT_FALSE(decision_.rejected()) << decision_.rule() << ": " << decision_.message();
    std::string wanted;
    ((wanted += line(expected)), ...);
    std::string decided;
    for (const annals::DecidedEvent& event : decision_.events()) decided += line(event.event());
    EXPECT_EQ(decided, wanted);
  }

  void then_rejected(const std::string& rule) const {
    EXPECT_EQ(decision_.rule(), rule) << decision_.message();
    EXPECT_TRUE(decision_.empty());
  }

 private:
  static std::string line(const annals::AnyEvent& event) {
    std::string text(event.name());
    EXPECT_TRUE(annals::write_event(event, text));
    return text + '\n';
  }

  annals::Decision decision_;
};

template <typename A>
class Given {
 public:
  template <typename... E>
  explicit Given(const E&... history) {
    (state_.evolve(history), ...);
  }

  template <typename Command>
  Then when(const Command& command) const {
    return Then(state_.decide(command));
  }
  const A& state() const { return state_; }

 private:
  A state_ = {};
};

template <typename A, typename... E>
Given<A> given(const E&... history) {
  return Given<A>(history...);
}

}  // namespace bank
