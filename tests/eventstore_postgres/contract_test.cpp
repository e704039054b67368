#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/testkit/event_store_contract.hpp>

#include "postgres/database.hpp"

namespace {

std::shared_ptr<annals::EventStore> open_in_new_schema(const annals::testkit::EngineSetup& setup) {
  const auto schema = std::make_shared<annals::postgres_test::Schema>();
  auto store = annals::open_postgres_event_store({.url = schema->url(),
                                                  .schema = schema->name(),
                                                  .limits = setup.limits,
                                                  .max_clock_skew = setup.max_clock_skew,
                                                  .clock = setup.clock});
  EXPECT_TRUE(store) << to_string(store.error());
  if (!store) return nullptr;
  return {store->release(), [schema](annals::EventStore* closed) { delete closed; }};
}

}  // namespace

ANNALS_ENROL_EVENT_STORE(Postgres, open_in_new_schema);
