#include "power_loss_run.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>

#include "known_log.hpp"
#include "log/open.hpp"
#include "oracle.hpp"
#include "random_work.hpp"
#include "store_files.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;
using testkit::ManualClock;

class Run {
 public:
  Run(std::uint64_t seed, internal::PlantedBug bug, const RunSize& size)
      : bug_(bug),
        size_(size),
        dice_(seed),
        work_(seed, dice_, size.streams),
        disk_(std::make_shared<FaultFileSystem>(seed)) {
    // All that depends on a store's id is the same again for the same seed.
    for (std::uint8_t& byte : store_id_.bytes) byte = static_cast<std::uint8_t>(dice_());
    packs_ = chance(50);
  }

  RunOutcome run() {
    const std::uint64_t lives = size_.lives_min + below(4);
    for (std::uint64_t life = 0; !violation_ && (life < lives || counters_.steps < size_.run_steps);
         ++life) {
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
      boot_at_close_ = disk_->boot_id({});
    }
    return {std::move(violation_), counters_};
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  KnownLog::Dice dice() {
    return [this](std::uint64_t bound) { return below(bound); };
  }
  StoreFiles files() const { return {folder, *disk_}; }
  void violated(const std::string& how) {
    if (!violation_) violation_ = "life " + std::to_string(counters_.lives) + ": " + how;
  }

  LogOptions options(LogOptions::Access access) const {
    return {.path = folder,
            .access = access,
            .segment_bytes = 64 * 1024,
            .compression = packs_ ? Compression::zstd : Compression::none,
            .block_cache_bytes = 128 * 1024,
            .clock = clock_,
            .files = disk_};
  }

  /// Decides what will go wrong in the life that begins.
  void arm() {
    faults_armed_ = false;
    if (chance(55)) disk_->switch_off_after(below(chance(35) ? 12 : 20 * size_.steps_min));
    if (!chance(45)) return;
    faults_armed_ = true;
    const std::uint64_t nth = 1 + below(5 * size_.steps_min);
    switch (below(9)) {
      case 0: disk_->fail_write(nth); break;
      case 1: disk_->fail_sync_directory(1 + below(3)); break;
      case 2: disk_->fail_sync(nth, FaultFileSystem::AfterFailedSync::cache_forgets); break;
      case 3: disk_->fail_read(1 + below(12)); break;
      case 4: disk_->fill_disk(1 + below(8)); break;
      default: disk_->fail_sync(nth); break;
    }
  }

  Result<std::unique_ptr<EventStore>> open(const LogOptions& options) const {
    return internal::open_log_event_store(options, bug_, true, store_id_);
  }

  /// Opens the store, compares it with what is known, works with it for a while.
  void live() {
    ++counters_.lives;
    const auto caches = files().caches();
    auto store = open(options(LogOptions::Access::create));
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
    if (!disk_->is_off()) StoreFiles::count(caches, files().caches(), counters_);
    disk_->fail_read(0);  // What compares is not to be disturbed.
    const Stats stats = store_->stats();
    counters_.torn_tails += stats.torn_bytes_cut > 0 ? 1 : 0;
    counters_.rewritten_groups += stats.rewritten_groups;
    // Only a restart looks for remains of a group that a killed process had refused.
    const bool same_boot = disk_->boot_id({}) == boot_at_close_;
    if (was_clean && (stats.rewritten_groups > 0 || (same_boot && stats.torn_bytes_cut > 0))) {
      violated("closed cleanly, and yet something was cut or written again");
    }
    // The machine may have gone off while indexes were made, which is no reason not to open.
    if (const auto broken = oracle_.compare(*store_); broken && !disk_->is_off()) violated(*broken);
    for (int i = 0; i < 5 && !violation_; ++i) compare_read(*store_, oracle_);
    load_snapshots();
    if (!violation_ && chance(20)) look_at_damaged_copy();
    counters_.doubts_found += oracle_.present().size() - acknowledged_known_;
    if (faults_armed_ && chance(30)) disk_->fail_read(1 + below(30));
    const bool copies = chance(25);
    const std::uint64_t steps = chance(10) ? 0 : size_.steps_min + below(5 * size_.steps_min);
    for (std::uint64_t step = 0; step < steps && !violation_ && !disk_->is_off(); ++step) {
      if (copies && step == steps / 2) look_at_copy();
      work();
      if (!store_->stats().failure.empty() && chance(50)) break;
    }
    acknowledged_known_ = oracle_.present().size();
    const Stats end = store_->stats();
    counters_.larger_groups += end.appends_synced - end.groups_synced;
    counters_.segments_rolled += end.segments - stats.segments;
    counters_.segments_packed += end.segments_packed - stats.segments_packed;
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
      if (chance(20)) files().put_stale_frame(dice());
    } else if (off || way < 80) {
      ++counters_.process_crashes;
      replace_disk(disk_->process_crash());
    } else {
      // The program ends properly, or goes on and opens the store again.
      const bool sound = store_ != nullptr && store_->stats().failure.empty() && !faults_armed_;
      store_.reset();
      closed_cleanly_ = sound && !disk_->is_off();
      boot_at_close_ = disk_->boot_id({});
      if (chance(30)) {
        ++counters_.power_losses;
        replace_disk(disk_->power_loss({dice_()}));
      } else {
        replace_disk(disk_->fork());  // Without this life's faults.
      }
    }
    if (chance(50)) files().damage_caches(dice(), counters_);
    work_.remember_frame(files().old_frame());
  }

  void replace_disk(std::shared_ptr<FaultFileSystem> next) {
    store_.reset();  // Whatever it still tries to write goes to a disk that is off.
    disk_ = std::move(next);
  }

  void work() {
    clock_->advance(std::chrono::microseconds(static_cast<std::int64_t>(below(4000)) - 500));
    const std::uint64_t what = below(100);
    if (what < 30) {
      append_one();
    } else if (what < 50) {
      append_many(2 + below(7));
    } else if (what < 80) {
      compare_read(*store_, oracle_);
      compare_version();
    } else if (what < 87) {
      repeat_known();
    } else if (what < 91) {
      send_absent_again();
    } else if (what < 95) {
      look_beside();
    } else {
      save_snapshot();
    }
    if (chance(50)) settle_doubts();
    oracle_.show(store_->head());
  }

  /// `refusal`: with what a sound store must refuse it, if it must.
  void note(std::size_t number, const Result<Receipt>& answer,
            std::optional<ErrorCode> refusal = {}) {
    ++counters_.steps;
    if (answer) {
      if (answer->repeated) violated("a first append was answered as a repeat");
      if (refusal) violated("an append went through whose checks do not hold");
      ++counters_.acknowledged;
      oracle_.acknowledge(number, *answer);
      return;
    }
    if (disk_->is_off()) return oracle_.doubt(number);  // Nobody was there to hear it.
    const ErrorCode code = answer.error().code;
    if (code == refusal) {
      ++counters_.refused_rightly;
      return oracle_.refuse(number);
    }
    if (!faults_armed_) violated("refused for no reason: " + to_string(answer.error()));
    if (code == ErrorCode::unavailable) {
      oracle_.refuse(number);
    } else if (code == ErrorCode::outcome_unknown) {
      oracle_.doubt(number);
    } else {
      violated("an answer that no disk can cause: " + to_string(answer.error()));
    }
  }

  /// With versions and conditions, of which some do not hold.
  void append_one() {
    AppendRequest request = work_.request();
    std::optional<ErrorCode> refusal;
    if (chance(50)) {
      for (StreamCheck& check : request.checks) check.expected = known_version(check.stream);
      if (chance(15)) {
        const auto last = oracle_.last_version(request.checks.front().stream);
        request.checks.front().expected =
            ExpectedVersion::exactly({last ? last->value + 1 : below(3)});
        refusal = ErrorCode::wrong_expected_version;
      }
    }
    if (chance(50)) {
      const KnownLog known(oracle_);
      const std::uint64_t head = known.head().value;
      AppendCondition condition{known.random_query(dice()), {below(head + 1)}};
      if (chance(30)) condition.after = {head - std::min(head, below(20))};
      if (!refusal && known.any_match(condition.query, condition.after)) {
        refusal = ErrorCode::condition_failed;
      }
      request.conditions.push_back(std::move(condition));
    }
    const std::size_t number = oracle_.send(request);
    note(number, store_->append(std::move(request)), refusal);
  }

  ExpectedVersion known_version(const std::string& stream) const {
    const auto last = oracle_.last_version(stream);
    return last ? ExpectedVersion::exactly(*last) : ExpectedVersion::no_stream();
  }

  /// The first append goes alone; the others come while it is being written, and make one group.
  /// They may be rivals, that expect the same version of a stream: one of them gets it.
  void append_many(std::uint64_t count) {
    std::optional<std::string> contested;
    if (chance(25)) contested = work_.stream();
    std::mutex mutex;
    std::condition_variable answered;
    std::map<std::size_t, Result<Receipt>> answers;
    std::size_t first_number = 0;
    disk_->hold();
    for (std::uint64_t i = 0; i < count; ++i) {
      AppendRequest request = work_.request();
      if (contested && i == 0) {
        request.events = {work_.event(*contested + "-else", "money_deposited", i)};
        request.checks = {{*contested + "-else", ExpectedVersion::any()}};
      } else if (contested) {
        request.events = {work_.event(*contested, "money_withdrawn", i)};
        request.checks = {{*contested, known_version(*contested)}};
      }
      const std::size_t number = oracle_.send(request);
      if (i == 0) first_number = number;
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
    bool taken = false;
    for (const auto& [number, answer] : answers) {
      const bool rival = contested && number != first_number;
      note(number, answer,
           rival && taken ? std::optional(ErrorCode::wrong_expected_version) : std::nullopt);
      taken = taken || (rival && answer);
    }
  }

  void compare_read(const EventStore& store, const Oracle& oracle) {
    const KnownLog known(oracle);
    const ReadOptions options = known.random_read(dice());
    if (disk_->is_off()) return;
    ++counters_.steps;
    ++counters_.reads_compared;
    const auto compared = known.compare(store, options);
    counters_.events_compared += compared.events;
    if (compared.differs) violated(*compared.differs);
  }

  void compare_version() {
    ++counters_.steps;
    const std::string stream = work_.stream();
    const auto found = store_->stream_version(stream);
    if (!found) return violated("stream_version: " + to_string(found.error()));
    if (*found != oracle_.last_version(stream)) {
      violated("stream " + stream + " has another version than it was given");
    }
  }

  void repeat_known() {
    const auto known = oracle_.present();
    if (known.empty()) return;
    const std::size_t number = known[below(known.size())];
    ++counters_.steps;
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
      ++counters_.steps;
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
    request.conditions.clear();
    oracle_.send_again(number, request);
    note(number, store_->append(std::move(request)));
  }

  /// Another process reads while this one writes.
  void look_beside() {
    if (bug_ == internal::PlantedBug::checksum_not_seeded) return;  // Readers do not share it.
    ++counters_.steps;
    const auto reader = open_log_event_store(options(LogOptions::Access::read_only));
    if (!reader) {
      if (!disk_->is_off() && !faults_armed_)
        violated("cannot be read beside: " + to_string(reader.error()));
      return;
    }
    const Head head = (*reader)->head();
    if ((*reader)->stats().unsettled_events > 0) return;
    oracle_.show(head);
    if (head.position > store_->head().position) violated("a reader is ahead of the writer");
  }

  /// A copy of all files is a store as it was when it was made, even if the table of heads was
  /// copied while it changed.
  void look_at_copy() {
    const auto copy = disk_->copy();
    Oracle known = oracle_;
    const auto heads_of = [this] {
      const auto all = disk_->files();
      const bool there = std::find(all.begin(), all.end(), files().heads()) != all.end();
      return there ? disk_->contents(files().heads()) : std::string();
    };
    const std::string first_part = heads_of().substr(0, 64 * 1024);
    for (std::uint64_t i = below(4); i > 0 && !violation_ && !disk_->is_off(); --i) work();
    StoreFiles(folder, *copy).put_heads_copied_late(first_part, heads_of());
    LogOptions options = this->options(LogOptions::Access::create);
    options.files = copy;
    const auto store = open(options);
    if (!store) return violated("a copy cannot be opened: " + to_string(store.error()));
    ++counters_.copies_compared;
    if (const auto broken = known.compare(**store)) return violated("a copy: " + *broken);
    for (int i = 0; i < 3; ++i) compare_read(**store, known);
  }

  /// A bit of a segment has changed: it is noticed, and nothing wrong is handed out.
  void look_at_damaged_copy() {
    const auto copy = disk_->settled();
    const bool sealed = chance(70);
    const auto file = StoreFiles(folder, *copy).flip_in_segment(dice(), sealed);
    if (!file) return;
    LogOptions options = this->options(LogOptions::Access::create);
    options.files = copy;
    const auto store = open(options);
    if (!store) {
      ++counters_.damage_noticed;
      if (store.error().code == ErrorCode::corrupt) return;
      return violated("damage to " + *file + " is called " + to_string(store.error()));
    }
    if (const auto wrong = oracle_.misread(**store))
      return violated("damaged " + *file + ": " + *wrong);
    const auto report = (*store)->verify({});
    const bool noticed = report && report->outcome == VerifyReport::Outcome::changed;
    if (sealed && !noticed) violated("damage to " + *file + " is not noticed");
    counters_.damage_noticed += noticed ? 1 : 0;
  }

  void save_snapshot() {
    ++counters_.steps;
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

  static constexpr auto folder = "/store";
  const internal::PlantedBug bug_;
  const RunSize size_;
  StoreId store_id_;
  std::mt19937_64 dice_;
  RandomWork work_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FaultFileSystem> disk_;
  std::unique_ptr<EventStore> store_;
  Oracle oracle_;
  std::size_t acknowledged_known_ = 0;
  std::uint64_t failed_syncs_seen_ = 0;
  bool packs_ = false;  // Complete segments.
  bool faults_armed_ = false;
  bool closed_cleanly_ = false;
  std::string boot_at_close_;
  std::map<std::string, bool> snapshot_streams_;
  RunCounters counters_;
  std::optional<std::string> violation_;
};

}  // namespace

RunOutcome run_power_loss(std::uint64_t seed, internal::PlantedBug bug, const RunSize& size) {
  return Run(seed, bug, size).run();
}

}  // namespace annals::simulation
