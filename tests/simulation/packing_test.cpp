// Packed segments: whatever is asked of a store, it answers the same as if they were not packed;
// and whoever looks on while they are packed sees a whole store.
//
// ANNALS_SEED says which random history; it is printed by a test that fails.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_bytes.hpp>
#include <annals/eventstore/log_compression.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "books.hpp"
#include "known_log.hpp"
#include "log/open.hpp"
#include "random_work.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;

const std::string first_segment = "/books/segment-00000001";

bool holds(const FaultFileSystem& disk, const std::string& path) {
  const auto files = disk.files();
  return std::find(files.begin(), files.end(), path) != files.end();
}

/// Two stores with the same id, clock and history; the segments of one are packed.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : dice_(seed), work_(seed, dice_, 300) {
    StoreId id;
    id.bytes.fill(static_cast<std::uint8_t>(seed));
    for (const bool packed : {false, true}) {
      auto store = internal::open_log_event_store(
          {.path = "/store",
           .segment_bytes = 64 * 1024,
           .compression = packed ? Compression::zstd : Compression::none,
           .block_cache_bytes = 40 * 1024,
           .clock = clock_,
           .files = std::make_shared<FaultFileSystem>()},
          internal::PlantedBug::none, true, id);
      EXPECT_TRUE(store) << to_string(store.error());
      (packed ? packed_ : plain_) = std::move(*store);
    }
  }

  void append(const AppendRequest& request) {
    clock_->advance(std::chrono::milliseconds(3));
    const std::size_t number = oracle_.send(request);
    const auto first = plain_->append(request);
    const auto second = packed_->append(request);
    ASSERT_TRUE(first && second);
    ASSERT_EQ(first->link, second->link);
    oracle_.acknowledge(number, *second);
  }
  void append_random(int count) {
    for (int i = 0; i < count; ++i) append(work_.request());
  }

  EventStore& plain() { return *plain_; }
  EventStore& packed() { return *packed_; }
  Oracle& oracle() { return oracle_; }
  std::mt19937_64& dice() { return dice_; }

 private:
  std::mt19937_64 dice_;
  RandomWork work_;
  std::shared_ptr<testkit::ManualClock> clock_ = std::make_shared<testkit::ManualClock>();
  Oracle oracle_;
  std::unique_ptr<EventStore> plain_;
  std::unique_ptr<EventStore> packed_;
};

TEST(Packing, APackedStoreAnswersEveryReadAsAPlainOne) {
  for (std::uint64_t seed = testkit::seed(1), end = seed + 6; seed < end; ++seed) {
    SCOPED_TRACE("ANNALS_SEED=" + std::to_string(seed));
    Pair pair(seed);
    pair.append_random(250);
    const Stats stats = pair.packed().stats();
    ASSERT_GE(stats.segments_packed, 2U);
    ASSERT_EQ(stats.segments_packed + 1, stats.segments);
    EXPECT_EQ(stats.bytes, pair.plain().stats().bytes);
    EXPECT_LT(stats.packed_file_bytes, stats.packed_bytes);
    EXPECT_EQ(stats.packing_failure, "");
    const KnownLog known(pair.oracle());
    for (int i = 0; i < 400; ++i) {
      const ReadOptions options =
          known.random_read([&](std::uint64_t bound) { return pair.dice()() % bound; });
      for (EventStore* store : {&pair.plain(), &pair.packed()}) {
        const auto compared = known.compare(*store, options);
        ASSERT_FALSE(compared.differs) << *compared.differs;
      }
    }
    ASSERT_EQ(pair.plain().head(), pair.packed().head());
    for (std::uint64_t at = 1; at <= pair.packed().head().position.value; at += 7) {
      const auto append = pair.packed().append_holding({at});
      ASSERT_TRUE(append) << to_string(append.error());
      ASSERT_EQ(*append, *pair.plain().append_holding({at}));
    }
    const GlobalPosition head = pair.packed().head().position;
    const auto appends = pair.packed().appends_holding({1}, head);
    ASSERT_TRUE(appends) << to_string(appends.error());
    GlobalPosition next{1};
    for (const RecordedAppend& append : *appends) {
      ASSERT_EQ(append, *pair.plain().append_holding(next));
      next = {append.last().value + 1};
    }
    EXPECT_EQ(next.value, head.value + 1);
    const auto broken = pair.oracle().compare(pair.packed());
    ASSERT_FALSE(broken) << *broken;
  }
}

TEST(Packing, EventsOfAnAppendOfManyBlocksAreReadOneByOneAndTogether) {
  Pair pair(1);
  AppendRequest large;
  for (int i = 0; i < 3'000; ++i) {
    large.events.push_back({.stream = "account-" + std::to_string(i % 50),
                            .type = "money_deposited",
                            .data = "{\"amount\":" + std::to_string(i * 7919) + "}",
                            .tags = {"branch-" + std::to_string(i % 3)}});
  }
  for (int i = 0; i < 50; ++i) {
    large.checks.push_back({"account-" + std::to_string(i), ExpectedVersion::any()});
  }
  large.id = append_id_of("large");
  pair.append(large);
  // A record that is larger than many blocks.
  pair.append({.events = {{.stream = "large-1", .type = "t", .data = std::string(300'000, 'x')}},
               .checks = {{"large-1", ExpectedVersion::no_stream()}},
               .id = append_id_of("a large record")});
  pair.append_random(250);
  ASSERT_GE(pair.packed().stats().segments_packed, 2U);
  const auto events = read_all(pair.packed(), {});
  ASSERT_TRUE(events) << to_string(events.error());
  ASSERT_EQ((*events)[1'234].data, large.events[1'234].data);
  const auto one = read_all(pair.packed(), {.query = Query::stream("account-7"),
                                            .direction = Direction::backward,
                                            .start = Start::from(StreamVersion{31})});
  ASSERT_TRUE(one && one->size() == 32U);
  EXPECT_EQ(one->front().data, large.events[31 * 50 + 7].data);
  const auto broken = pair.oracle().compare(pair.packed());
  EXPECT_FALSE(broken) << *broken;
}

TEST(Packing, WhatWasReadStaysAsItIsWhenItsBlockIsLetGo) {
  Pair pair(2);
  pair.append_random(250);
  const auto early = read_all(pair.packed(), {.limit = 30});
  ASSERT_TRUE(early);
  std::vector<std::string> data;
  for (const RecordedEvent& event : *early) data.emplace_back(event.data);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(read_all(pair.packed(), {}));
  for (std::size_t i = 0; i < data.size(); ++i) EXPECT_EQ((*early)[i].data, data[i]);
}

/// Books of three segments on a disk; packed or not.
Books books_of(Books::Segments segments) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", segments);
  auto store = books.open();
  EXPECT_TRUE(store && books.work(**store));
  return books;
}

TEST(Packing, OpeningPacksWhatAnEarlierWriterHasLeft) {
  Books plain = books_of(Books::Segments::plain);
  Books books(plain);
  LogOptions options = books.options();
  options.compression = Compression::zstd;
  {
    const auto store = internal::open_log_event_store(options, internal::PlantedBug::none);
    ASSERT_TRUE(store) << to_string(store.error());
    EXPECT_EQ((*store)->stats().segments_packed, 2U);
    const auto broken = books.compare(**store);
    EXPECT_FALSE(broken) << *broken;
  }
  EXPECT_FALSE(holds(books.disk(), first_segment + ".log"));
  EXPECT_TRUE(holds(books.disk(), first_segment + ".packed"));
  // Without the option it stays readable, and the MANIFEST goes on saying what it needs.
  const auto broken = books.reopen_and_compare();
  EXPECT_FALSE(broken) << *broken;
  EXPECT_NE(books.disk().contents("/books/MANIFEST").find("\nincompatible 1\n"), std::string::npos);
}

TEST(Packing, AFullDiskLeavesSegmentsAsTheyAreUntilTheNextOpening) {
  std::uint64_t failed = 0;
  for (std::uint64_t nth = 1; nth < 12; ++nth) {
    SCOPED_TRACE("request for space " + std::to_string(nth));
    Books books = books_of(Books::Segments::plain);
    books.move_to(books.disk().copy());
    LogOptions options = books.options();
    options.compression = Compression::zstd;
    books.disk().fill_disk(nth);
    {
      const auto store = internal::open_log_event_store(options, internal::PlantedBug::none);
      if (!store) {
        EXPECT_EQ(store.error().code, ErrorCode::unavailable);
        continue;
      }
      const Stats stats = (*store)->stats();
      if (stats.segments_packed < 2) {
        ++failed;
        EXPECT_NE(stats.packing_failure, "");
      }
      const auto broken = books.compare(**store);
      EXPECT_FALSE(broken) << *broken;
    }
    books.disk().free_space();
    const auto store = internal::open_log_event_store(options, internal::PlantedBug::none);
    ASSERT_TRUE(store) << to_string(store.error());
    EXPECT_EQ((*store)->stats().segments_packed, 2U);
    EXPECT_EQ((*store)->stats().packing_failure, "");
  }
  EXPECT_GT(failed, 0U);
}

TEST(Packing, WhatWasHalfPackedIsRemovedAndASegmentIsPackedAnew) {
  Books books = books_of(Books::Segments::plain);
  auto disk = books.disk().copy();
  disk->put(first_segment + ".packed.new", "half");
  disk->put(first_segment + ".packed", "of another make");
  books.move_to(disk);
  {
    const auto broken = books.reopen_and_compare();  // The original counts.
    ASSERT_FALSE(broken) << *broken;
  }
  EXPECT_FALSE(holds(*disk, first_segment + ".packed.new"));
  EXPECT_TRUE(holds(*disk, first_segment + ".log"));
  const auto report = compress_log(books.options());
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->added, 2U);
  EXPECT_FALSE(holds(*disk, first_segment + ".log"));
  const auto broken = books.reopen_and_compare();
  EXPECT_FALSE(broken) << *broken;
}

TEST(Packing, AnOriginalThatWasNotTakenAwayIsTakenAwayLater) {
  Books books = books_of(Books::Segments::plain);
  const std::string original = books.disk().contents(first_segment + ".log");
  ASSERT_TRUE(compress_log(books.options()));
  books.disk().put(first_segment + ".log", original);
  const std::string packed = books.disk().contents(first_segment + ".packed");
  ASSERT_FALSE(books.reopen_and_compare());
  const auto report = compress_log(books.options());
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->added, 1U);
  EXPECT_FALSE(holds(books.disk(), first_segment + ".log"));
  EXPECT_EQ(books.disk().contents(first_segment + ".packed"), packed) << "it was made again";
  const auto broken = books.reopen_and_compare();
  EXPECT_FALSE(broken) << *broken;
}

TEST(Packing, CompressingCanBeGivenUpAndGoesOnNextTime) {
  Books books = books_of(Books::Segments::plain);
  std::uint64_t asked = 0;
  auto report =
      compress_log(books.options(), {.progress = [&](std::uint64_t done, std::uint64_t all) {
                     EXPECT_LE(done, all);
                     return ++asked < 4;
                   }});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->segments, 2U);
  EXPECT_LT(report->compressed, 2U);
  report = compress_log(books.options());
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->compressed, 2U);
  EXPECT_GT(report->bytes, report->file_bytes);
  report = compress_log(books.options());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->added, 0U);
  const auto broken = books.reopen_and_compare();
  EXPECT_FALSE(broken) << *broken;
}

TEST(Packing, CompressingNeedsAStoreThatNobodyWritesTo) {
  Books books(std::make_shared<FaultFileSystem>());
  EXPECT_EQ(compress_log(books.options()).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(books.disk().files().empty()) << "something was made";
  LogOptions nowhere = books.options();
  nowhere.path.clear();
  EXPECT_EQ(compress_log(nowhere).error().code, ErrorCode::invalid_argument);
  const auto store = books.open();
  ASSERT_TRUE(store);
  const auto refused = compress_log(books.options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("LOCK"), std::string::npos);
}

TEST(Packing, ADamagedSegmentIsNotPackedAndNamed) {
  Books books = books_of(Books::Segments::plain);
  books.disk().overwrite(first_segment + ".log", 5'000, "damage");
  const auto refused = compress_log(books.options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  ASSERT_TRUE(refused.error().place);
  EXPECT_EQ(refused.error().place->file, first_segment + ".log");
  EXPECT_TRUE(holds(books.disk(), first_segment + ".log"));
  EXPECT_FALSE(holds(books.disk(), first_segment + ".packed"));
}

TEST(Packing, ABackupHoldsPackedSegmentsAsTheyAreAndAStoreIsMadeFromIt) {
  Books books = books_of(Books::Segments::packed);
  const auto backup = backup_log(books.options(), "/copy");
  ASSERT_TRUE(backup) << to_string(backup.error());
  EXPECT_TRUE(backup->verified);
  EXPECT_EQ(backup->segments, 3U);
  EXPECT_EQ(books.disk().contents("/copy/segment-00000001.packed"),
            books.disk().contents(first_segment + ".packed"));
  LogOptions restored = books.options();
  restored.path = "/restored";
  const auto made = restore_log("/copy", restored);
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->link, backup->link);
  const auto store = open_log_event_store(restored);
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ((*store)->stats().segments_packed, 2U);
  const auto report = (*store)->verify({});
  EXPECT_TRUE(report && report->outcome == VerifyReport::Outcome::whole);
  const auto all = read_all(**store, {});
  EXPECT_TRUE(all && all->size() == backup->position.value);
}

TEST(Packing, ThePartsOfALogAddUpToItPackedOrNot) {
  Books plain = books_of(Books::Segments::plain);
  const auto before = measure_log_bytes(plain.options());
  ASSERT_TRUE(before) << to_string(before.error());
  std::uint64_t sum = 0;
  for (const LogBytes::Part& part : before->parts) {
    sum += part.bytes;
    EXPECT_GT(part.alone, 0U) << part.name;
  }
  EXPECT_EQ(sum, before->bytes);
  EXPECT_EQ(before->appends, Books::appends);
  EXPECT_GT(before->index_bytes, 0U);
  EXPECT_GT(before->heads_bytes, 0U);
  EXPECT_EQ(before->segments_packed, 0U);
  ASSERT_TRUE(compress_log(plain.options()));
  const auto after = measure_log_bytes(plain.options());
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_EQ(after->segments_packed, 2U);
  EXPECT_EQ(after->bytes, before->bytes);
  EXPECT_EQ(after->events, before->events);
  ASSERT_EQ(after->parts.size(), before->parts.size());
  for (std::size_t i = 0; i < after->parts.size(); ++i) {
    EXPECT_EQ(after->parts[i].bytes, before->parts[i].bytes) << after->parts[i].name;
  }
  EXPECT_EQ(measure_log_bytes(plain.options(), [](auto, auto) { return false; }).error().code,
            ErrorCode::timeout);
}

TEST(Packing, AReaderGoesOnWhenWhatItReadsIsPackedAndLetsItGoAtTheNextSegment) {
  Books books(std::make_shared<FaultFileSystem>(), "/books", Books::Segments::packed);
  auto store = books.open();
  ASSERT_TRUE(store && books.work(**store, 2));
  const auto reader = open_log_event_store(books.options(LogOptions::Access::read_only));
  ASSERT_TRUE(reader);
  for (std::size_t up_to = 3; up_to <= Books::appends; ++up_to) {
    ASSERT_TRUE(books.work(**store, up_to));
    const auto all = read_all(**reader, {});
    ASSERT_TRUE(all) << to_string(all.error());
    ASSERT_EQ(all->size(), (*store)->head().position.value);
  }
  EXPECT_EQ((*reader)->stats().segments_packed, (*store)->stats().segments_packed);
}

TEST(Packing, WhoeverLooksOnWhileSegmentsArePackedSeesAWholeStore) {
  const testkit::TemporaryFolder folder;
  LogOptions options{.path = folder.file("store"),
                     .segment_bytes = 64 * 1024,
                     .compression = Compression::zstd,
                     .block_cache_bytes = 100 * 1024};
  LogOptions reading = options;
  reading.access = LogOptions::Access::read_only;
  auto store = open_log_event_store(options);
  ASSERT_TRUE(store) << to_string(store.error());
  const auto append = [&](int number) {
    const auto receipt = (*store)->append(testkit::append_of({testkit::event_on(
        "account-" + std::to_string(number % 7), "happened",
        "{\"n\":" + std::to_string(number) + ",\"text\":\"" + std::string(3'000, 'x') + "\"}")}));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
  };
  append(0);
  const auto whole = [](const EventStore& looked_at) {
    const auto all = read_all(looked_at, {});
    ASSERT_TRUE(all) << to_string(all.error());
    for (std::size_t i = 0; i < all->size(); ++i) {
      ASSERT_TRUE((*all)[i].data.starts_with("{\"n\":" + std::to_string(i) + ","));
    }
  };
  std::atomic<bool> done = false;
  std::vector<std::thread> lookers;
  lookers.emplace_back([&] {
    const auto reader = open_log_event_store(reading);
    ASSERT_TRUE(reader) << to_string(reader.error());
    while (!done) ASSERT_NO_FATAL_FAILURE(whole(**reader));
  });
  lookers.emplace_back([&] {
    while (!done) {
      const auto reader = open_log_event_store(reading);
      ASSERT_TRUE(reader) << to_string(reader.error());
      ASSERT_NO_FATAL_FAILURE(whole(**reader));
    }
  });
  lookers.emplace_back([&] {
    for (int i = 0; !done; ++i) {
      const auto report = verify_log_files(reading, {});
      ASSERT_TRUE(report) << to_string(report.error());
      ASSERT_EQ(report->outcome, VerifyReport::Outcome::whole) << report->first_bad->what;
      const std::string copy = folder.file("copy-" + std::to_string(i));
      const auto backup = backup_log(reading, copy);
      ASSERT_TRUE(backup) << to_string(backup.error());
      std::filesystem::remove_all(copy);
    }
  });
  for (int i = 1; i < 800; ++i) append(i);
  done = true;
  for (std::thread& looker : lookers) looker.join();
  ASSERT_NO_FATAL_FAILURE(whole(**store));
  store->reset();
  const auto rest = compress_log(options);
  ASSERT_TRUE(rest) << to_string(rest.error());
  EXPECT_EQ(rest->compressed, rest->segments);
  EXPECT_GT(rest->segments, 25U);
  const auto reader = open_log_event_store(reading);
  ASSERT_TRUE(reader);
  whole(**reader);
}

}  // namespace
}  // namespace annals::simulation
