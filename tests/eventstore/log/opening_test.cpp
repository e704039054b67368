// What opening a log store says when it cannot be opened, and what it leaves as it was.

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;

class Opening : public testing::Test {
 protected:
  LogOptions options(LogOptions::Access access = LogOptions::Access::create) {
    return {.path = folder_.file("store"), .access = access, .segment_bytes = 64 * 1024};
  }
  std::unique_ptr<EventStore> opened(const LogOptions& options) {
    auto store = open_log_event_store(options);
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? std::move(*store) : nullptr;
  }
  Error refused(const LogOptions& options) {
    auto store = open_log_event_store(options);
    EXPECT_FALSE(store);
    return store ? Error{} : store.error();
  }

  testkit::TemporaryFolder folder_;
};

TEST_F(Opening, AMissingStoreIsUnavailableUnlessItMayBeMade) {
  for (const auto access : {LogOptions::Access::must_exist, LogOptions::Access::read_only}) {
    const Error error = refused(options(access));
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_NE(error.message.find("no store"), std::string::npos) << error.message;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.file("store")));
  EXPECT_TRUE(opened(options()));
  EXPECT_TRUE(opened(options(LogOptions::Access::must_exist)));
}

TEST_F(Opening, ASecondWriterIsRefusedAndToldWhoHoldsTheStore) {
  const auto first = opened(options());
  const Error error = refused(options());
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find(std::to_string(::getpid())), std::string::npos) << error.message;
}

// A forked process inherits the lock with the open file.
TEST_F(Opening, AForkThatOutlivesTheWriterIsNotTakenForTheWriter) {
  std::array<int, 2> held{};  // The fork ends when this pipe is closed.
  ASSERT_EQ(::pipe(held.data()), 0);
  const pid_t writer = ::fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    const auto store = open_log_event_store(options());
    if (::fork() == 0) {
      ::close(held[1]);
      char nothing = 0;
      (void)!::read(held[0], &nothing, 1);
    }
    ::_exit(store ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(writer, &status, 0), writer);
  ASSERT_EQ(status, 0);
  const Error error = refused(options());
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find("process " + std::to_string(writer) +
                               ", which had this store open for writing, has ended; a process that "
                               "it started (forked) may still hold the lock"),
            std::string::npos)
      << error.message;
  ::close(held[0]);
  ::close(held[1]);
}

TEST_F(Opening, WhoHoldsTheStoreIsUnknownWhereTheLockDoesNotSay) {
  const auto first = opened(options());
  for (const char* text : {"", "x\ny\nz\n", "99999999999999999999\n"}) {
    std::ofstream(folder_.file("store/LOCK")) << text;
    EXPECT_NE(refused(options()).message.find("has this store open for writing"), std::string::npos)
        << text;
  }
}

TEST_F(Opening, AFileInPlaceOfTheFolderIsUnavailable) {
  std::ofstream(folder_.file("store")) << "not a folder";
  EXPECT_EQ(refused(options()).code, ErrorCode::unavailable);
}

TEST_F(Opening, OptionsOutOfRangeAreRefusedByName) {
  LogOptions small = options();
  small.segment_bytes = 1;
  EXPECT_NE(refused(small).message.find("segment_bytes"), std::string::npos);
  LogOptions large = options();
  large.limits.data_bytes_max = Limits::data_bytes_ceiling + 1;
  EXPECT_EQ(refused(large).code, ErrorCode::invalid_argument);
  LogOptions backward = options();
  backward.max_clock_skew = std::chrono::seconds(-1);
  EXPECT_NE(refused(backward).message.find("LogOptions::max_clock_skew"), std::string::npos);
  LogOptions nowhere = options();
  nowhere.path = "";
  EXPECT_EQ(refused(nowhere).code, ErrorCode::invalid_argument);
}

TEST_F(Opening, SegmentsWithEventsButNoManifestAreCorruptAndNothingIsMadeOver) {
  ASSERT_TRUE(opened(options())->append(append_of({event_on("a")})));
  std::filesystem::remove(folder_.file("store/MANIFEST"));
  const std::string manifest = folder_.file("store/MANIFEST");
  for (const auto access : {LogOptions::Access::create, LogOptions::Access::must_exist,
                            LogOptions::Access::read_only}) {
    const Error error = refused(options(access));
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    EXPECT_NE(error.message.find("has segments but no MANIFEST"), std::string::npos)
        << error.message;
    ASSERT_TRUE(error.place);
    EXPECT_EQ(error.place->file, manifest);
  }
  EXPECT_FALSE(std::filesystem::exists(manifest));
  const auto report = verify_log_files(options(), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed);
  ASSERT_TRUE(report->first_bad && report->first_bad->place);
  EXPECT_EQ(report->first_bad->place->file, manifest);
}

TEST_F(Opening, AStoreWhoseMakingWasCutShortIsMadeAnew) {
  opened(options());
  std::filesystem::remove(folder_.file("store/MANIFEST"));
  for (const auto access : {LogOptions::Access::must_exist, LogOptions::Access::read_only}) {
    EXPECT_EQ(refused(options(access)).code, ErrorCode::unavailable) << "it never was a store";
  }
  EXPECT_EQ(opened(options())->head().position, GlobalPosition{0});
}

// Without the mark nobody can say whether acknowledged events are missing at the end.
TEST_F(Opening, AStoreWithoutItsMarkIsCorruptUntilAnOperatorAccepts) {
  for (const bool missing : {true, false}) {
    ASSERT_TRUE(opened(options())->append(append_of({event_on("a")})));
    if (missing) {
      std::filesystem::remove(folder_.file("store/mark"));
    } else {
      std::ofstream(folder_.file("store/mark")) << std::string(16384, 'X');
    }
    const Error error = refused(options());
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    EXPECT_NE(error.message.find("accept_lost_mark"), std::string::npos) << error.message;
    const auto report = verify_log_files(options(), {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcome, VerifyReport::Outcome::incomplete);

    LogOptions accepting = options();
    accepting.accept_lost_mark = true;
    EXPECT_GE(opened(accepting)->head().position, GlobalPosition{1});
    EXPECT_TRUE(opened(options()));
  }
}

TEST_F(Opening, WithoutItsMarkAStoreIsProvedAsFarAsItGoesAndIsIncomplete) {
  Head head;
  {
    const auto store = opened(options());
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(store->append(append_of({event_on("a", "happened", std::string(5'000, 'x'))})));
    }
    ASSERT_GE(store->stats().segments, 3U);
    head = store->head();
  }
  const std::string mark = folder_.file("store/mark");
  for (const bool missing : {true, false}) {
    std::filesystem::remove(mark);
    if (!missing) std::ofstream(mark).flush();
    const auto report = verify_log_files(options(), {});
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->outcome, VerifyReport::Outcome::incomplete);
    EXPECT_EQ(report->events, 50U);
    EXPECT_EQ((Head{report->position, report->link}), head);
    ASSERT_TRUE(report->first_bad && report->first_bad->place);
    EXPECT_EQ(report->first_bad->place->file, mark);
    EXPECT_EQ(report->first_bad->first.value, 51U) << "what may be missing";
    // What was asked for is there.
    const auto range = verify_log_files(options(), {.last = GlobalPosition{20}});
    ASSERT_TRUE(range);
    EXPECT_EQ(range->outcome, VerifyReport::Outcome::whole);
    const auto expected =
        verify_log_files(options(), {.expected = ExpectedLink{head.position, first_link({})}});
    ASSERT_TRUE(expected);
    EXPECT_EQ(expected->outcome, VerifyReport::Outcome::changed);
  }
  // Damage is damage with or without it.
  std::fstream file(folder_.file("store/segment-00000002.log"),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1'000);
  file << "damage";
  file.close();
  const auto damaged = verify_log_files(options(), {});
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->outcome, VerifyReport::Outcome::changed);
}

TEST_F(Opening, AFolderThatIsNoStoreIsLeftAsItWasUnlessItMayBecomeOne) {
  std::filesystem::create_directory(folder_.file("store"));
  for (const auto access : {LogOptions::Access::must_exist, LogOptions::Access::read_only}) {
    const Error error = refused(options(access));
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_NE(error.message.find("no store"), std::string::npos) << error.message;
    EXPECT_TRUE(std::filesystem::is_empty(folder_.file("store")));
  }
}

TEST_F(Opening, AFolderWithOtherFilesDoesNotBecomeAStore) {
  std::filesystem::create_directory(folder_.file("store"));
  std::ofstream(folder_.file("store/main.cpp")) << "int main() {}";
  const Error error = refused(options());
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find("main.cpp"), std::string::npos) << error.message;
  EXPECT_FALSE(std::filesystem::exists(folder_.file("store/LOCK")));
}

TEST_F(Opening, AMissingSegmentIsCorruptAndNamed) {
  ASSERT_TRUE(opened(options())->append(append_of({event_on("a")})));
  std::filesystem::remove(folder_.file("store/segment-00000001.log"));
  const Error error = refused(options());
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  ASSERT_TRUE(error.place);
  EXPECT_NE(error.place->file.find("segment-00000001.log"), std::string::npos);
}

TEST_F(Opening, AClockFarBehindTheLastEventStopsWritingUntilAccepted) {
  const auto clock = std::make_shared<testkit::ManualClock>();
  LogOptions with_clock = options();
  with_clock.clock = clock;
  ASSERT_TRUE(opened(with_clock)->append(append_of({event_on("a")})));
  clock->advance(-std::chrono::hours(1));
  {
    const auto store = opened(with_clock);
    const auto refused = store->append(append_of({event_on("a")}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(read_all(*store, {}));
  }
  with_clock.accept_clock_behind = true;
  const auto receipt = opened(with_clock)->append(append_of({event_on("a")}));
  ASSERT_TRUE(receipt) << to_string(receipt.error());
  EXPECT_EQ(receipt->recorded_at, testkit::ManualClock::beginning);
}

TEST_F(Opening, AWeakerDurabilityShowsInStats) {
  LogOptions weak = options();
  weak.durability = Durability::survives_process_only;
  EXPECT_EQ(opened(weak)->stats().durability, "survives_process_only");
  EXPECT_EQ(opened(options())->stats().durability, "synced");
}

TEST_F(Opening, SnapshotsAreThereAgainAndMayBeLost) {
  Snapshot snapshot;
  {
    const auto store = opened(options());
    const auto receipt = store->append(append_of({event_on("a")}));
    ASSERT_TRUE(receipt);
    snapshot = {.stream = "a",
                .version = {0},
                .position = {1},
                .link = receipt->link,
                .fingerprint = 5,
                .data = "state"};
    ASSERT_TRUE(store->save_snapshot(snapshot));
  }
  {
    const auto found = opened(options())->load_snapshot("a", {1}, 5);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->data, "state");
  }
  std::ofstream(folder_.file("store/snapshots")) << "damaged";
  const auto store = opened(options());
  const auto lost = store->load_snapshot("a", {1}, 5);
  ASSERT_TRUE(lost);
  EXPECT_FALSE(*lost);
  EXPECT_TRUE(store->save_snapshot(snapshot));
}

TEST_F(Opening, AStoreOpenedByARelativePathStaysWhereItIs) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directory(folder_.file("a"));
  std::filesystem::create_directory(folder_.file("b"));
  std::filesystem::current_path(folder_.file("a"));
  LogOptions relative = options();
  relative.path = "store";
  auto store = opened(relative);
  std::filesystem::current_path(folder_.file("b"));
  for (int i = 0; i < 20; ++i) {  // Until it has rolled over.
    ASSERT_TRUE(store->append(append_of({event_on("a", "happened", std::string(10'000, 'x'))})));
  }
  EXPECT_GT(store->stats().segments, 1U);
  store.reset();
  std::filesystem::current_path(before);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("b/store")));
  LogOptions absolute = options();
  absolute.path = folder_.file("a/store");
  EXPECT_EQ(opened(absolute)->head().position, GlobalPosition{20});
}

TEST_F(Opening, AnIndexLeftWhereNoStoreIsDoesNotKeepOneFromBeingMade) {
  std::filesystem::create_directory(folder_.file("store"));
  std::ofstream(folder_.file("store/segment-00000001.index")) << "of another store";
  const auto store = opened(options());
  ASSERT_TRUE(store);
  EXPECT_TRUE(store->append(append_of({event_on("a")})));
}

TEST_F(Opening, AForkedChildCannotWriteNorSayWhatWasAppended) {
  const auto store = opened(options());
  const auto first = store->append(append_of({event_on("a")}));
  ASSERT_TRUE(first);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto refused = store->append(append_of({event_on("a")}));
    const auto unknown = store->find_append(new_append_id());
    const auto not_saved = store->save_snapshot({.stream = "a",
                                                 .version = {0},
                                                 .position = first->last_position,
                                                 .link = first->link,
                                                 .data = "state"});
    ::_exit(!refused && refused.error().code == ErrorCode::unavailable && !unknown &&
                    unknown.error().code == ErrorCode::unavailable && !not_saved &&
                    not_saved.error().code == ErrorCode::unavailable
                ? 0
                : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  const auto receipt = store->append(append_of({event_on("a")}));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->last_position, GlobalPosition{2});
}

TEST_F(Opening, DamageToAnAppendsHeaderCannotChangeWhatIsRead) {
  const auto store = opened(options());
  const auto receipt = store->append(append_of({event_on("a")}));
  ASSERT_TRUE(receipt);
  {
    // The append's id and time, behind the headers of the segment and the frame.
    std::fstream file(folder_.file("store/segment-00000001.log"),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(128 + 24 + 8);
    file << std::string(40, 'X');
  }
  const auto after = read_all(*store, {});
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::corrupt);
  ASSERT_TRUE(after.error().place);
  EXPECT_EQ(after.error().place->offset, 128U + 24U);
  const auto report = store->verify({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed);
}

TEST_F(Opening, AChainOfAppendsFromCompletionsIsCompletedBeforeTheStoreGoes) {
  EventStore* const store = opened(options()).release();
  std::atomic<int> completed = 0;
  std::function<void(int)> append_next = [&](int left) {
    store->append_async(append_of({event_on("a")}), [&, left](const Result<Receipt>& receipt) {
      EXPECT_TRUE(receipt);
      ++completed;
      if (left > 1) append_next(left - 1);
    });
  };
  append_next(20);
  delete store;
  EXPECT_EQ(completed, 20);
}

}  // namespace
}  // namespace annals
