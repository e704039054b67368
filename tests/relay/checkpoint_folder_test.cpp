// The place of checkpoints in a folder: compare-and-set that holds between processes.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/relay/relay_checkpoints.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

RelayRecord full_record() {
  RelayRecord record{.topic = "ledger", .revision = 1, .epoch = 3, .checkpoint = {}};
  record.holder = Holder{.host = "a host", .pid = 12, .started = 99, .runner = "ab12"};
  record.lease = std::chrono::milliseconds(1500);
  record.checkpoint.token = {new_store_id(), Era{2}, GlobalPosition{77}};
  record.checkpoint.link = Link{};
  record.cluster = "a-cluster";
  record.partitioner = "murmur2";
  record.last_positions = {{75}, {0}, {77}};
  record.last_offsets = {12, -1, 9'000'000'000};
  record.failure = "it failed: badly";
  record.updated_at = *parse_timestamp("2024-02-29T12:34:56.000001Z");
  return record;
}

std::unique_ptr<RelayCheckpoints> opened(const std::string& folder) {
  auto checkpoints = open_relay_checkpoint_folder(folder);
  EXPECT_TRUE(checkpoints) << checkpoints.error().message;
  return *std::move(checkpoints);
}

TEST(RelayRecord, ComesBackFromItsTextAsItWas) {
  const RelayRecord full = full_record();
  const auto read = parse_relay_record(to_text(full));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, full);
  RelayRecord bare{.topic = "t", .revision = 1, .checkpoint = {}};
  const auto again = parse_relay_record(to_text(bare));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, bare);
}

TEST(RelayRecord, ATextThatIsCutOrUnknownIsRefused) {
  const std::string text = to_text(full_record());
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    const auto read = parse_relay_record(text.substr(0, size));
    ASSERT_FALSE(read) << size;
    ASSERT_TRUE(read.error().code == ErrorCode::corrupt ||
                read.error().code == ErrorCode::unsupported);
  }
  RelayRecord lacks_one = full_record();
  lacks_one.last_offsets.pop_back();
  const auto uneven = parse_relay_record(to_text(lacks_one));
  ASSERT_FALSE(uneven);
  EXPECT_EQ(uneven.error().code, ErrorCode::corrupt);
  const auto later = parse_relay_record("annals-relay 2\nend\n");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::unsupported);
}

TEST(RelayRecord, WhoseLastPositionsLieBeyondItsCheckpointIsRefused) {
  RelayRecord record = full_record();
  record.last_positions[1] = {78};
  const auto read = parse_relay_record(to_text(record));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  for (const char* word : {"position 78 was published", "checkpoint is at 77"}) {
    EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
  }
}

TEST(CheckpointFolder, KeepsWhatReplacesTheRevisionBefore) {
  const testkit::TemporaryFolder folder;
  RelayRecord record = full_record();
  {
    const auto checkpoints = opened(folder.file("relay"));
    EXPECT_EQ(*checkpoints->load("ledger"), std::nullopt);
    EXPECT_TRUE(*checkpoints->replace(record));
    EXPECT_FALSE(*checkpoints->replace(record)) << "the same revision once more";
    record.revision = 2;
    EXPECT_TRUE(*checkpoints->replace(record));
    record.revision = 1;
    EXPECT_FALSE(*checkpoints->replace(record)) << "an old revision, whose file is gone";
  }
  record.revision = 2;
  EXPECT_EQ(*opened(folder.file("relay"))->load("ledger"), record);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.file("relay")), {}), 1);
}

TEST(CheckpointFolder, TopicsWithSimilarNamesAreApart) {
  const testkit::TemporaryFolder folder;
  const auto checkpoints = opened(folder.path());
  for (const char* topic : {"a", "a.5", "a.5.7"}) {
    RelayRecord record = full_record();
    record.topic = topic;
    EXPECT_TRUE(*checkpoints->replace(record)) << topic;
  }
  for (const char* topic : {"a", "a.5", "a.5.7"}) {
    const auto loaded = checkpoints->load(topic);
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_TRUE(*loaded);
    EXPECT_EQ((*loaded)->topic, topic);
  }
}

TEST(CheckpointFolder, OfManyWhoReplaceTheSameRevisionOneSucceeds) {
  const testkit::TemporaryFolder folder;
  constexpr std::uint64_t rounds = 40;
  std::vector<std::atomic<int>> winners(rounds + 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto checkpoints = opened(folder.path());
      RelayRecord record = full_record();
      while (true) {
        const auto loaded = checkpoints->load("ledger");
        ASSERT_TRUE(loaded) << loaded.error().message;
        record.revision = *loaded ? (*loaded)->revision + 1 : 1;
        if (record.revision > rounds) return;
        const auto replaced = checkpoints->replace(record);
        ASSERT_TRUE(replaced) << replaced.error().message;
        if (*replaced) ++winners[record.revision];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t revision = 1; revision <= rounds; ++revision) {
    EXPECT_LE(winners[revision], 1) << revision;
  }
  EXPECT_EQ((*opened(folder.path())->load("ledger"))->revision, rounds);
}

TEST(CheckpointFolder, DamageIsReportedWithTheFile) {
  const testkit::TemporaryFolder folder;
  std::ofstream(folder.file("ledger.4")) << "nonsense\n";
  const auto loaded = opened(folder.path())->load("ledger");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_NE(loaded.error().message.find("ledger.4"), std::string::npos) << loaded.error().message;
}

TEST(CheckpointFolder, ARecordThatCannotBeReadIsAnErrorThatNamesIt) {
  for (const char* points_to : {"nowhere", "ledger.7"}) {  // Missing; a link to itself.
    const testkit::TemporaryFolder folder;
    const auto checkpoints = opened(folder.path());
    std::filesystem::create_symlink(points_to, folder.path() + "/ledger.7");
    const auto loaded = checkpoints->load("ledger");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::unavailable);
    EXPECT_NE(loaded.error().message.find("/ledger.7: "), std::string::npos)
        << loaded.error().message;
  }
}

TEST(CheckpointFolder, AReaderBesideAWriterNeverGoesBack) {
  const testkit::TemporaryFolder folder;
  const auto writer = opened(folder.path());
  std::atomic<bool> done = false;
  std::thread writing([&] {
    RelayRecord record = full_record();
    for (record.revision = 1; record.revision <= 300; ++record.revision) {
      EXPECT_TRUE(writer->replace(record).value());
    }
    done = true;
  });
  const auto reader = opened(folder.path());
  std::uint64_t last = 0;
  while (!done) {
    const auto loaded = reader->load("ledger");
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      break;
    }
    const std::uint64_t seen = *loaded ? (*loaded)->revision : 0;
    EXPECT_GE(seen, last);
    last = seen;
  }
  writing.join();
}

}  // namespace
}  // namespace annals
