#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/eventstore/event_store.hpp>

namespace annals::relay_test {

/// Appends of one to five events to any of `streams` streams, until the store's head is `events` or
/// a little more. Returns the head.
inline GlobalPosition grow(EventStore& store, std::uint64_t events, std::mt19937_64& random,
                           std::uint64_t streams = 50) {
  while (store.head().position.value < events) {
    AppendRequest request;
    const std::string stream = "account-" + std::to_string(random() % streams);
    for (std::uint64_t i = 0, count = 1 + random() % 5; i < count; ++i) {
      const bool elsewhere = i == 2;
      request.events.push_back(
          {.stream = elsewhere ? "audit-" + std::to_string(random() % streams) : stream,
           .type = "happened",
           .data = "{\"n\":" + std::to_string(random()) + ",\"text\":\"" +
                   std::string(random() % 200, 'x') + "\"}"});
    }
    for (const NewEvent& event : request.events) {
      bool known = false;
      for (const auto& check : request.checks) known = known || check.stream == event.stream;
      if (!known) request.checks.push_back({event.stream, ExpectedVersion::any()});
    }
    const auto receipt = store.append(std::move(request));
    if (!receipt) {
      ADD_FAILURE() << receipt.error().message;
      break;
    }
  }
  return store.head().position;
}

}  // namespace annals::relay_test
