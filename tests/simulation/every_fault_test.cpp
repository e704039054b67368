// One fault at every place where there can be one, with the same work each time: crashes, failed
// syncs, failed writes and reads, full disks. Whatever the place, nothing acknowledged is lost, the
// errors say what a caller may conclude, and the work can be finished.

#include <functional>

#include <gtest/gtest.h>

#include "books.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;

/// Done with plain segments, and with segments that are packed as soon as they are complete.
class EveryFault : public testing::TestWithParam<Books::Segments> {
 protected:
  /// What one undisturbed run does to its disk.
  struct Undisturbed {
    std::uint64_t operations;
    FaultFileSystem::Counters counters;
  };

  Undisturbed undisturbed() {
    Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
    {
      auto store = books.open();
      EXPECT_TRUE(store && books.work(**store));
      EXPECT_GE((*store)->stats().segments, 3U);
      const bool packed = GetParam() == Books::Segments::packed;
      EXPECT_EQ((*store)->stats().segments_packed, packed ? 2U : 0U);
    }
    return {books.disk().operations(), books.disk().counters()};
  }

  /// Opens the store that a fault left behind, compares, finishes the work, and compares again,
  /// after a power loss too.
  void expect_finished(Books& books) {
    {
      auto store = books.open();
      ASSERT_TRUE(store) << to_string(store.error());
      const auto broken = books.compare(**store);
      ASSERT_FALSE(broken) << *broken;
      const auto worked = books.work(**store);
      ASSERT_TRUE(worked) << to_string(worked.error());
      const auto broken_after = books.compare(**store);
      ASSERT_FALSE(broken_after) << *broken_after;
    }
    books.move_to(books.disk().power_loss({7}));
    const auto broken = books.reopen_and_compare();
    ASSERT_FALSE(broken) << *broken;
    EXPECT_TRUE(books.done());
  }

  /// Runs the work with a fault. A store that stops is opened again, and sees what the fault left
  /// in the cache, as it would after the process was started anew; or the machine goes off at once.
  void expect_survived(const std::function<void(FaultFileSystem&)>& fault) {
    Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
    fault(books.disk());
    {
      auto store = books.open();
      if (store) {
        const auto worked = books.work(**store);
        if (!worked) {
          EXPECT_TRUE(worked.error().code == ErrorCode::unavailable ||
                      worked.error().code == ErrorCode::outcome_unknown)
              << to_string(worked.error());
        }
      } else {
        EXPECT_EQ(store.error().code, ErrorCode::unavailable) << to_string(store.error());
      }
    }
    for (std::uint64_t outcome = 0; outcome < 6; ++outcome) {
      SCOPED_TRACE("power loss " + std::to_string(outcome));
      Books after = books;
      after.move_to(books.disk().fork()->power_loss({outcome}));
      expect_finished(after);
    }
    books.move_to(books.disk().fork());  // A fault that has not come up is not asked for any more.
    expect_finished(books);
  }
};

TEST_P(EveryFault, AKillAtAnyOperationLosesNothing) {
  for (std::uint64_t at = 0; at <= undisturbed().operations; ++at) {
    SCOPED_TRACE("operation " + std::to_string(at));
    Books books(std::make_shared<FaultFileSystem>(at + 1), "/var/data/books", GetParam());
    books.disk().switch_off_after(at);
    if (auto store = books.open()) (void)books.work(**store);
    books.move_to(books.disk().process_crash());
    expect_finished(books);
  }
}

TEST_P(EveryFault, APowerLossAtAnyOperationLosesNothing) {
  for (std::uint64_t at = 0; at <= undisturbed().operations; ++at) {
    Books before(std::make_shared<FaultFileSystem>(at + 1), "/var/data/books", GetParam());
    before.disk().switch_off_after(at);
    if (auto store = before.open()) (void)before.work(**store);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("operation " + std::to_string(at) + ", outcome " + std::to_string(seed));
      Books books = before;
      books.move_to(before.disk().fork()->power_loss({seed}));
      expect_finished(books);
    }
  }
}

TEST_P(EveryFault, AFailedSyncAnywhereLosesNothing) {
  const std::uint64_t syncs = undisturbed().counters.syncs;
  for (std::uint64_t nth = 1; nth <= syncs; ++nth) {
    for (const auto cache : {FaultFileSystem::AfterFailedSync::cache_shows,
                             FaultFileSystem::AfterFailedSync::cache_forgets}) {
      SCOPED_TRACE("sync " + std::to_string(nth));
      expect_survived([&](FaultFileSystem& disk) { disk.fail_sync(nth, cache); });
    }
  }
}

TEST_P(EveryFault, AFailedSyncOfAFolderLosesNothing) {
  for (std::uint64_t nth = 1; nth <= 18; ++nth) {
    SCOPED_TRACE("sync of a folder " + std::to_string(nth));
    expect_survived([&](FaultFileSystem& disk) { disk.fail_sync_directory(nth); });
  }
}

TEST_P(EveryFault, AFailedWriteAnywhereLosesNothing) {
  const std::uint64_t writes = undisturbed().counters.writes;
  for (std::uint64_t nth = 1; nth <= writes; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    expect_survived([&](FaultFileSystem& disk) { disk.fail_write(nth); });
  }
}

TEST_P(EveryFault, WhatWasRefusedAfterAFailedWriteNeverComesBack) {
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("outcome " + std::to_string(seed));
    Books books(std::make_shared<FaultFileSystem>(seed), "/books", GetParam());
    auto store = books.open();
    ASSERT_TRUE(store && books.work(**store, 1));
    AppendRequest small;
    small.id = append_id_of("small");
    small.checks = {{"account-1", ExpectedVersion::any()}};
    small.events = {{.stream = "account-1", .type = "money_deposited", .data = "1"}};
    books.disk().fail_write(1);  // It may have been written all the same.
    const auto answer = (*store)->append(small);
    ASSERT_FALSE(answer);
    const auto after = books.disk().power_loss({seed});
    if (answer.error().code != ErrorCode::unavailable) continue;
    ++refused;
    books.move_to(after);
    const auto reopened = books.open();
    ASSERT_TRUE(reopened);
    EXPECT_EQ((*reopened)->head().position.value, 1U) << "nothing was written, it had said";
  }
  EXPECT_GT(refused, 0U);
}

TEST_P(EveryFault, AFailedReadIsUnavailableAndChangesNothing) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
  {
    auto store = books.open();
    ASSERT_TRUE(store && books.work(**store));
  }
  const std::uint64_t before = books.disk().counters().reads;
  ASSERT_TRUE(books.open());
  const std::uint64_t reads = books.disk().counters().reads - before;
  ASSERT_GT(reads, 5U);
  for (std::uint64_t nth = 1; nth <= reads; ++nth) {
    SCOPED_TRACE("read " + std::to_string(nth));
    books.disk().fail_read(nth);
    if (auto store = books.open(); !store) {
      EXPECT_EQ(store.error().code, ErrorCode::unavailable) << to_string(store.error());
    } else {
      const auto broken = books.compare(**store);  // It was something that can be done without.
      EXPECT_FALSE(broken) << *broken;
    }
    books.disk().fail_read(0);
    const auto broken = books.reopen_and_compare();
    ASSERT_FALSE(broken) << *broken;
  }
}

TEST_P(EveryFault, AFullDiskAtAnyAllocationIsUnavailableUntilThereIsRoom) {
  const std::uint64_t requests = undisturbed().counters.space_requests;
  ASSERT_GT(requests, 5U);
  for (std::uint64_t nth = 1; nth <= requests; ++nth) {
    SCOPED_TRACE("request for space " + std::to_string(nth));
    Books books(std::make_shared<FaultFileSystem>(nth), "/books", GetParam());
    books.disk().fill_disk(nth);
    auto store = books.open();
    if (store) {
      const auto worked = books.work(**store);
      if (!worked) {
        EXPECT_EQ(worked.error().code, ErrorCode::unavailable);
      }
      const auto broken = books.compare(**store);
      ASSERT_FALSE(broken) << *broken;
      books.disk().free_space();
      // The same store goes on: it has not failed, it only had no room.
      const auto went_on = books.work(**store);
      ASSERT_TRUE(went_on) << to_string(went_on.error());
      store->reset();
    } else {
      EXPECT_EQ(store.error().code, ErrorCode::unavailable) << to_string(store.error());
      books.disk().free_space();
    }
    expect_finished(books);
  }
}

TEST_P(EveryFault, TheWeakerModeLosesOnlyTheEndAndOnlyToAPowerLoss) {
  std::uint64_t shortened = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("outcome " + std::to_string(seed));
    Books books(std::make_shared<FaultFileSystem>(seed), "/books", GetParam());
    const auto reopened = [&] {
      LogOptions options = books.options();
      options.durability = Durability::survives_process_only;
      auto store = open_log_event_store(options);
      EXPECT_TRUE(store) << to_string(store.error());
      return store ? std::move(*store) : nullptr;
    };
    auto store = reopened();
    ASSERT_TRUE(store && books.work(*store, 3 + seed % (Books::appends - 6)));
    EXPECT_EQ(store->stats().durability, "survives_process_only");
    Head durable{{0}, *store->link_at({0})};
    if (seed % 2 == 0) {
      books.move_to(books.disk().process_crash());
      store = reopened();
      ASSERT_TRUE(store);
      const auto broken = books.compare(*store);
      ASSERT_FALSE(broken) << *broken;
      durable = store->head();  // Written again and synced.
      ASSERT_TRUE(books.work(*store, Books::appends - 2));
    }
    const Head end = store->head();

    books.move_to(books.disk().power_loss({seed}));
    store = reopened();
    ASSERT_TRUE(store);
    // What is there is a beginning of what was there, and it can be written to.
    const Head head = store->head();
    ASSERT_GE(head.position, durable.position);
    ASSERT_EQ(*store->link_at(durable.position), durable.link);
    if (head.position < end.position) ++shortened;
    bool known = head == durable;
    for (const std::size_t number : books.oracle().present()) {
      known = known || books.oracle().receipt(number).link == head.link;
    }
    ASSERT_TRUE(known) << "not the end of an append of ours: " << to_string(head.position);
    ASSERT_TRUE(store->append(Books::request(200)));
    const auto report = store->verify({});
    ASSERT_TRUE(report && report->outcome == VerifyReport::Outcome::whole);
  }
  EXPECT_GT(shortened, 0U);
}

TEST_P(EveryFault, TheWeakerModeClosedCleanlyLosesNothing) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Books books(std::make_shared<FaultFileSystem>(seed), "/books", GetParam());
    LogOptions options = books.options();
    options.durability = Durability::survives_process_only;
    {
      auto store = open_log_event_store(options);
      ASSERT_TRUE(store && books.work(**store));
    }
    books.move_to(books.disk().power_loss({seed}));
    const auto broken = books.reopen_and_compare();
    ASSERT_FALSE(broken) << *broken;
  }
}

TEST_P(EveryFault, AReadOnlyDiskCanBeReadAndSaysWhyItCannotBeWritten) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
  {
    auto store = books.open();
    ASSERT_TRUE(store && books.work(**store));
  }
  books.disk().set_read_only(true);
  for (const auto access : {LogOptions::Access::create, LogOptions::Access::must_exist}) {
    const auto refused = open_log_event_store(books.options(access));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("Read-only"), std::string::npos)
        << refused.error().message;
  }
  const auto reader = open_log_event_store(books.options(LogOptions::Access::read_only));
  ASSERT_TRUE(reader) << to_string(reader.error());
  const auto broken = books.compare(**reader);
  EXPECT_FALSE(broken) << *broken;
  EXPECT_FALSE((*reader)->append(Books::request(0)));
}

TEST_P(EveryFault, ADiskThatBecomesReadOnlyStopsWritingAndLosesNothing) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
  auto store = books.open();
  ASSERT_TRUE(store);
  books.disk().set_read_only(true);
  const auto worked = books.work(**store);
  ASSERT_FALSE(worked);
  store->reset();
  books.disk().set_read_only(false);
  expect_finished(books);
}

TEST_P(EveryFault, AMissingFolderIsUnavailableAndNamed) {
  Books books(std::make_shared<FaultFileSystem>(), "/nowhere/books", GetParam());
  for (const auto access : {LogOptions::Access::must_exist, LogOptions::Access::read_only}) {
    const auto refused = open_log_event_store(books.options(access));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_NE(refused.error().message.find("/nowhere/books"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_TRUE(books.disk().files().empty()) << "something was made";
}

TEST_P(EveryFault, ASecondWriterIsUnavailableAndReadersAreNot) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", GetParam());
  const auto store = books.open();
  ASSERT_TRUE(store);
  const auto second = books.open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find("LOCK"), std::string::npos) << second.error().message;
  EXPECT_TRUE(open_log_event_store(books.options(LogOptions::Access::read_only)));
}

INSTANTIATE_TEST_SUITE_P(, EveryFault,
                         testing::Values(Books::Segments::plain, Books::Segments::packed),
                         [](const auto& info) {
                           return info.param == Books::Segments::plain ? "Plain" : "Packed";
                         });

}  // namespace
}  // namespace annals::simulation
