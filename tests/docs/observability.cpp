// The program of docs/how-to/observability.md. Its output is part of the test: see CMakeLists.txt.

// clang-format off
#include <iostream>
#include <sstream>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/observability/http_endpoint.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

using annals::Decision, annals::EventInfo, annals::MetricType, annals::Result;

struct DoorOpened { std::string by; ANNALS_EVENT(DoorOpened, "door_opened", by); };
struct OpenDoor   { std::string by; ANNALS_COMMAND(OpenDoor, "open_door", by); };

struct Door {
  static constexpr auto category = "door";
  using Events   = annals::Events<DoorOpened>;
  using Commands = annals::Commands<OpenDoor>;

  std::int64_t times = 0;
  ANNALS_STATE(Door, times);

  void evolve(const DoorOpened&) { ++times; }
  Decision decide(const OpenDoor& c) const {
    if (c.by.empty()) return annals::reject("nobody", "a door is opened by somebody");
    return DoorOpened{c.by};
  }
};

// [docs:trace]
struct DoorRow {
  std::string door;
  std::string last_trace;
  ANNALS_ROW(DoorRow, "doors", (door), last_trace);

  using Events = annals::Events<DoorOpened>;
  static std::string keys(const DoorOpened&, const EventInfo& info) { return annals::id_of(info.stream); }
  void evolve(const DoorOpened&, const EventInfo& info) { last_trace = std::string(info.traceparent.value_or("")); }
};
// [docs:trace]
struct Doors {
  static constexpr auto name = "doors";
  static constexpr int version = 1;
  using Tables = annals::Tables<DoorRow>;
};
struct TraceOf {
  std::string door;
  ANNALS_FIELDS(TraceOf, door);
  using Projection = Doors;
  Result<std::optional<DoorRow>> answer(annals::Rows& rows) const { return rows.find<DoorRow>(door); }
};

// [docs:own-metric]
constexpr annals::MetricFamily<1> visitors{"house_visitors", MetricType::gauge, "Who is inside now", {"floor"}};
// [docs:own-metric]

int failed(const annals::Error& error) { return std::cerr << to_string(error) << '\n', 1; }

void print_lines_of(const std::string& metrics, const std::string& name) {
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name) && !line.ends_with(" 0")) std::cout << line << '\n';
  }
}

int main() {
  const auto opened = annals::open_log_event_store({.path = "doors-log"});
  if (!opened) return failed(opened.error());
  const auto tables = annals::open_sqlite_read_models({});
  if (!tables) return failed(tables.error());

  // [docs:watching]
  annals::Observability observability({.lag_max = std::chrono::seconds(30)});
  const auto store = observability.measured(**opened);   // with its appends timed
  const auto rows  = observability.measured(**tables);   // with its commits timed
  annals::CommandBus commands(*store);
  annals::ProjectionRunner runner(*store, *rows);
  annals::QueryBus queries(*store, *rows);
  commands.add<Door>();
  if (auto added = runner.add<Doors>(); !added) return failed(added.error());

  observability.watch(*store).watch(commands).watch(runner).watch(queries);
  const auto endpoint = annals::serve(observability, {.port = 0});   // 0: one that is free
  if (!endpoint) return failed(endpoint.error());
  std::cerr << "metrics at " << (*endpoint)->url() << "/metrics\n";
  // [docs:watching]

  // [docs:own]
  observability.add([](annals::MetricsText& text) { text.add(visitors, {"first"}, 2.0); });
  observability.add_check("lift", []() -> Result<void> {
    return annals::Error{.code = annals::ErrorCode::unavailable, .message = "out of order"};
  });
  // [docs:own]

  const auto sent = commands.send("front", OpenDoor{"ada"}, {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
  if (!sent) return failed(sent.error());
  if (commands.send("front", OpenDoor{""})) return 1;
  const auto row = queries.ask(TraceOf{"front"}, annals::Consistency::strong());
  if (!row) return failed(row.error());
  std::cout << row->value->last_trace << '\n';

  const std::string metrics = observability.metrics();
  print_lines_of(metrics, "annals_commands_total");
  print_lines_of(metrics, "annals_command_duration_seconds_count");
  print_lines_of(metrics, "house_visitors");
  std::cout << readiness_json(observability.readiness()) << '\n';
}
