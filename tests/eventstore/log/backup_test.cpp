// Backups beside a writer, and stores restored from them.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

constexpr std::uint64_t small_segment = 64 * 1024;

/// A store on a disk in memory, and its copies beside it.
class Backup : public testing::Test {
 protected:
  LogOptions at(const std::string& path) {
    return {.path = path, .segment_bytes = small_segment, .files = disk_};
  }
  std::unique_ptr<EventStore> open(const std::string& path) {
    auto store = open_log_event_store(at(path));
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? std::move(*store) : nullptr;
  }
  /// Appends so many events of two kilobytes: thirty fill a segment.
  static void fill(EventStore& store, int count) {
    for (int i = 0; i < count; ++i) {
      const auto receipt =
          store.append(append_of({event_on("account-" + std::to_string(i % 7), "happened",
                                           "{\"n\":\"" + std::string(2'000, 'x') + "\"}")}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
  }
  VerifyReport verified(const std::string& path) {
    auto report = verify_log_files(at(path), {});
    EXPECT_TRUE(report) << to_string(report.error());
    return report ? *report : VerifyReport{};
  }
  std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const std::string& file : disk_->files()) {
      if (file.starts_with(folder + '/')) names.push_back(file.substr(folder.size() + 1));
    }
    return names;
  }

  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
};

TEST_F(Backup, OfALiveStoreHoldsAllThatWasDurableAndIsWholeInItself) {
  const auto store = open("/store");
  fill(*store, 100);
  const Head head = store->head();
  const auto report = backup_log(at("/store"), "/backup");
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ((Head{report->position, report->link}), head);
  EXPECT_EQ(report->store, store->token().store);
  EXPECT_EQ(report->era, Era{1});
  EXPECT_TRUE(report->verified);
  EXPECT_GT(report->segments, 3U);
  const VerifyReport whole = verified("/backup");
  EXPECT_EQ(whole.outcome, VerifyReport::Outcome::whole);
  EXPECT_EQ((Head{whole.position, whole.link}), head);
  for (const std::string& name : files_in("/backup")) {
    EXPECT_FALSE(name.ends_with(".index") || name == "heads" || name == "LOCK") << name;
  }
  fill(*store, 5);  // The store goes on.
  EXPECT_EQ(verified("/store").position, store->head().position);
}

TEST_F(Backup, IsDurableWhenItIsAnswered) {
  const auto store = open("/store");
  fill(*store, 40);
  const Head head = store->head();
  ASSERT_TRUE(backup_log(at("/store"), "/far/away/backup"));
  disk_ = disk_->power_loss({.seed = 5});
  const VerifyReport whole = verified("/far/away/backup");
  EXPECT_EQ(whole.outcome, VerifyReport::Outcome::whole);
  EXPECT_EQ((Head{whole.position, whole.link}), head);
}

TEST_F(Backup, BesideAWriterThatRollsOverIsAPrefixOfItsHistory) {
  testkit::TemporaryFolder folder;
  LogOptions options{.path = folder.file("store"), .segment_bytes = small_segment};
  const auto store = *open_log_event_store(options);
  fill(*store, 1);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop && store->head().position.value < 20'000) fill(*store, 1);
  });
  for (int i = 0; i < 12; ++i) {
    const Head before = store->head();
    const std::string to = folder.file("backup-" + std::to_string(i));
    const auto report = backup_log(options, to);
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_GE(report->position, before.position);
    LogOptions copy = options;
    copy.path = to;
    const auto whole =
        verify_log_files(copy, {.expected = ExpectedLink{before.position, before.link}});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->outcome, VerifyReport::Outcome::whole);
    EXPECT_EQ(whole->link, *store->link_at(report->position));
    std::filesystem::remove_all(to);
  }
  stop = true;
  writer.join();
}

TEST_F(Backup, WhileTheWriterStandsAtAnyStepOfARollOverHoldsWhatWasAnswered) {
  // The writer is cut off after every number of operations; what it had answered is in the backup.
  for (std::uint64_t operations = 0; operations < 60; ++operations) {
    disk_ = std::make_shared<FaultFileSystem>(operations);
    auto store = open("/store");
    fill(*store, 27);
    disk_->switch_off_after(operations);
    Head head = store->head();
    for (int i = 0; i < 8; ++i) {
      const auto receipt = store->append(
          append_of({event_on("a", "happened", "{\"n\":\"" + std::string(2'000, 'x') + "\"}")}));
      // Once the mark cannot be written, what is answered is found by the next opening only.
      if (!receipt || !store->stats().failure.empty()) break;
      head = store->head();
    }
    for (const bool power : {false, true}) {
      const auto now = disk_->fork();
      const auto then = power ? now->power_loss({.seed = operations}) : now;
      const auto report = backup_log({.path = "/store", .files = then}, "/backup");
      ASSERT_TRUE(report) << operations << power << to_string(report.error());
      EXPECT_GE(report->position, head.position) << operations << power;
      const auto whole = verify_log_files({.path = "/backup", .files = then},
                                          {.expected = ExpectedLink{head.position, head.link}});
      ASSERT_TRUE(whole);
      EXPECT_EQ(whole->outcome, VerifyReport::Outcome::whole);
    }
  }
}

TEST_F(Backup, IntoTheStoreIsRefusedWhateverThePathLooksLike) {
  const testkit::TemporaryFolder folder;
  const std::string path = folder.file("store");
  LogOptions options{.path = path};
  ASSERT_TRUE(open_log_event_store(options));
  std::filesystem::create_directory_symlink(path, folder.file("link"));
  for (const std::string& to :
       {path, path + "/", path + "/bk", path + "/../store/bk", path + "/missing/../bk",
        path + "/./bk/", folder.file("link"), folder.file("link/bk"), folder.file("link/a/b")}) {
    const auto refused = backup_log(options, to);
    ASSERT_FALSE(refused) << to;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << to;
    EXPECT_NE(refused.error().message.find("lies inside"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(path + "/bk"));
  options.path = folder.file("link");
  EXPECT_FALSE(backup_log(options, path + "/bk")) << "the store by its link";
  // A name that only begins like the store's, and a way through it that leads out.
  EXPECT_TRUE(backup_log(options, path + "-2"));
  EXPECT_TRUE(backup_log(options, path + "/../elsewhere"));
  const auto restored = restore_log(path + "-2", {.path = path + "-2/../link/../store-2/new"});
  ASSERT_FALSE(restored);
  EXPECT_NE(restored.error().message.find("lies inside"), std::string::npos);
}

TEST_F(Backup, AStoreWhoseEraBeginsBeyondItsEndIsCorruptAndVerifyCallsItIncomplete) {
  {
    LogOptions options = at("/half");  // As an exact import that was cut short leaves it.
    options.identity = StoreIdentity{new_store_id(), {{Era{1}, {0}}, {Era{2}, {100}}}};
    const auto store = open_log_event_store(options);
    ASSERT_TRUE(store) << to_string(store.error());
    ASSERT_TRUE((*store)->append(append_of({event_on("a")})));
  }
  const auto copied = backup_log(at("/half"), "/backup");
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, ErrorCode::corrupt);
  const auto restored = restore_log("/half", at("/restored"));
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, ErrorCode::corrupt);
  const auto report = verify_log_files(at("/half"), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::incomplete);
  ASSERT_TRUE(report->first_bad);
  EXPECT_NE(report->first_bad->what.find("era 2 began after position 100"), std::string::npos);
}

TEST_F(Backup, PutInTheStoresPlaceIsNoticedByItsReadersWhateverTheNumberOfItsMark) {
  const auto store = *open_log_event_store(at("/store"));
  ASSERT_TRUE(store->append(append_of({event_on("a")})));
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  ASSERT_TRUE(restore_log("/backup", at("/restored")));
  ASSERT_TRUE(store->append(append_of({event_on("a")})));
  LogOptions read_only = at("/store");
  read_only.access = LogOptions::Access::read_only;
  const auto reader = *open_log_event_store(read_only);
  ASSERT_EQ(read_all(*reader, {})->size(), 2U);
  // The file's number was given to the one in its place.
  disk_->overwrite("/store/mark", 0, disk_->contents("/restored/mark"));
  const auto events = read_all(*reader, {});
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, ErrorCode::unavailable);
  EXPECT_NE(events.error().message.find("open it again"), std::string::npos);
}

TEST_F(Backup, OfAnEmptyStoreIsAnEmptyStore) {
  open("/store").reset();
  const auto report = backup_log(at("/store"), "/backup");
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->position, GlobalPosition{0});
  EXPECT_EQ(verified("/backup").outcome, VerifyReport::Outcome::whole);
}

TEST_F(Backup, AMissingStoreIsUnavailableAndNothingIsMade) {
  const auto report = backup_log(at("/store"), "/backup");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::unavailable);
  EXPECT_NE(report.error().message.find("no store in /store"), std::string::npos);
  EXPECT_FALSE(*disk_->exists("/backup"));
}

TEST_F(Backup, ADestinationThatHoldsSomethingIsRefusedAndLeftAsItWas) {
  fill(*open("/store"), 3);
  disk_->put("/backup/precious", "data");
  const auto report = backup_log(at("/store"), "/backup");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::unavailable);
  EXPECT_NE(report.error().message.find("precious"), std::string::npos);
  EXPECT_EQ(files_in("/backup"), std::vector<std::string>{"precious"});
  EXPECT_EQ(backup_log(at("/store"), "/store/backup").error().code, ErrorCode::invalid_argument);
}

TEST_F(Backup, AFullDiskIsAnErrorThatLeavesNothingAndTheStoreGoesOn) {
  fill(*open("/store"), 100);
  const auto store = open("/store");  // Indexes are written by now, which asks for space too.
  const std::uint64_t before = disk_->counters().space_requests;
  ASSERT_TRUE(backup_log(at("/store"), "/first"));
  const std::uint64_t requests = disk_->counters().space_requests - before;
  for (std::uint64_t nth = 1; nth < requests; ++nth) {  // The folder is there after the first.
    disk_->fill_disk(nth);
    const auto report = backup_log(at("/store"), "/backup");
    disk_->free_space();
    ASSERT_FALSE(report) << nth;
    EXPECT_EQ(report.error().code, ErrorCode::unavailable);
    EXPECT_EQ(files_in("/backup"), std::vector<std::string>{}) << nth;
  }
  fill(*store, 3);
  ASSERT_TRUE(backup_log(at("/store"), "/backup")) << "the same place can be tried again";
}

TEST_F(Backup, WhatACrashLeavesIsWholeOrNoStore) {
  const auto store = open("/store");
  fill(*store, 60);
  const Head head = store->head();
  bool done = false;
  int no_store = 0;
  for (std::uint64_t operations = 0; !done; ++operations) {
    const auto disk = disk_->fork();
    disk->switch_off_after(operations);
    done = backup_log({.path = "/store", .files = disk}, "/backup").has_value();
    const auto left = disk->power_loss({.seed = operations});
    const auto opened = open_log_event_store(
        {.path = "/backup", .access = LogOptions::Access::must_exist, .files = left});
    if (opened) {
      EXPECT_EQ((*opened)->head(), head) << operations;
    } else {
      EXPECT_NE(opened.error().message.find("no MANIFEST"), std::string::npos)
          << to_string(opened.error());
      ++no_store;
      EXPECT_FALSE(done);
    }
  }
  EXPECT_GT(no_store, 10);
}

TEST_F(Backup, ADamagedStoreIsCorruptWithThePlaceInTheStoreAndNoBackupIsLeft) {
  fill(*open("/store"), 100);
  std::string bytes = disk_->contents("/store/segment-00000002.log");
  bytes[20'000] ^= 1;
  disk_->put("/store/segment-00000002.log", bytes);
  const auto report = backup_log(at("/store"), "/backup");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::corrupt);
  ASSERT_TRUE(report.error().place);
  EXPECT_EQ(report.error().place->file, "/store/segment-00000002.log");
  EXPECT_EQ(files_in("/backup"), std::vector<std::string>{});
  const auto unproved = backup_log(at("/store"), "/backup", {.verify = false});
  ASSERT_TRUE(unproved) << "what there is can be saved";
  EXPECT_FALSE(unproved->verified);
  EXPECT_EQ(verified("/backup").outcome, VerifyReport::Outcome::changed);
}

TEST_F(Backup, AMissingSegmentIsCorrupt) {
  fill(*open("/store"), 100);
  disk_->erase("/store/segment-00000002.log");
  EXPECT_EQ(backup_log(at("/store"), "/backup").error().code, ErrorCode::corrupt);
  EXPECT_EQ(files_in("/backup"), std::vector<std::string>{});
}

TEST_F(Backup, TellsItsProgressAndCanBeGivenUp) {
  fill(*open("/store"), 60);
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  ASSERT_TRUE(
      backup_log(at("/store"), "/backup", {.progress = [&](std::uint64_t done, std::uint64_t of) {
                   EXPECT_GT(done, last);
                   last = done;
                   all = of;
                   return true;
                 }}));
  EXPECT_EQ(last, all);
  const auto given_up = backup_log(
      at("/store"), "/again", {.progress = [](std::uint64_t, std::uint64_t) { return false; }});
  EXPECT_EQ(given_up.error().code, ErrorCode::timeout);
  EXPECT_EQ(files_in("/again"), std::vector<std::string>{});
}

TEST_F(Backup, OfAStoreThatAnswersUnsyncedIsSynced) {
  LogOptions options = at("/store");
  options.durability = Durability::survives_process_only;
  const auto store = *open_log_event_store(options);
  fill(*store, 40);
  const Head head = store->head();
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  disk_ = disk_->power_loss({.seed = 3});
  EXPECT_EQ(open("/backup")->head(), head);
}

TEST_F(Backup, TakesSnapshotsAlongUnlessToldNotTo) {
  const auto store = open("/store");
  fill(*store, 20);
  Snapshot snapshot{.stream = "account-1",
                    .version = {1},
                    .position = {9},
                    .link = *store->link_at({9}),
                    .fingerprint = 1,
                    .data = "folded"};
  ASSERT_TRUE(store->save_snapshot(snapshot));
  ASSERT_TRUE(backup_log(at("/store"), "/with"));
  ASSERT_TRUE(backup_log(at("/store"), "/without", {.snapshots = false}));
  EXPECT_TRUE(*open("/with")->load_snapshot("account-1", {20}, 1));
  EXPECT_FALSE(*open("/without")->load_snapshot("account-1", {20}, 1));
}

class Restore : public Backup {};

TEST_F(Restore, MakesTheSameHistoryInANewEraThatGoesOn) {
  const auto store = open("/store");
  fill(*store, 70);
  const Head head = store->head();
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  const auto report = restore_log("/backup", at("/again"));
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->era, Era{2});
  const auto again = open("/again");
  EXPECT_EQ(again->head(), head);
  EXPECT_EQ(again->token(), (Token{store->token().store, Era{2}, head.position}));
  EXPECT_EQ(again->stats().eras, (std::vector<EraBegin>{{Era{1}, {0}}, {Era{2}, head.position}}));
  fill(*again, 70);
  EXPECT_EQ(verified("/again").outcome, VerifyReport::Outcome::whole);
  EXPECT_EQ(verified("/backup").position, head.position) << "the backup is as it was";
}

TEST_F(Restore, ConsumersWithinTheBackupGoOnAndThoseBeyondAreToldDiverged) {
  const auto store = open("/store");
  fill(*store, 50);
  const Head within{{30}, *store->link_at({30})};
  const Head at_end = store->head();
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  fill(*store, 20);
  const Head beyond = store->head();
  ASSERT_TRUE(restore_log("/backup", at("/again")));
  const auto again = open("/again");
  fill(*again, 30);  // Beyond where the old store ended.
  const StoreId id = store->token().store;
  const auto checkpoint = [&](std::uint32_t era, const Head& head) {
    return Checkpoint{{id, {era}, head.position}, head.link};
  };
  for (const Head& good : {within, at_end}) {
    const auto resumed = again->resume(checkpoint(1, good));
    ASSERT_TRUE(resumed) << to_string(resumed.error());
    EXPECT_EQ(*resumed, checkpoint(2, good));
    auto subscription = again->subscribe({.after = checkpoint(1, good)});
    ASSERT_TRUE(subscription);
    const auto batch = (*subscription)->next(std::chrono::milliseconds(0));
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->events.front().position.value, good.position.value + 1);
    EXPECT_EQ(batch->era, Era{2});
  }
  EXPECT_EQ(again->resume(checkpoint(1, beyond)).error().code, ErrorCode::diverged);
  EXPECT_EQ(again->subscribe({.after = checkpoint(1, beyond)}).error().code, ErrorCode::diverged);
  const Checkpoint without_link{{id, {1}, beyond.position}, {}};
  EXPECT_EQ(again->resume(without_link).error().code, ErrorCode::diverged) << "tokens have none";
}

TEST_F(Restore, AFolderThatHoldsSomethingIsRefused) {
  fill(*open("/store"), 3);
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  const auto over = restore_log("/backup", at("/store"));
  EXPECT_EQ(over.error().code, ErrorCode::unavailable);
  EXPECT_EQ(open("/store")->head().position, GlobalPosition{3});
  EXPECT_EQ(restore_log("/nowhere", at("/again")).error().code, ErrorCode::unavailable);
}

TEST_F(Restore, TheHighestEraIsRefusedUnlessItIsTheNextOne) {
  constexpr std::uint32_t highest = 0xFFFFFFFF;
  fill(*open("/store"), 3);
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  const auto refused = restore_log("/backup", at("/again"), {.era = Era{highest}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("such as 2"), std::string::npos)
      << refused.error().message;

  ASSERT_TRUE(restore_log("/backup", at("/again"), {.era = Era{highest - 1}}));
  ASSERT_TRUE(backup_log(at("/again"), "/backup-2"));
  ASSERT_TRUE(restore_log("/backup-2", at("/last"))) << "there is one left";
  EXPECT_EQ(open("/last")->token().era, Era{highest});
  ASSERT_TRUE(backup_log(at("/last"), "/backup-3"));
  const auto none = restore_log("/backup-3", at("/beyond"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(none.error().message.find("export"), std::string::npos) << none.error().message;
}

TEST_F(Restore, ASecondTimeFromTheSameBackupTakesAHigherEra) {
  fill(*open("/store"), 3);
  ASSERT_TRUE(backup_log(at("/store"), "/backup"));
  ASSERT_TRUE(restore_log("/backup", at("/first")));
  fill(*open("/first"), 5);
  const Token seen = open("/first")->token();
  EXPECT_EQ(restore_log("/backup", at("/again"), {.era = Era{1}}).error().code,
            ErrorCode::invalid_argument);
  ASSERT_TRUE(restore_log("/backup", at("/again"), {.era = Era{3}}));
  const auto again = open("/again");
  fill(*again, 9);
  EXPECT_EQ(again->resume({seen, {}}).error().code, ErrorCode::diverged);
  EXPECT_EQ(again->token().era, Era{3});
}

TEST_F(Restore, AStoreThatEndsBeforeItsEraBeganIsCorrupt) {
  fill(*open("/store"), 3);
  LogOptions other = at("/other");
  other.identity = StoreIdentity{open("/store")->token().store, {{Era{1}, {0}}, {Era{2}, {3}}}};
  {
    const auto store = open_log_event_store(other);
    ASSERT_TRUE(store) << "an import may fill it";
    fill(**store, 2);
  }
  LogOptions plain = at("/other");
  for (const auto access : {LogOptions::Access::must_exist, LogOptions::Access::read_only}) {
    plain.access = access;
    const auto refused = open_log_event_store(plain);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find("import"), std::string::npos);
  }
  fill(**open_log_event_store(other), 1);
  EXPECT_TRUE(open_log_event_store(plain));
  other.identity->eras.push_back({Era{3}, {3}});
  EXPECT_EQ(open_log_event_store(other).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace annals
