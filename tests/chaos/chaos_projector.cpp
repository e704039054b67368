// A consumer as a process of its own, for those who kill and freeze it: projects a topic into
// PostgreSQL, the ledger as a member of a group, the journal from all partitions while no other
// process does.
//
//   chaos_projector BROKERS TOPIC POSTGRES-URL LEASE-MS STRATEGY [epoch-not-checked]
//
// STRATEGY is Kafka's, of rebalances. "epoch-not-checked" makes it forget a promise, to see that it
// would be noticed. Prints a line whenever one of them changes:
//
//   LEDGER JOURNAL REPEATED FENCED REBALANCES
//
// the positions, records dropped because they had been taken, commits refused because another had
// taken over, and partitions that were taken away while there was work to do in them.

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>

#include "ledger.hpp"
#include "projections/passing_rows.hpp"
#include "unfenced_rows.hpp"

#include <sys/prctl.h>

namespace annals::chaos {
namespace {

std::atomic<bool> told_to_end = false;

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 1;
}

/// Knows which partitions of the ledger are being committed.
class WatchedRows final : public warehouse::PassingRows {
 public:
  using PassingRows::PassingRows;

  bool commits(std::uint32_t partition) const { return committing_[partition % most] > 0; }

  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override {
    if (batch.claim.projection != "ledger") return rows_.commit(batch);
    std::atomic<int>& committing = committing_[batch.claim.partition.index % most];
    ++committing;
    auto done = rows_.commit(batch);
    --committing;
    return done;
  }

 private:
  static constexpr std::size_t most = 64;
  std::array<std::atomic<int>, most> committing_{};
};

/// Counts partitions that are taken away with work left in them.
class WatchedSource final : public PartitionedSource {
 public:
  WatchedSource(const KafkaSource& source, const WatchedRows& rows)
      : source_(source), rows_(rows) {}

  void watch(const ProjectionRunner& runner) { runner_ = &runner; }
  std::uint64_t taken_with_work() const { return taken_with_work_; }

  Result<std::uint32_t> partitions() const override { return source_.partitions(); }
  Result<std::unique_ptr<PartitionMember>> join(MembershipOptions options) const override {
    options.taken_away = [this, taken_away =
                                    options.taken_away](std::span<const std::uint32_t> partitions) {
      for (const std::uint32_t partition : partitions) {
        if (has_work(partition)) ++taken_with_work_;
      }
      if (taken_away) taken_away(partitions);
    };
    return source_.join(std::move(options));
  }

 private:
  bool has_work(std::uint32_t partition) const {
    if (rows_.commits(partition)) return true;
    const auto status = runner_->status("ledger");
    const auto topic = source_.status();
    if (!status || partition >= status->partitions.size()) return false;
    return partition < topic.partitions.size() &&
           status->partitions[partition].position < topic.partitions[partition].position;
  }

  const KafkaSource& source_;
  const WatchedRows& rows_;
  const ProjectionRunner* runner_ = nullptr;
  mutable std::atomic<std::uint64_t> taken_with_work_ = 0;
};

// What may pass is tried again until somebody ends us.
template <typename Add>
Result<void> until_added(Add add) {
  Result<void> added = add();
  while (!added && added.error().code == ErrorCode::unavailable && !told_to_end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    added = add();
  }
  return added;
}

int run(char** words, const std::string& weakness) {
  std::signal(SIGTERM, [](int) { told_to_end = true; });
  KafkaSourceOptions options{.brokers = words[1], .topic = words[2], .group = "chaos"};
  options.settings = {{"max.poll.interval.ms", "6000"},
                      {"session.timeout.ms", "6000"},
                      {"heartbeat.interval.ms", "500"},
                      {"partition.assignment.strategy", words[5]}};
  auto source = make_kafka_source(options);
  if (!source) return fail(source.error());
  auto opened = open_postgres_read_models({.url = words[3], .schema = "read_models"});
  if (!opened) return fail(opened.error());
  UnfencedRows unfenced(**opened);
  ReadModelStore& fenced = **opened;
  WatchedRows rows(weakness == "epoch-not-checked" ? unfenced : fenced);
  WatchedSource watched(**source, rows);
  ProjectionRunner runner(
      **source, rows,
      {.threads = 2, .batch_events = 256, .lease = std::chrono::milliseconds(std::atoi(words[4]))});
  watched.watch(runner);
  auto added = until_added([&] { return runner.add_to_group<Ledger>(watched); });
  if (added) added = until_added([&] { return runner.add<Journal>(); });
  if (!added) return fail(added.error());
  std::string told;
  while (!told_to_end) {
    const auto ledger = runner.status("ledger");
    const auto journal = runner.status("journal");
    const std::string line = to_string(ledger->position) + ' ' + to_string(journal->position) +
                             ' ' + std::to_string((*source)->status().repeated) + ' ' +
                             std::to_string(ledger->fenced + journal->fenced) + ' ' +
                             std::to_string(watched.taken_with_work());
    if (line != told) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
      told = line;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  runner.stop();
  return 0;
}

}  // namespace
}  // namespace annals::chaos

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Nobody is left behind by a test that is killed.
  if (argc < 6) return 2;
  return annals::chaos::run(argv, argc > 6 ? argv[6] : "");
}
