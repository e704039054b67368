// A program that tells of its relay, which does not run yet and so is not ready.
#include <cstdio>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/observability/relay_metrics.hpp>

int main() {
  const auto store = annals::make_memory_event_store();
  const auto checkpoints = annals::open_relay_checkpoint_folder("relay");
  if (!checkpoints) return 1;
  const auto relay =
      annals::make_relay(*store, **checkpoints, {.brokers = "127.0.0.1:1", .topic = "ledger"});
  if (!relay) return 2;
  annals::Observability observability;
  annals::watch(observability, **relay);
  std::printf("%s\n", readiness_json(observability.readiness()).c_str());
  return observability.readiness().ready() ? 3 : 0;
}
