/// @file
/// The bank put together: a store, and the bus that takes its commands.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/log_event_store.hpp>

#include "account.hpp"
#include "ledger.hpp"
#include "transfer.hpp"

namespace bank {

/// Who uses annals makes something like this once: it owns the store and knows the deciders.
class Bank {
 public:
  explicit Bank(std::unique_ptr<annals::EventStore> store, annals::BusOptions options = {})
      : store_(std::move(store)), bus_(*store_, std::move(options)) {
    bus_.add<Account, Transfer, Ledger>();
  }

  annals::EventStore& store() { return *store_; }
  annals::CommandBus& bus() { return bus_; }

 private:
  std::unique_ptr<annals::EventStore> store_;
  annals::CommandBus bus_;  // Ends before the store does.
};

/// Opens the bank in a folder, or makes one there.
///
/// Errors: as annals::open_log_event_store.
inline annals::Result<std::unique_ptr<Bank>> open_bank(annals::LogOptions options) {
  auto store = annals::open_log_event_store(std::move(options));
  if (!store) return std::move(store).error();
  return std::make_unique<Bank>(std::move(*store));
}

}  // namespace bank
