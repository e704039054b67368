// The program that gets killed: appends the work of a seed and tells the parent of each receipt,
// one line each, after it has it.
//
//   crash_writer <folder> <seed> <first> <end> <threads> [<kill point> <nth group>]
//
// CRASH_COMPRESSION in the environment has segments compressed. CRASH_STEPS in the environment
// names a file in which it notes what it is doing to files.
//
// Appends requests first … end-1, each with its own id, so that what is there already is answered
// with its first receipt. With 0 threads it appends asynchronously. A line is
// "<number> <first position> <last position> <recorded at> <link> <0, or 1 if repeated>".

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <annals/eventstore/log_event_store.hpp>

#include "dying_file_system.hpp"
#include "requests.hpp"
#include "step_recorder.hpp"

#include <unistd.h>

namespace {

void tell(std::uint64_t number, const annals::Result<annals::Receipt>& receipt) {
  if (!receipt) {
    std::fprintf(stderr, "append %llu: %s\n", static_cast<unsigned long long>(number),
                 annals::to_string(receipt.error()).c_str());
    std::_Exit(3);
  }
  const std::string line = std::to_string(number) + ' ' + to_string(receipt->first_position) + ' ' +
                           to_string(receipt->last_position) + ' ' +
                           std::to_string(receipt->recorded_at.time_since_epoch().count()) + ' ' +
                           to_string(receipt->link) + (receipt->repeated ? " 1\n" : " 0\n");
  // One write of less than PIPE_BUF bytes: a line arrives whole or not at all.
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(4);
}

struct Work {
  std::uint64_t seed;
  std::uint64_t first;
  std::uint64_t end;
};

void append_waiting(annals::EventStore& store, const Work& work, std::uint64_t threads) {
  std::atomic<std::uint64_t> next = work.first;
  std::vector<std::thread> writers;
  for (std::uint64_t i = 0; i < threads; ++i) {
    writers.emplace_back([&] {
      for (std::uint64_t number = next++; number < work.end; number = next++) {
        tell(number, store.append(annals::crash::request(work.seed, number)));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
}

void append_pipelined(annals::EventStore& store, const Work& work) {
  constexpr std::uint64_t in_flight_max = 32;
  std::mutex mutex;
  std::condition_variable answered;
  std::uint64_t in_flight = 0;
  for (std::uint64_t number = work.first; number < work.end; ++number) {
    {
      std::unique_lock lock(mutex);
      answered.wait(lock, [&] { return in_flight < in_flight_max; });
      ++in_flight;
    }
    store.append_async(annals::crash::request(work.seed, number),
                       [&, number](const annals::Result<annals::Receipt>& receipt) {
                         tell(number, receipt);
                         const std::lock_guard lock(mutex);
                         --in_flight;
                         answered.notify_all();
                       });
  }
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return in_flight == 0; });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 8) {
    std::fprintf(stderr,
                 "crash_writer <folder> <seed> <first> <end> <threads> "
                 "[<kill point> <nth group>]\n");
    return 2;
  }
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  annals::LogOptions options{.path = argv[1], .segment_bytes = 64 * 1024};
  if (std::getenv("CRASH_COMPRESSION") != nullptr) {
    options.compression = annals::Compression::zstd;
  }
  if (argc == 8) {
    options.files =
        annals::crash::dying_file_system(annals::crash::kill_point_of(argv[6]), number(7));
  }
  if (const char* notes = std::getenv("CRASH_STEPS")) {
    options.files = annals::crash::step_recorder(options.files, notes);
  }
  auto store = annals::open_log_event_store(options);
  if (!store) {
    std::fprintf(stderr, "%s\n", annals::to_string(store.error()).c_str());
    return 1;
  }
  const Work work{number(2), number(3), number(4)};
  if (number(5) == 0) {
    append_pipelined(**store, work);
  } else {
    append_waiting(**store, work, number(5));
  }
  return 0;
}
