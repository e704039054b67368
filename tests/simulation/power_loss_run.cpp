#include "power_loss_run.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <ostream>
#include <random>
#include <utility>

#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>

#include "log/open.hpp"
#include "oracle.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;
using testkit::ManualClock;

internal::PlantedBug planted(Mistake mistake) {
  switch (mistake) {
    case Mistake::none:
    case Mistake::sync_taken_out: return internal::PlantedBug::none;
    case Mistake::mark_before_sync: return internal::PlantedBug::mark_before_sync;
    case Mistake::trust_tail_after_failed_sync:
      return internal::PlantedBug::trust_tail_after_failed_sync;
  }
  return internal::PlantedBug::none;
}

class Run {
 public:
  Run(std::uint64_t seed, Mistake mistake)
      : seed_(seed),
        mistake_(mistake),
        dice_(seed),
        disk_(std::make_shared<FaultFileSystem>(seed)) {
    disk_->ignore_syncs(mistake == Mistake::sync_taken_out);
  }

  RunOutcome run() {
    const std::uint64_t lives = 2 + below(4);
    for (std::uint64_t life = 0; life < lives && !violation_; ++life) {
      arm();
      live();
      if (!violation_) end_life();
    }
    // At last a life without faults, and one that finds it closed cleanly.
    for (int i = 0; i < 2 && !violation_; ++i) {
      faults_armed_ = false;
      live();
      store_.reset();
      closed_cleanly_ = true;
      boot_at_close_ = disk_->boot_id();
    }
    return {std::move(violation_), counters_};
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  void violated(const std::string& how) {
    if (!violation_) violation_ = "life " + std::to_string(counters_.lives) + ": " + how;
  }

  LogOptions options(LogOptions::Access access) const {
    return {.path = "/store",
            .access = access,
            .segment_bytes = 64 * 1024,
            .clock = clock_,
            .files = disk_};
  }

  /// Decides what will go wrong in the life that begins.
  void arm() {
    faults_armed_ = false;
    if (chance(55)) disk_->switch_off_after(below(chance(35) ? 12 : 70));
    if (!chance(45)) return;
    faults_armed_ = true;
    const std::uint64_t nth = 1 + below(15);
    switch (below(6)) {
      case 0: disk_->fail_write(nth); break;
      case 1: disk_->fail_sync_directory(1 + below(3)); break;
      case 2: disk_->fail_sync(nth, FaultFileSystem::AfterFailedSync::cache_forgets); break;
      default: disk_->fail_sync(nth); break;
    }
  }

  /// Opens the store, compares it with what is known, works with it for a while.
  void live() {
    ++counters_.lives;
    auto store =
        internal::open_log_event_store(options(LogOptions::Access::create), planted(mistake_));
    const bool was_clean = std::exchange(closed_cleanly_, false);
    if (!store) {
      const Error& error = store.error();
      // A disk that is off or failing may refuse; nothing else may.
      if (error.code != ErrorCode::unavailable || (!disk_->is_off() && !faults_armed_)) {
        violated("cannot be opened: " + to_string(error));
      }
      ++counters_.openings_cut_short;
      return;
    }
    store_ = std::move(*store);
    const Stats stats = store_->stats();
    counters_.torn_tails += stats.torn_bytes_cut > 0 ? 1 : 0;
    counters_.rewritten_groups += stats.rewritten_groups;
    // Only a restart looks for remains of a group that a killed process had refused.
    const bool same_boot = disk_->boot_id() == boot_at_close_;
    if (was_clean && (stats.rewritten_groups > 0 || (same_boot && stats.torn_bytes_cut > 0))) {
      violated("closed cleanly, and yet something was cut or written again");
    }
    // The machine may have gone off while indexes were made, which is no reason not to open.
    if (const auto broken = oracle_.compare(*store_); broken && !disk_->is_off()) violated(*broken);
    load_snapshots();
    counters_.doubts_found += oracle_.present().size() - acknowledged_known_;
    const std::uint64_t steps = chance(10) ? 0 : 3 + below(14);
    for (std::uint64_t step = 0; step < steps && !violation_ && !disk_->is_off(); ++step) {
      work();
      if (!store_->stats().failure.empty() && chance(50)) break;
    }
    acknowledged_known_ = oracle_.present().size();
    const Stats end = store_->stats();
    counters_.larger_groups += end.appends_synced > end.groups_synced ? 1 : 0;
    counters_.segments_rolled += end.segments - stats.segments;
    counters_.failed_syncs += disk_->counters().failed_syncs - failed_syncs_seen_;
    failed_syncs_seen_ = disk_->counters().failed_syncs;
  }

  void end_life() {
    const bool off = disk_->is_off();
    failed_syncs_seen_ = 0;
    const std::uint64_t way = below(100);
    if (way < 45) {
      ++counters_.power_losses;
      replace_disk(disk_->power_loss({dice_()}));
    } else if (off || way < 80) {
      ++counters_.process_crashes;
      replace_disk(disk_->process_crash());
    } else {
      // The program ends properly, or goes on and opens the store again.
      const bool sound = store_ != nullptr && store_->stats().failure.empty() && !faults_armed_;
      store_.reset();
      closed_cleanly_ = sound && !disk_->is_off();
      boot_at_close_ = disk_->boot_id();
      if (chance(30)) {
        ++counters_.power_losses;
        replace_disk(disk_->power_loss({dice_()}));
      } else {
        replace_disk(disk_->fork());  // Without this life's faults.
      }
    }
  }

  void replace_disk(std::shared_ptr<FaultFileSystem> next) {
    store_.reset();  // Whatever it still tries to write goes to a disk that is off.
    disk_ = std::move(next);
    disk_->ignore_syncs(mistake_ == Mistake::sync_taken_out);
  }

  void work() {
    clock_->advance(std::chrono::microseconds(static_cast<std::int64_t>(below(4000)) - 500));
    const std::uint64_t what = below(100);
    if (what < 45) {
      append_one(new_request());
    } else if (what < 75) {
      append_many(2 + below(7));
    } else if (what < 85) {
      repeat_known();
    } else if (what < 90) {
      send_absent_again();
    } else if (what < 95) {
      look_beside();
    } else {
      save_snapshot();
    }
    if (chance(50)) settle_doubts();
    oracle_.show(store_->head());
  }

  std::string stream() { return "account-" + std::to_string(below(6)); }

  NewEvent event(const std::string& stream, const std::string& type, std::uint64_t amount) {
    std::size_t padding = below(300);
    if (chance(8)) padding = 4'000 + below(16'000);
    if (chance(2)) padding = 70'000 + below(80'000);
    NewEvent event{.stream = stream,
                   .type = type,
                   .data = "{\"amount\":" + std::to_string(amount) + ",\"note\":\"" +
                           std::string(padding, static_cast<char>('a' + below(26))) + "\"}"};
    if (chance(20)) event.tags = {"card", "monthly"};
    if (chance(20)) event.metadata = "{\"by\":\"teller\"}";
    return event;
  }

  /// A deposit, a transfer over two accounts, or several bookings at once.
  AppendRequest new_request() {
    AppendRequest request;
    const std::string one = stream();
    std::string two = stream();
    const std::uint64_t amount = below(10'000);
    if (chance(50) || one == two) {
      for (std::uint64_t i = 0; i <= (chance(20) ? below(9) : 0); ++i) {
        request.events.push_back(event(one, "money_deposited", amount + i));
      }
    } else {
      request.events.push_back(event(one, "money_sent", amount));
      request.events.push_back(event(two, "money_received", amount));
    }
    if (request.events.front().stream != request.events.back().stream) {
      request.checks = {{one, ExpectedVersion::any()}, {two, ExpectedVersion::any()}};
    } else {
      request.checks = {{one, ExpectedVersion::any()}};
    }
    request.id =
        append_id_of("run " + std::to_string(seed_) + " append " + std::to_string(requests_++));
    return request;
  }

  /// Checks that the versions are those that the world knows, if the store has failed in nothing.
  void expect_known_versions(AppendRequest& request) {
    for (StreamCheck& check : request.checks) {
      const auto last = oracle_.last_version(check.stream);
      check.expected = last ? ExpectedVersion::exactly(*last) : ExpectedVersion::no_stream();
    }
  }

  void note(std::size_t number, const Result<Receipt>& answer) {
    if (answer) {
      if (answer->repeated) violated("a first append was answered as a repeat");
      ++counters_.acknowledged;
      oracle_.acknowledge(number, *answer);
      return;
    }
    if (disk_->is_off()) return oracle_.doubt(number);  // Nobody was there to hear it.
    const ErrorCode code = answer.error().code;
    if (!faults_armed_) violated("refused for no reason: " + to_string(answer.error()));
    if (code == ErrorCode::unavailable || code == ErrorCode::wrong_expected_version) {
      oracle_.refuse(number);
    } else if (code == ErrorCode::outcome_unknown) {
      oracle_.doubt(number);
    } else {
      violated("an answer that no disk can cause: " + to_string(answer.error()));
    }
  }

  void append_one(AppendRequest request) {
    if (chance(50)) expect_known_versions(request);
    const std::size_t number = oracle_.send(request);
    note(number, store_->append(std::move(request)));
  }

  /// The first append goes alone; the others come while it is being written, and make one group.
  void append_many(std::uint64_t count) {
    std::mutex mutex;
    std::condition_variable answered;
    std::map<std::size_t, Result<Receipt>> answers;
    disk_->hold();
    for (std::uint64_t i = 0; i < count; ++i) {
      AppendRequest request = new_request();
      const std::size_t number = oracle_.send(request);
      store_->append_async(std::move(request), [&, number](Result<Receipt> answer) {
        disk_->release();
        const std::lock_guard lock(mutex);
        answers.emplace(number, std::move(answer));
        answered.notify_all();
      });
      if (i == 0) disk_->await_waiting_operation();
    }
    disk_->release();
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answers.size() == count; });
    for (const auto& [number, answer] : answers) note(number, answer);
  }

  void repeat_known() {
    const auto known = oracle_.present();
    if (known.empty()) return;
    const std::size_t number = known[below(known.size())];
    const auto answer = store_->append(oracle_.request(number));
    if (!answer) {
      // A store that has failed still knows what is in it.
      if (!disk_->is_off()) violated("a repeat was refused: " + to_string(answer.error()));
      return;
    }
    ++counters_.repeats;
    if (!answer->repeated) violated("a repeat was written again");
    if (const auto differs = difference(oracle_.receipt(number), *answer)) {
      violated("a repeat has another receipt: " + *differs);
    }
  }

  /// Asks about appends whose answer was no answer. What it says must hold from then on.
  void settle_doubts() {
    for (const std::size_t number : oracle_.doubtful()) {
      const auto found = store_->find_append(*oracle_.request(number).id);
      if (!found) {
        if (found.error().code != ErrorCode::unavailable) {
          violated("find_append: " + to_string(found.error()));
        }
      } else if (*found) {
        oracle_.acknowledge(number, **found);
      } else if (!disk_->is_off()) {
        oracle_.refuse(number);
      }
    }
  }

  /// What the store said is not there is sent again with the same id: now it must be written.
  void send_absent_again() {
    const auto absent = oracle_.absent();
    if (absent.empty()) return;
    const std::size_t number = absent[below(absent.size())];
    AppendRequest request = oracle_.request(number);
    for (StreamCheck& check : request.checks) check.expected = ExpectedVersion::any();
    oracle_.send_again(number, request);
    note(number, store_->append(std::move(request)));
  }

  /// Another process reads while this one writes.
  void look_beside() {
    const auto reader = open_log_event_store(options(LogOptions::Access::read_only));
    if (!reader) {
      if (!disk_->is_off()) violated("cannot be read beside: " + to_string(reader.error()));
      return;
    }
    const Head head = (*reader)->head();
    if ((*reader)->stats().unsettled_events > 0) return;
    oracle_.show(head);
    if (head.position > store_->head().position) violated("a reader is ahead of the writer");
  }

  void save_snapshot() {
    const auto known = oracle_.present();
    if (known.empty()) return;
    const Receipt& receipt = oracle_.receipt(known[below(known.size())]);
    const auto& written = receipt.versions.back();
    // The last event of an append that wrote one stream only is where that stream ended.
    if (receipt.versions.size() != 1) return;
    Snapshot snapshot{.stream = written.stream,
                      .version = written.last,
                      .position = receipt.last_position,
                      .link = receipt.link,
                      .fingerprint = 7,
                      .data = "state at " + to_string(receipt.last_position)};
    (void)store_->save_snapshot(std::move(snapshot));  // A cache: it may fail.
    snapshot_streams_[written.stream] = true;
  }

  void load_snapshots() {
    for (const auto& [stream, saved] : snapshot_streams_) {
      const auto found = store_->load_snapshot(stream, store_->head().position, 7);
      if (!found) {
        violated("a snapshot is no reason to fail: " + to_string(found.error()));
      } else if (*found) {
        ++counters_.snapshots_found;
        if ((*found)->data != "state at " + to_string((*found)->position)) {
          violated("a snapshot has changed");
        }
      }
    }
  }

  const std::uint64_t seed_;
  const Mistake mistake_;
  std::mt19937_64 dice_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FaultFileSystem> disk_;
  std::unique_ptr<EventStore> store_;
  Oracle oracle_;
  std::uint64_t requests_ = 0;
  std::size_t acknowledged_known_ = 0;
  std::uint64_t failed_syncs_seen_ = 0;
  bool faults_armed_ = false;
  bool closed_cleanly_ = false;
  std::string boot_at_close_;
  std::map<std::string, bool> snapshot_streams_;
  RunCounters counters_;
  std::optional<std::string> violation_;
};

}  // namespace

RunOutcome run_power_loss(std::uint64_t seed, Mistake mistake) { return Run(seed, mistake).run(); }

std::string to_string(Mistake mistake) {
  switch (mistake) {
    case Mistake::none: return "None";
    case Mistake::sync_taken_out: return "SyncTakenOut";
    case Mistake::mark_before_sync: return "MarkBeforeSync";
    case Mistake::trust_tail_after_failed_sync: return "TailTrustedAfterFailedSync";
  }
  return "";
}

void PrintTo(Mistake mistake, std::ostream* out) { *out << to_string(mistake); }

RunCounters& RunCounters::operator+=(const RunCounters& other) {
  lives += other.lives;
  acknowledged += other.acknowledged;
  power_losses += other.power_losses;
  process_crashes += other.process_crashes;
  openings_cut_short += other.openings_cut_short;
  torn_tails += other.torn_tails;
  larger_groups += other.larger_groups;
  segments_rolled += other.segments_rolled;
  repeats += other.repeats;
  doubts_found += other.doubts_found;
  rewritten_groups += other.rewritten_groups;
  failed_syncs += other.failed_syncs;
  snapshots_found += other.snapshots_found;
  return *this;
}

std::string to_string(const RunCounters& counters) {
  std::string text;
  const auto add = [&](const char* name, std::uint64_t value) {
    text += (text.empty() ? "" : ", ") + std::string(name) + ' ' + std::to_string(value);
  };
  add("lives", counters.lives);
  add("acknowledged", counters.acknowledged);
  add("power losses", counters.power_losses);
  add("process crashes", counters.process_crashes);
  add("openings cut short", counters.openings_cut_short);
  add("torn tails", counters.torn_tails);
  add("lives with larger groups", counters.larger_groups);
  add("segments rolled", counters.segments_rolled);
  add("repeats", counters.repeats);
  add("doubts found", counters.doubts_found);
  add("rewritten groups", counters.rewritten_groups);
  add("failed syncs", counters.failed_syncs);
  add("snapshots found", counters.snapshots_found);
  return text;
}

}  // namespace annals::simulation
