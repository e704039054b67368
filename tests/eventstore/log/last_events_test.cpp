// The last events of a stream are read without looking at any other record: all others are damaged
// behind the store's back, and whoever reads a damaged record is told so.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

constexpr int streams = 20;
constexpr int events_each = 60;
constexpr std::uint64_t kept = 10;

std::string stream_of(int number) { return "stream-" + std::to_string(100 + number); }
/// Found once in the files, and followed by what may be changed.
std::string marker_of(int stream, int version) {
  return "<" + std::to_string(100 + stream) + "." + std::to_string(100 + version) + ">";
}

/// Changes a byte of every event but the last ten of each stream, in place. Returns how many.
int damage_all_others(const std::string& folder) {
  int damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log") continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    std::stringstream text;
    text << file.rdbuf();
    const std::string bytes = text.str();
    for (int stream = 0; stream < streams; ++stream) {
      for (int version = 0; version < events_each - static_cast<int>(kept); ++version) {
        const std::size_t at = bytes.find(marker_of(stream, version));
        if (at == std::string::npos) continue;
        file.seekp(static_cast<std::streamoff>(at + marker_of(stream, version).size()));
        file << 'y';
        ++damaged;
      }
    }
  }
  return damaged;
}

TEST(LastEvents, OfAnyStreamAreReadWithoutLookingAtAnyOtherRecord) {
  const testkit::TemporaryFolder folder;
  const std::string path = folder.file("store");
  const auto store = *open_log_event_store({.path = path, .segment_bytes = 64 * 1024});
  for (int version = 0; version < events_each; ++version) {
    for (int stream = 0; stream < streams; ++stream) {
      const std::string data = marker_of(stream, version) + std::string(300, 'x');
      const auto receipt =
          store->append(testkit::append_of({testkit::event_on(stream_of(stream), "t", data)}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
  }
  ASSERT_GE(store->stats().segments, 5U);
  ASSERT_EQ(damage_all_others(path), streams * (events_each - static_cast<int>(kept)));

  for (int stream = 0; stream < streams; ++stream) {
    ReadOptions last{
        .query = Query::stream(stream_of(stream)), .direction = Direction::backward, .limit = kept};
    const auto events = read_all(*store, last);
    ASSERT_TRUE(events) << to_string(events.error());
    EXPECT_EQ(events->size(), kept);
    last.limit = kept + 1;
    EXPECT_EQ(read_all(*store, last).error().code, ErrorCode::corrupt) << "it reads a damaged one";
  }
}

}  // namespace
}  // namespace annals
