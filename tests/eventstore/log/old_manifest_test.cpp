// A MANIFEST that was put back from an older copy of the store hides nothing: the mark says that
// segments came after it.

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_compression.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;

class OldManifest : public testing::Test {
 protected:
  void append(int count) {
    if (!writer_) writer_ = *open_log_event_store(options(LogOptions::Access::create));
    for (int i = 0; i < count; ++i) {
      const auto receipt =
          writer_->append(append_of({event_on("a", "t", std::string(5'000, 'x'))}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
  }
  void put_back() const {
    std::filesystem::copy_file(folder_.file("old"), manifest_,
                               std::filesystem::copy_options::overwrite_existing);
  }
  LogOptions options(LogOptions::Access access) const {
    return {.path = folder_.file("store"), .access = access, .segment_bytes = 64 * 1024};
  }
  void expect_named(const Error& error) const {
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    ASSERT_TRUE(error.place);
    EXPECT_EQ(error.place->file, manifest_);
  }

  testkit::TemporaryFolder folder_;
  const std::string manifest_ = folder_.file("store/MANIFEST");
  std::unique_ptr<EventStore> writer_;
};

TEST_F(OldManifest, IsCorruptForReadersBackupsAndCompression) {
  append(15);  // Into the second segment.
  std::filesystem::copy_file(manifest_, folder_.file("old"));
  const std::string right = folder_.file("right");
  append(15);
  writer_.reset();
  std::filesystem::copy_file(manifest_, right);
  put_back();
  const auto reader = open_log_event_store(options(LogOptions::Access::read_only));
  ASSERT_FALSE(reader);
  expect_named(reader.error());
  const auto backup = backup_log(options(LogOptions::Access::read_only), folder_.file("backup"));
  ASSERT_FALSE(backup);
  expect_named(backup.error());
  const auto compressed = compress_log(options(LogOptions::Access::read_only), {});
  ASSERT_FALSE(compressed);
  expect_named(compressed.error());
  EXPECT_FALSE(open_log_event_store(options(LogOptions::Access::create)));
  // Nothing was lost by trying.
  std::filesystem::copy_file(right, manifest_, std::filesystem::copy_options::overwrite_existing);
  const auto whole = open_log_event_store(options(LogOptions::Access::read_only));
  ASSERT_TRUE(whole) << to_string(whole.error());
  EXPECT_EQ((*whole)->head().position, GlobalPosition{30});
}

TEST_F(OldManifest, IsCorruptForAReaderThatIsOpenSinceBefore) {
  append(15);
  const auto reader = *open_log_event_store(options(LogOptions::Access::read_only));
  std::filesystem::copy_file(manifest_, folder_.file("old"));
  append(15);
  put_back();
  const auto events = read_all(*reader, {});
  ASSERT_FALSE(events);
  expect_named(events.error());
}

}  // namespace
}  // namespace annals
