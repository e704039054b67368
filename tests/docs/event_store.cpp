// The program of docs/how-to/event_store.md. Its output is part of the test: see CMakeLists.txt.

// clang-format off
#include <atomic>
#include <chrono>
#include <iostream>
#include <latch>
#include <string>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/json_value.hpp>
#include <annals/eventstore/log_event_store.hpp>

using annals::AppendRequest, annals::EventStore, annals::ExpectedVersion, annals::GlobalPosition;

int failed(const annals::Error& error) {
  std::cerr << to_string(error) << '\n';
  return 1;
}

// [docs:garage-events]
annals::NewEvent entered(const std::string& plate) {
  return {.stream = "garage-north", .type = "car_entered", .data = R"({"plate":")" + plate + "\"}",
          .tags = {"car:" + plate}};
}
// [docs:garage-events]

int append(EventStore& store) {
  // [docs:append]
  const AppendRequest opening{
      .events = {entered("B-AN 1"), entered("B-AN 2")},
      .checks = {{"garage-north", ExpectedVersion::no_stream()}},
      .id = annals::append_id_of("opening day")};
  const auto first = store.append(opening);
  if (!first) return failed(first.error());
  const auto again = store.append(opening);  // After a timeout, say.
  if (!again) return failed(again.error());
  std::cout << "position " << to_string(again->last_position)
            << (again->repeated ? ", recorded once" : "") << '\n';

  const auto stale = store.append({.events = {entered("B-AN 3")},
                                   .checks = {{"garage-north", ExpectedVersion::exactly({0})}}});
  std::cout << to_string(stale.error()) << '\n';
  // [docs:append]
  return 0;
}

int append_if(EventStore& store) {
  // [docs:condition]
  // A car is in one garage at a time, whichever stream says so.
  const auto enter_once = [&](const std::string& plate) {
    const annals::Query of_the_car = annals::Query::tag("car:" + plate);
    const GlobalPosition seen = store.head().position;
    const auto before = read_all(store, {.query = of_the_car, .as_of = annals::AsOf::position(seen)});
    if (!before || !before->empty()) return std::string("is in a garage already");
    const auto receipt = store.append({.events = {entered(plate)},
                                       .checks = {{"garage-north", ExpectedVersion::any()}},
                                       .conditions = {{of_the_car, seen}}});
    // condition_failed: another one came in between; decide anew.
    return receipt ? std::string("entered") : to_string(receipt.error());
  };
  std::cout << "B-AN 2 " << enter_once("B-AN 2") << '\n';
  // [docs:condition]
  return 0;
}

int append_many(EventStore& store) {
  // [docs:async]
  std::latch answered(10'000);
  std::atomic<int> durable = 0;
  for (int i = 0; i < 10'000; ++i) {
    store.append_async({.events = {{.stream = "barrier-" + std::to_string(i % 100), .type = "opened",
                                    .data = "{}"}},
                        .checks = {{"barrier-" + std::to_string(i % 100), ExpectedVersion::any()}}},
                       [&](annals::Result<annals::Receipt> receipt) {
                         if (receipt) ++durable;
                         answered.count_down();
                       });
  }
  answered.wait();
  // [docs:async]
  std::cout << durable << " durable\n";
  return 0;
}

int read(const EventStore& store) {
  // [docs:read]
  const auto newest = read_all(store, {.query = annals::Query::stream("garage-north"),
                                       .direction = annals::Direction::backward,
                                       .limit = 1});
  if (!newest) return failed(newest.error());
  for (const annals::RecordedEvent& event : *newest) {
    std::cout << "newest: " << event.type << ' ' << event.data << ", version "
              << to_string(event.version) << '\n';
  }

  // What does not fit into memory is read in runs; all of them see one cut.
  auto cursor = store.read({.query = annals::Query::category("barrier"),
                            .start = annals::Start::after(GlobalPosition{100}),
                            .as_of = annals::AsOf::position({1'000})});
  if (!cursor) return failed(cursor.error());
  std::size_t openings = 0;
  while (true) {
    const auto events = (*cursor)->next();
    if (!events) return failed(events.error());
    if (events->empty()) break;
    openings += events->size();
  }
  std::cout << openings << " openings in positions 101 to 1000\n";
  // [docs:read]
  return 0;
}

int follow(const EventStore& store) {
  // [docs:follow]
  // From the beginning; .after = annals::Checkpoint{store.token()} begins with what is new.
  const auto subscription = store.subscribe({.query = annals::Query::category("garage")});
  if (!subscription) return failed(subscription.error());
  std::size_t cars = 0;
  annals::Checkpoint checkpoint;
  while (checkpoint.token.position < store.head().position) {
    const auto batch = (*subscription)->next(std::chrono::seconds(1));
    if (!batch) return failed(batch.error());
    cars += batch->events.size();
    checkpoint = batch->checkpoint();  // Keep it with what the events came to, in one transaction.
  }
  std::cout << cars << " cars up to position " << to_string(checkpoint.token.position) << '\n';
  // [docs:follow]
  return 0;
}

// [docs:shape]
// Version 2: events stored before have no gate.
struct CarEntered {
  std::string plate;
  std::string gate;
  static constexpr std::uint32_t schema_version = 2;
  ANNALS_EVENT(CarEntered, "car_entered", plate, gate);
};
struct Garage {
  static constexpr auto category = "garage";
  using Events = annals::Events<CarEntered>;

  std::string last;
  ANNALS_STATE(Garage, last);
  void evolve(const CarEntered& e) { last = e.plate + " by " + e.gate; }
};

annals::Result<annals::Upcasters> history_of_shapes() {
  annals::Upcasters upcasters;
  auto added = upcasters.add("car_entered", 1, [](nlohmann::json event) {
    event["gate"] = "the main gate";
    return event;
  });
  if (!added) return added.error();
  return upcasters;
}
// [docs:shape]

int load(EventStore& store) {
  // [docs:load]
  const auto upcasters = history_of_shapes();
  if (!upcasters) return failed(upcasters.error());
  const annals::Repository<Garage> garages(store, {.upcasters = *upcasters});
  const auto north = garages.load("north");
  if (!north) return failed(north.error());
  std::cout << north->state.last << '\n';
  // [docs:load]
  return 0;
}

int main() {
  // [docs:open]
  const auto store = annals::open_log_event_store({.path = "garage-log"});
  if (!store) return failed(store.error());
  // [docs:open]
  for (auto step : {append, append_if, append_many}) {
    if (step(**store) != 0) return 1;
  }
  for (auto step : {read, follow}) {
    if (step(**store) != 0) return 1;
  }
  return load(**store);
}
// clang-format on
