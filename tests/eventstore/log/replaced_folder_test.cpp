// The folder of an open store is moved, removed or replaced. Files are found by their paths, so
// whoever has it open must notice, and do nothing to what is there now.

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

namespace fs = std::filesystem;
using testkit::append_of;
using testkit::event_on;

class ReplacedFolder : public testing::Test {
 protected:
  std::unique_ptr<EventStore> open(const std::string& path,
                                   LogOptions::Access access = LogOptions::Access::create,
                                   Compression compression = Compression::none) {
    auto store = open_log_event_store(
        {.path = path, .access = access, .segment_bytes = 64 * 1024, .compression = compression});
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? *std::move(store) : nullptr;
  }
  std::unique_ptr<EventStore> read(const std::string& path) {
    return open(path, LogOptions::Access::read_only);
  }
  /// Seven of them make a segment complete. What the last one of them came to.
  static Result<Receipt> append(EventStore& store, int appends) {
    Result<Receipt> last = Receipt{};
    for (int i = 0; i < appends && last; ++i) {
      last = store.append(
          append_of({event_on("a-1", "happened", "\"" + std::string(8'000, 'x') + "\"")}));
    }
    return last;
  }
  static void expect_whole(const EventStore& store, std::uint64_t events) {
    const auto report = store.verify({});
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->outcome, VerifyReport::Outcome::whole);
    EXPECT_EQ(store.head().position.value, events);
  }
  /// The writer has been told, in a word that helps.
  static void expect_ended(const Result<Receipt>& receipt) {
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code, ErrorCode::unavailable);
    EXPECT_NE(receipt.error().message.find("moved or replaced"), std::string::npos)
        << receipt.error().message;
  }

  testkit::TemporaryFolder folder_;
  const std::string path_ = folder_.file("store");
  const std::string old_ = folder_.file("store.old");
};

TEST_F(ReplacedFolder, AWriterThatLostItsPathDoesNothingToTheStoreThatIsThereNow) {
  auto lost = open(path_);
  ASSERT_TRUE(append(*lost, 10));
  fs::rename(path_, old_);
  auto there = open(path_);
  ASSERT_TRUE(append(*there, 20));
  expect_ended(append(*lost, 20));
  lost.reset();
  ASSERT_TRUE(append(*there, 80));
  expect_whole(*there, 100);
  there.reset();
  expect_whole(*open(path_), 100);
  expect_whole(*open(old_), 10);
}

TEST_F(ReplacedFolder, NorDoesOneThatPacksItsSegments) {
  const std::string other = folder_.file("store.other");
  for (const std::string& path : {path_, other}) ASSERT_TRUE(append(*open(path), 75));
  const auto segments = [&] {
    std::set<std::string> names;
    for (const auto& file : fs::directory_iterator(path_)) {
      if (file.path().extension() == ".log") names.insert(file.path().filename());
    }
    return names;
  };
  const auto before = segments();
  ASSERT_GT(before.size(), 8U);
  auto lost = open(path_, LogOptions::Access::create, Compression::zstd);
  fs::rename(path_, old_);  // It is packing, or about to.
  fs::rename(other, path_);
  lost.reset();
  EXPECT_EQ(segments(), before) << "the only copies of what is in them";
  expect_whole(*open(path_), 75);
  expect_whole(*open(old_), 75);
}

TEST_F(ReplacedFolder, AWriterWhoseLockWasRemovedLeavesTheStoreToTheNextOne) {
  auto first = open(path_);
  ASSERT_TRUE(append(*first, 5));
  fs::remove(path_ + "/LOCK");
  auto second = open(path_);
  ASSERT_TRUE(append(*second, 20));
  expect_ended(append(*first, 1));
  ASSERT_TRUE(append(*second, 100));
  first.reset();
  second.reset();
  expect_whole(*open(path_), 125);
}

TEST_F(ReplacedFolder, AReaderSaysThatItIsAnotherOne) {
  auto writer = open(path_);
  ASSERT_TRUE(append(*writer, 10));
  const auto reader = read(path_);
  expect_whole(*reader, 10);
  fs::rename(path_, old_);
  auto there = open(path_);
  ASSERT_TRUE(append(*there, 30));
  const auto events = read_all(*reader, {});
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, ErrorCode::unavailable);
  EXPECT_NE(events.error().message.find("open it again"), std::string::npos);
}

TEST_F(ReplacedFolder, AReaderGoesOnWhenTheFolderIsBack) {
  auto writer = open(path_);
  const auto reader = read(path_);
  fs::rename(path_, old_);
  EXPECT_FALSE(read_all(*reader, {}));
  fs::rename(old_, path_);
  ASSERT_TRUE(append(*writer, 10));
  expect_whole(*reader, 10);
}

}  // namespace
}  // namespace annals
