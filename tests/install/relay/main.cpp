// A program that needs only the relay: an unknown setting of librdkafka is refused by its name.
#include <cstdio>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/relay.hpp>

int main() {
  const auto store = annals::make_memory_event_store();
  const auto checkpoints = annals::open_relay_checkpoint_folder("relay");
  if (!checkpoints) return 1;
  const auto relay = annals::make_relay(
      *store, **checkpoints,
      {.brokers = "127.0.0.1:1", .topic = "ledger", .settings = {{"no.such.setting", "1"}}});
  if (relay) return 1;
  std::printf("%s\n", to_string(relay.error()).c_str());
  return relay.error().message.find("no.such.setting") != std::string::npos ? 0 : 1;
}
