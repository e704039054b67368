#include <utility>

#include <annals/testkit/event_store_contract.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void PrintTo(const EngineUnderTest& engine, std::ostream* out) { *out << engine.name; }

void EventStoreContract::SetUp() {
  store_ = open_another();
  ASSERT_NE(store_, nullptr);
}

std::shared_ptr<EventStore> EventStoreContract::open_another(Limits limits) const {
  return GetParam().open({.clock = clock_, .limits = limits, .max_clock_skew = max_clock_skew});
}

Receipt EventStoreContract::append(AppendRequest request) {
  auto receipt = store_->append(std::move(request));
  if (!receipt) {
    ADD_FAILURE() << to_string(receipt.error());
    return {};
  }
  return *std::move(receipt);
}

RecordedEvents EventStoreContract::read(ReadOptions options) {
  auto events = read_all(*store_, std::move(options));
  if (!events) {
    ADD_FAILURE() << to_string(events.error());
    return {};
  }
  return *std::move(events);
}

bool link_event_store_contract() {
  contract::link_appends();
  contract::link_as_of();
  contract::link_async();
  contract::link_conditions();
  contract::link_hashes();
  contract::link_limits();
  contract::link_queries();
  contract::link_reads();
  contract::link_repeats();
  contract::link_snapshots();
  contract::link_subscriptions();
  contract::link_times();
  return true;
}

}  // namespace annals::testkit
