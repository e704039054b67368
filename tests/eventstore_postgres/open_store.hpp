#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/postgres_event_store.hpp>

namespace annals {

/// Opens a store that is expected to open.
inline std::unique_ptr<EventStore> open_store(PostgresOptions options) {
  auto store = open_postgres_event_store(std::move(options));
  if (!store) {
    ADD_FAILURE() << to_string(store.error());
    return nullptr;
  }
  return *std::move(store);
}

}  // namespace annals
