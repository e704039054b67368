// A mark that was put back from an older copy of the store hides nothing that the MANIFEST knows
// of.

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;

class OldMark : public testing::Test {
 protected:
  /// Its mark is of the first segment, its MANIFEST and 40 events go on to the third.
  void SetUp() override {
    append(2);
    std::string old(16 * 1024, '\0');
    std::ifstream(mark_, std::ios::binary)
        .read(old.data(), static_cast<std::streamsize>(old.size()));
    append(38);
    // In place: otherwise it is known to be copied.
    std::fstream(mark_, std::ios::binary | std::ios::in | std::ios::out) << old;
  }
  void append(int count) const {
    const auto store = *open_log_event_store(options(LogOptions::Access::create));
    for (int i = 0; i < count; ++i) {
      const auto receipt = store->append(append_of({event_on("a", "t", std::string(5'000, 'x'))}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
    ASSERT_TRUE(count < 10 || store->stats().segments >= 3U);
  }
  LogOptions options(LogOptions::Access access) const {
    return {.path = folder_.file("store"), .access = access, .segment_bytes = 64 * 1024};
  }

  testkit::TemporaryFolder folder_;
  const std::string mark_ = folder_.file("store/mark");
};

TEST_F(OldMark, IsSaidByVerifyWhichProvesWhatIsThere) {
  const auto report = verify_log_files(options(LogOptions::Access::read_only), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::incomplete);
  EXPECT_EQ(report->events, 40U);
  ASSERT_TRUE(report->first_bad && report->first_bad->place);
  EXPECT_EQ(report->first_bad->place->file, mark_);
  EXPECT_NE(report->first_bad->what.find("an old one"), std::string::npos);
}

TEST_F(OldMark, HidesNothingFromReadersAndBackups) {
  const auto reader = open_log_event_store(options(LogOptions::Access::read_only));
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_EQ((*reader)->head().position, GlobalPosition{40});
  const auto backup =
      backup_log(options(LogOptions::Access::read_only), folder_.file("backup"), {});
  ASSERT_TRUE(backup) << to_string(backup.error());
  EXPECT_EQ(backup->position, GlobalPosition{40});
}

TEST_F(OldMark, LetsAWriterCutNothingThatIsFollowedByEvents) {
  const std::string newest = folder_.file("store/segment-00000004.log");
  std::fstream segment(newest, std::ios::binary | std::ios::in | std::ios::out);
  ASSERT_TRUE(segment);
  segment.seekp(200);  // In its first event.
  segment << 'y';
  segment.close();
  const auto writer = open_log_event_store(options(LogOptions::Access::create));
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::corrupt);
  EXPECT_NE(writer.error().message.find("valid events follow"), std::string::npos)
      << writer.error().message;
}

TEST_F(OldMark, IsNewAgainOnceAWriterHasOpenedTheStore) {
  append(1);
  const auto report = verify_log_files(options(LogOptions::Access::read_only), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::whole);
  EXPECT_EQ(report->events, 41U);
}

}  // namespace
}  // namespace annals
