// The program of docs/how-to/kafka.md, once for each of its two services:
//   docs_kafka write BROKERS TOPIC    prints a token, and relays until it is told to end
//   docs_kafka read BROKERS TOPIC TOKEN    prints what the token's command has changed, likewise
// tests/relay_projections/how_to_test.cpp runs both.

// clang-format off
#include <csignal>
#include <iostream>
#include <thread>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>
#include <annals/relay/kafka_source.hpp>
#include <annals/relay/relay.hpp>

using annals::Decision, annals::EventInfo, annals::Result;

struct GoodsArrived { std::string goods; std::int64_t count = 0; ANNALS_EVENT(GoodsArrived, "goods_arrived", goods, count); };
struct Receive      { std::string goods; std::int64_t count = 0; ANNALS_COMMAND(Receive, "receive", goods, count); };

struct Warehouse {
  static constexpr auto category = "warehouse";
  using Events   = annals::Events<GoodsArrived>;
  using Commands = annals::Commands<Receive>;

  std::int64_t arrived = 0;
  ANNALS_STATE(Warehouse, arrived);

  void evolve(const GoodsArrived& e) { arrived += e.count; }
  Decision decide(const Receive& c) const { return GoodsArrived{c.goods, c.count}; }
};

// [docs:rows-of-one-stream]
struct ArrivedHere {
  std::string warehouse;
  std::int64_t goods = 0;
  ANNALS_ROW(ArrivedHere, "arrived_here", (warehouse), goods);

  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived&, const EventInfo& info) { return annals::id_of(info.stream); }
  void evolve(const GoodsArrived& e) { goods += e.count; }
};
struct Arrivals {
  static constexpr auto name = "arrivals";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<ArrivedHere>;
};
// [docs:rows-of-one-stream]

// A row for each kind of goods, whichever warehouses they are in: from all partitions.
struct Stock {
  std::string goods;
  std::int64_t count = 0;
  ANNALS_ROW(Stock, "stock", (goods), count);

  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.goods; }
  void evolve(const GoodsArrived& e) { count += e.count; }
};
struct Stocks {
  static constexpr auto name = "stocks";
  static constexpr int version = 1;
  using Tables = annals::Tables<Stock>;
};

struct ArrivedAt {
  std::string warehouse;
  ANNALS_FIELDS(ArrivedAt, warehouse);
  using Projection = Arrivals;
  Result<std::int64_t> answer(annals::Rows& rows) const {
    auto row = rows.find<ArrivedHere>(warehouse);
    if (!row) return std::move(row).error();
    return *row ? (*row)->goods : 0;
  }
};

int failed(const annals::Error& error) { return std::cerr << to_string(error) << '\n', 1; }

sigset_t signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void wait_until_told_to_end() {
  const sigset_t signals = signals_to_end();
  int which = 0;
  sigwait(&signals, &which);
}

int write_side(const std::string& brokers, const std::string& topic) {
  const auto store = annals::open_log_event_store({.path = "stock-log"});
  if (!store) return failed(store.error());

  // [docs:embedded-relay]
  const auto checkpoints = annals::open_relay_checkpoint_folder("stock-log/relay");
  if (!checkpoints) return failed(checkpoints.error());
  const auto relay = annals::make_relay(**store, **checkpoints, {.brokers = brokers, .topic = topic, .partitions = 12});
  if (!relay) return failed(relay.error());
  Result<void> relayed;
  std::thread relaying([&] {
    relayed = (*relay)->run();   // until stop(), or until something needs a person
    if (!relayed) std::cerr << to_string(relayed.error()) << '\n';
  });
  // [docs:embedded-relay]

  annals::CommandBus commands(**store);
  commands.add<Warehouse>();
  const auto receipt = commands.send("1", Receive{"lamp", 5});
  if (receipt) std::cout << to_string(receipt->token()) << std::endl;

  // [docs:end]
  wait_until_told_to_end();
  (*relay)->stop();
  relaying.join();
  // [docs:end]
  return receipt && relayed ? 0 : 1;
}

int read_side(const std::string& brokers, const std::string& topic, const std::string& header) {
  const auto rows = annals::open_sqlite_read_models({.path = "stock.db"});
  if (!rows) return failed(rows.error());

  // [docs:source]
  const auto source = annals::make_kafka_source({.brokers = brokers, .topic = topic, .group = "stock-service"});
  if (!source) return failed(source.error());
  annals::ProjectionRunner runner(**source, **rows);
  // [docs:source]
  // [docs:all-partitions]
  if (auto added = runner.add<Stocks>(); !added) return failed(added.error());
  // [docs:all-partitions]
  // [docs:group]
  if (auto shared = runner.add_to_group<Arrivals>(**source); !shared) return failed(shared.error());
  // [docs:group]

  // [docs:ask]
  annals::QueryBus queries(**rows);
  const auto token = annals::parse_token(header);
  if (!token) return std::cerr << "not a token: " << header << '\n', 1;
  const auto answer = queries.ask(ArrivedAt{"1"}, annals::Consistency::at_least(*token, std::chrono::seconds(30)));
  // [docs:ask]
  if (!answer) return failed(answer.error());
  std::cout << answer->value << std::endl;

  wait_until_told_to_end();
  runner.stop();
  return 0;
}

int main(int count, char** words) {
  // [docs:signals]
  const sigset_t signals = signals_to_end();           // SIGINT and SIGTERM
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);       // before the first thread is begun
  // [docs:signals]
  if (count == 4 && std::string(words[1]) == "write") return write_side(words[2], words[3]);
  if (count == 5 && std::string(words[1]) == "read") return read_side(words[2], words[3], words[4]);
  std::cerr << "usage: docs_kafka write BROKERS TOPIC | read BROKERS TOPIC TOKEN\n";
  return 2;
}
