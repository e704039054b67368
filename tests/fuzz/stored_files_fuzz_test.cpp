// Promise P8 against changed files of every kind. Invariants checked:
//   - nothing crashes, hangs, or reads out of bounds (under the sanitizers);
//   - a store with a changed file is refused as `corrupt` or `unsupported`, or hands out nothing
//   but
//     what was written, at its position; what can be made anew is, and then everything is there;
//   - files with right checksums over wrong contents show no event elsewhere than at its position,
//     and verify says so if one is missing (indexes); and do no harm to the program (the others).
//
// Each case follows from its number: ANNALS_SEED=n with ANNALS_RUNS=1 repeats one. ANNALS_SOAK
// tries more of them.

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/seed.hpp>

#include "checksums.hpp"
#include "log/log_format.hpp"
#include "log/open.hpp"
#include "log/packed_file.hpp"
#include "mutation.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random_work.hpp"

#include <sys/time.h>
#include <unistd.h>

namespace annals::fuzz {
namespace {

using testkit::FaultFileSystem;

enum class Kind : std::uint8_t {
  manifest,
  mark,
  active_segment,
  sealed_segment,
  packed_segment,
  index,
  heads,
  snapshots
};

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::manifest: return "Manifest";
    case Kind::mark: return "Mark";
    case Kind::active_segment: return "ActiveSegment";
    case Kind::sealed_segment: return "SealedSegment";
    case Kind::packed_segment: return "PackedSegment";
    case Kind::index: return "Index";
    case Kind::heads: return "Heads";
    case Kind::snapshots: return "Snapshots";
  }
  return "";
}
void PrintTo(Kind kind, std::ostream* out) { *out << name_of(kind); }

/// Says which case it was, if the program ends.
std::array<char, 100> case_text{};
void tell_case(int signal) {
  (void)!::write(STDERR_FILENO, case_text.data(), std::char_traits<char>::length(case_text.data()));
  ::signal(signal, SIG_DFL);
  ::raise(signal == SIGPROF ? SIGABRT : signal);
}

void begin_case(Kind kind, std::uint64_t number, bool summed) {
  // Of the processor's time: what hangs without using any is for the test runner to notice.
  constexpr itimerval patience{.it_interval = {}, .it_value = {.tv_sec = 60, .tv_usec = 0}};
  std::snprintf(case_text.data(), case_text.size(), "\nat ANNALS_SEED=%llu, %s%s\n",
                static_cast<unsigned long long>(number), name_of(kind), summed ? ", summed" : "");
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGPROF}) ::signal(signal, tell_case);
  ::setitimer(ITIMER_PROF, &patience, nullptr);
}

void end_cases() {
  constexpr itimerval none{};
  ::setitimer(ITIMER_PROF, &none, nullptr);
}

/// A store of several segments, closed or killed, and what the world knows of it.
struct Corpus {
  std::shared_ptr<FaultFileSystem> disk;
  simulation::Oracle oracle;
  StoreId store;
  std::uint64_t active = 0;
  bool packed = false;

  static constexpr auto folder = "/store";

  LogOptions options(LogOptions::Access access,
                     const std::shared_ptr<FaultFileSystem>& files) const {
    return {.path = folder,
            .access = access,
            .segment_bytes = 64 * 1024,
            .compression = packed ? Compression::zstd : Compression::none,
            .clock = std::make_shared<testkit::ManualClock>(),
            .files = files};
  }

  /// `with_packed`: of complete segments.
  Corpus(std::uint64_t seed, bool killed, bool with_packed)
      : disk(std::make_shared<FaultFileSystem>(seed)), packed(with_packed) {
    store.bytes.fill(static_cast<std::uint8_t>(seed));
    std::mt19937_64 dice(seed);
    simulation::RandomWork work(seed, dice, 400);
    auto opened = internal::open_log_event_store(options(LogOptions::Access::create, disk),
                                                 internal::PlantedBug::none, true, store);
    EXPECT_TRUE(opened);
    for (int i = 0; i < 80; ++i) {
      AppendRequest request = work.request();
      const std::size_t number = oracle.send(request);
      const auto receipt = (*opened)->append(std::move(request));
      EXPECT_TRUE(receipt);
      oracle.acknowledge(number, *receipt);
      if (i % 9 != 0) continue;
      const auto& [stream, last] = receipt->versions.back();
      (void)(*opened)->save_snapshot({.stream = stream,
                                      .version = last,
                                      .position = receipt->last_position,
                                      .link = receipt->link,
                                      .data = std::string(40, 's')});
    }
    active = (*opened)->stats().segments;
    EXPECT_GE(active, 2U);
    EXPECT_FALSE(oracle.compare(**opened));
    if (!killed) opened->reset();
    disk = disk->process_crash();
    opened->reset();
  }

  std::string path_of(Kind kind, std::mt19937_64& dice) const {
    const std::uint64_t sealed = 1 + dice() % (active - 1);
    const auto segment = [](std::uint64_t number) {
      return internal::format::segment_name(number);
    };
    std::string name;
    switch (kind) {
      case Kind::manifest: name = "MANIFEST"; break;
      case Kind::mark: name = "mark"; break;
      case Kind::active_segment: name = segment(active); break;
      case Kind::sealed_segment: name = segment(sealed); break;
      case Kind::packed_segment: name = internal::PackedFile::name_of(sealed); break;
      case Kind::index: {
        name = segment(sealed);
        name.replace(name.rfind('.'), std::string::npos, ".index");
        break;
      }
      case Kind::heads: name = "heads"; break;
      case Kind::snapshots: name = "snapshots"; break;
    }
    return std::string(folder) + '/' + name;
  }

  void sum(Kind kind, const std::string& path, std::string& text) const {
    const auto number = std::strtoull(path.c_str() + path.rfind('-') + 1, nullptr, 10);
    switch (kind) {
      case Kind::manifest: return sum_manifest(text);
      case Kind::mark: return sum_mark(text);
      case Kind::active_segment:
      case Kind::sealed_segment: return sum_segment(text, store, number);
      case Kind::packed_segment: return sum_packed(text, store, number);
      case Kind::index: return sum_index(text, store, number);
      case Kind::heads: return sum_heads(text);
      case Kind::snapshots: return sum_snapshots(text, store);
    }
  }
};

bool is_damage(ErrorCode code) {
  return code == ErrorCode::corrupt || code == ErrorCode::unsupported;
}

/// Uses all that there is. What comes back is another question.
void use(EventStore& store, const simulation::Oracle& oracle) {
  (void)store.verify({});
  (void)read_all(store, {});
  (void)read_all(store, {.direction = Direction::backward});
  for (std::size_t i = 0; i < oracle.log().size(); i += 3) {
    const simulation::Oracle::Logged& logged = oracle.log()[i];
    const NewEvent& event = oracle.event(logged);
    (void)store.stream_version(event.stream);
    (void)store.load_snapshot(event.stream, store.head().position, 0);
    (void)store.find_append(*oracle.request(logged.number).id);
    (void)store.link_at({i + 1});
    (void)read_all(store, {.query = Query::stream(event.stream),
                           .direction = Direction::backward,
                           .start = Start::from(logged.version)});
    (void)read_all(store, {.query = {{{.types = {event.type}, .tags = event.tags}}},
                           .as_of = AsOf::recorded(logged.recorded_at)});
  }
  const NewEvent& some = oracle.event(oracle.log().front());
  (void)store.append(
      {.events = {{.stream = some.stream, .type = "t", .data = "{}"},
                  {.stream = "new-one", .type = "t", .data = "{}"}},
       .checks = {{some.stream, ExpectedVersion::any()}, {"new-one", ExpectedVersion::any()}},
       .conditions = {{Query::stream("never"), {0}}}});
}

class Changed : public testing::TestWithParam<Kind> {
 protected:
  /// What can be made anew must be, and what cannot must be noticed.
  std::optional<std::string> broken_promise(Corpus& corpus, Kind kind,
                                            const std::shared_ptr<FaultFileSystem>& disk,
                                            LogOptions::Access access) {
    simulation::Oracle oracle = corpus.oracle;
    auto store =
        internal::open_log_event_store(corpus.options(access, disk), internal::PlantedBug::none);
    const bool cache = kind == Kind::index || kind == Kind::heads || kind == Kind::snapshots;
    if (!store) {
      if (cache) return "refused for a cache: " + to_string(store.error());
      if (!is_damage(store.error().code)) return to_string(store.error());
      ++noticed_;
      return std::nullopt;
    }
    if (const auto wrong = oracle.misread(**store)) return wrong;
    const auto differs = oracle.compare(**store);
    if (!differs) return std::nullopt;
    // Without the newest mark a reader ends at the one before. The writer goes on behind it.
    if (kind == Kind::mark && access == LogOptions::Access::read_only) return std::nullopt;
    if (cache) return differs;
    const auto report = (*store)->verify({});
    const bool said = !report || report->outcome != VerifyReport::Outcome::whole ||
                      (*store)->stats().torn_bytes_cut > 0;
    if (!said) return differs;
    ++noticed_;
    return std::nullopt;
  }

  void try_case(Kind kind, std::uint64_t number) {
    std::mt19937_64 dice(number);
    Corpus& corpus = corpora_[dice() % corpora_.size()];
    const std::string path = corpus.path_of(kind, dice);
    const std::string other = corpus.disk->contents(corpus.path_of(kind, dice));
    std::string text = corpus.disk->contents(path);
    // The table of heads is believed only in the file that it was written to.
    const bool in_place = kind == Kind::heads || dice() % 2 == 0;
    mutate(text, other, !in_place, dice);
    const auto changed = [&] {
      auto disk = corpus.disk->fork();
      if (in_place) {
        disk->overwrite(path, 0, text);
      } else {
        disk->put(path, text);
      }
      return disk;
    };
    begin_case(kind, number, false);
    for (const auto access : {LogOptions::Access::read_only, LogOptions::Access::create}) {
      const auto broken = broken_promise(corpus, kind, changed(), access);
      ASSERT_FALSE(broken) << *broken << case_text.data();
    }
    begin_case(kind, number, true);
    corpus.sum(kind, path, text);
    for (const auto access : {LogOptions::Access::read_only, LogOptions::Access::create}) {
      const auto disk = changed();
      auto store =
          internal::open_log_event_store(corpus.options(access, disk), internal::PlantedBug::none);
      if (!store) {
        ASSERT_TRUE(is_damage(store.error().code)) << to_string(store.error()) << case_text.data();
        ++refused_;
        continue;
      }
      if (kind == Kind::index) {
        // An event may be missing from such an index; another one may not be in its place.
        const auto wrong = corpus.oracle.misread(**store, true);
        ASSERT_FALSE(wrong) << *wrong << case_text.data();
        // And one that is missing does not stay a secret.
        simulation::Oracle oracle = corpus.oracle;
        if (const auto differs = oracle.compare(**store)) {
          const auto report = verify_log_files(corpus.options(access, disk), {});
          ASSERT_TRUE(report) << to_string(report.error()) << case_text.data();
          ASSERT_EQ(report->outcome, VerifyReport::Outcome::changed)
              << *differs << case_text.data();
          ++noticed_;
        }
      }
      use(**store, corpus.oracle);
    }
  }

  static bool packed() { return GetParam() == Kind::packed_segment; }

  std::array<Corpus, 3> corpora_{Corpus(1, false, packed()), Corpus(2, true, packed()),
                                 Corpus(3, true, packed())};
  std::uint64_t noticed_ = 0;
  std::uint64_t refused_ = 0;
};

TEST_P(Changed, IsNoticedOrHarmless) {
  const Kind kind = GetParam();
  const std::uint64_t first = testkit::seed(1);
  const char* given = std::getenv("ANNALS_RUNS");
  const std::uint64_t cases = given != nullptr ? std::strtoull(given, nullptr, 10)
                              : std::getenv("ANNALS_SOAK") != nullptr ? 20'000
                                                                      : 60;
  for (std::uint64_t number = first; number < first + cases; ++number) {
    ASSERT_NO_FATAL_FAILURE(try_case(kind, number));
  }
  end_cases();
  std::printf("%llu cases: %llu noticed, %llu refused with right checksums\n",
              static_cast<unsigned long long>(cases), static_cast<unsigned long long>(noticed_),
              static_cast<unsigned long long>(refused_));
}

TEST_P(Changed, DoesNoHarmWhereItOnceDid) {
  // The table of heads knew more of a stream than the active segment; an append then aborted.
  if (GetParam() == Kind::active_segment) {
    ASSERT_NO_FATAL_FAILURE(try_case(GetParam(), 200'120));
  }
  // A reader that opened a MANIFEST of another era than the mark's took its folder for replaced.
  if (GetParam() == Kind::manifest) {
    ASSERT_NO_FATAL_FAILURE(try_case(GetParam(), 2'549'000'101));
  }
  // Filters that hid appends in files of which the rest is not believed, which verify passed over.
  if (GetParam() == Kind::index) {
    ASSERT_NO_FATAL_FAILURE(try_case(GetParam(), 2'379'000'247));
    ASSERT_NO_FATAL_FAILURE(try_case(GetParam(), 2'388'000'050));
  }
  end_cases();
}

TEST_P(Changed, ChecksumsMadeRightAgainAreWhatTheyWere) {
  Corpus corpus(1, false, packed());
  std::mt19937_64 dice(1);
  const std::string path = corpus.path_of(GetParam(), dice);
  const std::string written = corpus.disk->contents(path);
  std::string text = written;
  corpus.sum(GetParam(), path, text);
  EXPECT_EQ(text, written);
}

INSTANTIATE_TEST_SUITE_P(, Changed,
                         testing::Values(Kind::manifest, Kind::mark, Kind::active_segment,
                                         Kind::sealed_segment, Kind::packed_segment, Kind::index,
                                         Kind::heads, Kind::snapshots),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace annals::fuzz
