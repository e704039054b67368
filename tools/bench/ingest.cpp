#include "ingest.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "event_peer.hpp"
#include "page_cache.hpp"

#include <sys/wait.h>
#include <unistd.h>

namespace annals::bench {

namespace {

using IngestCall = std::function<Result<void>(WrittenStreams&)>;

/// Says on standard output where it stands.
class Teller {
 public:
  Teller(std::uint64_t from, std::uint64_t to)
      : step_(to >= 10'000'000 ? 1'000'000 : std::max<std::uint64_t>((to - from) / 5, 1)),
        events_(from) {}

  void appended(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    events_ += count;
    since_ += count;
    if (since_ < step_) return;
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - told_).count();
    std::printf("point %llu %.1f %.1f\n", static_cast<unsigned long long>(events_),
                static_cast<double>(since_) / seconds, rss_anon_mib());
    told_ = now;
    since_ = 0;
  }

 private:
  const std::uint64_t step_;
  std::mutex mutex_;
  std::uint64_t events_;  // Guarded by mutex_, as are the others.
  std::uint64_t since_ = 0;
  Clock::time_point told_ = Clock::now();
};

Result<void> run_quota(const Options& options, const IngestCall& call) {
  const Ingest& work = options.ingest;
  Teller teller(work.from, work.to);
  std::mutex mutex;
  Result<void> outcome;  // Guarded by mutex.
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (unsigned index = 0; index < ingest_callers; ++index) {
    threads.emplace_back([&, index] {
      WrittenStreams streams(options.streams, index, ingest_callers, ingest_run(options));
      streams.skip(work.from / ingest_callers / ingest_run(options));
      const std::uint64_t calls = (work.to - work.from) / ingest_callers / ingest_batch;
      for (std::uint64_t i = 0; i < calls && !failed; ++i) {
        if (auto done = call(streams); !done) {
          const std::lock_guard lock(mutex);
          failed = true;
          outcome = done;
        } else {
          teller.appended(ingest_batch);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

[[noreturn]] void end(double seconds, double bytes_per_sync) {
  std::printf("end %.6f %.1f\n", seconds, bytes_per_sync);
  std::fflush(stdout);
  std::raise(SIGKILL);
  std::abort();
}

Result<void> ingest(const Options& options) {
  const std::string data = payload(options.event_bytes);
  if (options.ingest.engine == "log") {
    auto store = open_bench_store(options.ingest.store);
    if (!store) return std::move(store).error();
    const auto started = Clock::now();
    auto done = run_quota(options, [&](WrittenStreams& streams) -> Result<void> {
      auto receipt = (*store)->append(next_request(streams, ingest_batch, data, options.tags));
      if (!receipt) return std::move(receipt).error();
      return {};
    });
    if (!done) return done;
    const double seconds = seconds_since(started);
    const Stats stats = (*store)->stats();
    const auto from = static_cast<double>(options.ingest.from);
    const auto to = static_cast<double>(options.ingest.to);
    end(seconds, static_cast<double>(stats.bytes) * (to - from) / to /
                     static_cast<double>(stats.groups_synced));
  }
  for (const EventPeerKind& kind : event_peers(options)) {
    if (options.ingest.engine != kind.engine) continue;
    auto peer = open_peer(kind, options.ingest.store);
    if (!peer) return std::move(peer).error();
    const auto started = Clock::now();
    auto done = run_quota(options, [&](WrittenStreams& streams) {
      std::vector<WrittenStreams::Place> places;
      return (*peer)->append(next_events(streams, ingest_batch, data, options.tags, places));
    });
    if (!done) return done;
    end(seconds_since(started), 0);
  }
  return Error{.code = ErrorCode::invalid_argument,
               .message = "there is no engine '" + options.ingest.engine + "'"};
}

}  // namespace

int ingest_until_killed(const Options& options) {
  const auto done = ingest(options);
  std::fprintf(stderr, "annals-bench: %s\n", to_string(done.error()).c_str());
  return 1;
}

Result<Ingested> ingest_and_kill(const Options& options, const Ingest& work) {
  const std::vector<std::string> words{"annals-bench",
                                       "--ingest",
                                       work.engine,
                                       "--store",
                                       work.store.string(),
                                       "--from",
                                       std::to_string(work.from),
                                       "--to",
                                       std::to_string(work.to),
                                       "--streams",
                                       std::to_string(options.streams),
                                       "--tags",
                                       std::to_string(options.tags),
                                       "--event-bytes",
                                       std::to_string(options.event_bytes)};
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  const auto system_error = [](const char* what) {
    return Error{.code = ErrorCode::unavailable,
                 .message = std::string(what) + ": " + std::strerror(errno)};
  };
  if (::pipe(ends.data()) != 0) return system_error("pipe");
  const pid_t child = ::fork();
  if (child < 0) return system_error("fork");
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv("/proc/self/exe", arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  Ingested ingested;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> lines(::fdopen(ends[0], "r"), std::fclose);
  std::array<char, 256> line{};
  bool ended = false;
  while (std::fgets(line.data(), line.size(), lines.get()) != nullptr) {
    GrowthPoint point;
    unsigned long long events = 0;
    if (std::sscanf(line.data(), "point %llu %lf %lf", &events, &point.events_per_second,
                    &point.rss_anon_mib) == 3) {
      point.events = events;
      ingested.points.push_back(point);
    } else if (std::sscanf(line.data(), "end %lf %lf", &ingested.seconds,
                           &ingested.bytes_per_sync) == 2) {
      ended = true;
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!ended || !WIFSIGNALED(status) || ingested.points.empty()) {
    return Error{.code = ErrorCode::unavailable, .message = "the writer of growth failed"};
  }
  return ingested;
}

}  // namespace annals::bench
