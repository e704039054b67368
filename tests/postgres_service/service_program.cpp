// A service in a process of its own, to be killed: appends moves, tells its parent of each receipt,
// and keeps read models of them, until its input ends. Then it finishes what it has begun, waits
// for its read models, and ends with 0.
//
//   postgres_service_program STORE-URL SEED FIRST THREADS READ-MODELS-URL…
//   postgres_service_program STORE-URL rebuild READ-MODELS-URL
//
// Begins with move FIRST of the seed; what is recorded already is answered with its first receipt.
// A line is "<number> <position> <link>". With `rebuild` it makes Stock anew in a shadow schema,
// and prints "resumed" or "begun", and at the end "rebuilt".

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rebuild.hpp>

#include "moves.hpp"

#include <poll.h>
#include <unistd.h>

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void end_badly(const Error& error) {
  std::fprintf(stderr, "the service: %s\n", to_string(error).c_str());
  std::_Exit(3);
}

// The database may be away for now.
template <typename Try>
auto at_last(Try attempt) {
  while (true) {
    auto done = attempt();
    if (done) return done;
    const ErrorCode code = done.error().code;
    if (code != ErrorCode::unavailable && code != ErrorCode::timeout) end_badly(done.error());
    std::this_thread::sleep_for(milliseconds(10));
  }
}

std::unique_ptr<EventStore> open_store(const char* url) {
  return *at_last(
      [&] { return open_postgres_event_store({.url = url, .patience = milliseconds(300)}); });
}

std::unique_ptr<ReadModelStore> open_rows_at(const char* url) {
  return *at_last([&] {
    return open_postgres_read_models({.url = url, .lock_timeout = std::chrono::seconds(10)});
  });
}

void tell(std::string line) {
  line += '\n';
  // One write of less than PIPE_BUF bytes: a line arrives whole or not at all.
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(4);
}

void await_end_of_input() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  ::poll(&input, 1, -1);
}

int serve(int argc, char** argv) {
  const auto store = open_store(argv[1]);
  const auto number_in = [&](int word) { return std::strtoull(argv[word], nullptr, 10); };
  const std::uint64_t seed = number_in(2);
  std::atomic<std::uint64_t> next = number_in(3);
  std::vector<std::unique_ptr<ReadModelStore>> rows;
  std::vector<std::unique_ptr<ProjectionRunner>> runners;
  std::atomic<bool> ending = false;
  std::vector<std::thread> appending;
  for (std::uint64_t i = 0; i < number_in(4); ++i) {
    appending.emplace_back([&] {
      while (!ending) {
        const std::uint64_t number = next++;
        const auto settled = append_at_last(*store, request_of(seed, number));
        if (!settled) end_badly(settled.error());
        tell(std::to_string(number) + ' ' + to_string(settled->receipt.first_position) + ' ' +
             to_string(settled->receipt.link));
      }
    });
  }
  for (int word = 5; word < argc; ++word) {
    rows.push_back(open_rows_at(argv[word]));
    runners.push_back(std::make_unique<ProjectionRunner>(
        *store, *rows.back(),
        RunnerOptions{.retry_first = milliseconds(5), .retry_max = milliseconds(50)}));
    static_cast<void>(at_last([&] { return runners.back()->add<Stock>(); }));
    static_cast<void>(at_last([&] { return runners.back()->add<Tally>(); }));
  }
  await_end_of_input();
  ending = true;
  for (std::thread& thread : appending) thread.join();
  const GlobalPosition head = store->head().position;
  for (const auto& runner : runners) {
    for (const char* projection : {"stock", "tally"}) {
      if (auto reached = runner->wait(projection, head, patience); !reached) {
        end_badly(reached.error());
      }
    }
  }
  return 0;
}

int rebuild_stock(char** argv) {
  const auto store = open_store(argv[1]);
  const auto rows = open_rows_at(argv[3]);
  bool told = false;
  RebuildOptions options{.batch_events = 50};
  options.progress = [&](const RebuildProgress& progress) {
    if (!std::exchange(told, true)) tell(progress.resumed ? "resumed" : "begun");
    return true;
  };
  if (auto done = rebuild(*store, *rows, projection_type_of<Stock>(), options); !done) {
    end_badly(done.error());
  }
  tell("rebuilt");
  return 0;
}

}  // namespace
}  // namespace annals::warehouse

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[2]) == "rebuild") {
    return annals::warehouse::rebuild_stock(argv);
  }
  if (argc < 6) return 2;
  return annals::warehouse::serve(argc, argv);
}
