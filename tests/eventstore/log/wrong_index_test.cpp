// Indexes whose checksums are right and that say less than their segments hold: queries believe
// them, so `verify` must not.

#include <algorithm>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>

#include "fuzz/checksums.hpp"
#include "log/frame_writer.hpp"
#include "log/index_file.hpp"
#include "log/index_format.hpp"
#include "log/log_format.hpp"
#include "log/open.hpp"

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

constexpr auto folder = "/store";

LogOptions at(const std::shared_ptr<FaultFileSystem>& disk,
              LogOptions::Access access = LogOptions::Access::create) {
  return {.path = folder, .access = access, .segment_bytes = 64 * 1024, .files = disk};
}

std::size_t count(const EventStore& store, const Query& query) {
  const auto events = read_all(store, {.query = query});
  return events ? events->size() : 0;
}

class WrongIndex : public testing::Test {
 protected:
  void SetUp() override {
    auto store = internal::open_log_event_store(at(disk_), internal::PlantedBug::none);
    ASSERT_TRUE(store) << to_string(store.error());
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE((*store)->append(append_of(
          {event_on("victim-1", "happened", std::string(2'000, 'x')), event_on("other-2")})));
    }
    ASSERT_GE((*store)->stats().segments, 3U);
    head_ = (*store)->head();
    id_ = (*store)->stats().store;
  }

  static std::string index_path(std::uint64_t number) {
    return std::string(folder) + '/' + internal::IndexFile::name_of(number);
  }

  static std::size_t end_of(const std::string& text, int section) {
    const auto* const entry = reinterpret_cast<const std::byte*>(text.data()) +
                              internal::index_format::sections_at +
                              section * internal::index_format::section_entry_bytes;
    return internal::load<std::uint64_t>(entry) + internal::load<std::uint64_t>(entry + 8);
  }
  /// Changes the key of stream victim-1 in an index, and makes the checksums right again.
  template <typename Change>
  void forge(std::uint64_t number, Change change) {
    std::string text = disk_->contents(index_path(number));
    // Kind stream, and the name with its length.
    const std::size_t key = text.find(std::string("\x01\x08victim-1", 10));
    ASSERT_NE(key, std::string::npos);
    change(text, key + 10);
    fuzz::sum_index(text, id_, number);
    disk_->put(index_path(number), text);
  }
  static void rename(std::string& text, std::size_t behind_name) { text[behind_name - 1] = '3'; }
  /// One event fewer. The version of the first one and the count are a byte each.
  static void leave_out_last(std::string& text, std::size_t behind_name) {
    --text[behind_name + 1];
  }

  VerifyReport verified(const VerifyOptions& options = {}) {
    auto report = verify_log_files(at(disk_), options);
    EXPECT_TRUE(report) << to_string(report.error());
    return report ? *report : VerifyReport{};
  }

  const std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  Head head_;
  StoreId id_;
};

TEST_F(WrongIndex, ThatHidesEventsIsToldByVerifyWhichSaysThatTheLogIsWhole) {
  forge(1, rename);
  auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  ASSERT_EQ(count(**store, Query::all()), 120U) << "all are there";
  ASSERT_LT(count(**store, Query::stream("victim-1")), 60U) << "but not to be found";

  for (const VerifyReport& report : {verified(), *(*store)->verify({})}) {
    EXPECT_EQ(report.outcome, VerifyReport::Outcome::changed);
    EXPECT_EQ(report.wrong_indexes, std::vector<std::string>{index_path(1)});
    EXPECT_EQ(report.events, 120U);
    EXPECT_EQ((Head{report.position, report.link}), head_) << "the log is whole";
    ASSERT_TRUE(report.first_bad);
    EXPECT_NE(report.first_bad->what.find("remove the file"), std::string::npos)
        << report.first_bad->what;
    ASSERT_TRUE(report.first_bad->place);
    EXPECT_EQ(report.first_bad->place->file, index_path(1));
  }
}

TEST_F(WrongIndex, IsMadeAnewOnceItIsRemoved) {
  const std::string written = disk_->contents(index_path(1));
  forge(1, rename);
  disk_->erase(index_path(1));
  auto store = internal::open_log_event_store(at(disk_), internal::PlantedBug::none);
  ASSERT_TRUE(store);
  EXPECT_EQ(count(**store, Query::stream("victim-1")), 60U);
  EXPECT_EQ(disk_->contents(index_path(1)), written);
  EXPECT_EQ(verified().outcome, VerifyReport::Outcome::whole);
}

TEST_F(WrongIndex, OfEverySegmentIsNamed) {
  forge(1, rename);
  forge(2, rename);
  EXPECT_EQ(verified().wrong_indexes, (std::vector<std::string>{index_path(1), index_path(2)}));
  // A range looks at the segments that it goes through.
  const auto second = verified({.first = head_.position});
  EXPECT_EQ(second.outcome, VerifyReport::Outcome::whole);
}

TEST_F(WrongIndex, WithWrongChecksumsIsNotBelievedAndHidesNothing) {
  std::string text = disk_->contents(index_path(1));
  text[text.find("victim-1")] ^= 1;
  disk_->put(index_path(1), text);
  EXPECT_EQ(verified().outcome, VerifyReport::Outcome::whole);
  auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  EXPECT_EQ(count(**store, Query::stream("victim-1")), 60U);
}

// Sections are filled up to multiples of 8 bytes, outside of their checksums.
TEST_F(WrongIndex, WhoseFilterHidesAppendsIsToldEvenIfTheRestIsNotBelieved) {
  using namespace internal::index_format;
  std::string text = disk_->contents(index_path(1));
  const std::size_t begin = internal::round_up_to_8(end_of(text, not_event_list));
  const std::size_t end = end_of(text, filter);
  text.replace(begin, end - begin, end - begin, '\0');
  fuzz::sum_index(text, id_, 1);
  text[end_of(text, keys) - 1] ^= 1;
  disk_->put(index_path(1), text);
  const auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  ASSERT_LT(count(**store, Query::stream("victim-1")), 60U) << "passed over by the filter";
  EXPECT_EQ(verified().outcome, VerifyReport::Outcome::changed);
  EXPECT_EQ(verified().wrong_indexes, std::vector<std::string>{index_path(1)});
}

TEST_F(WrongIndex, IsNoneWhoseFillingWasChanged) {
  std::string text = disk_->contents(index_path(1));
  std::size_t changed = 0;
  for (int section = 0; section < internal::index_format::section_count; ++section) {
    const std::size_t end = end_of(text, section);
    if (end % 8 == 0) continue;
    text[end] = 'x';
    ++changed;
  }
  ASSERT_GT(changed, 0U);
  const std::size_t keys_end = end_of(text, internal::index_format::keys);
  for (const std::string& file : {text, text.substr(0, keys_end), text + "more"}) {
    disk_->put(index_path(1), file);
    EXPECT_EQ(verified().outcome, VerifyReport::Outcome::whole) << file.size();
  }
  auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  EXPECT_EQ(count(**store, Query::stream("victim-1")), 60U);
}

TEST_F(WrongIndex, DoesNotHideADamagedSegment) {
  forge(1, rename);
  disk_->overwrite(std::string(folder) + "/segment-00000002.log", 1'000, "X");
  const VerifyReport report = verified();
  EXPECT_EQ(report.outcome, VerifyReport::Outcome::changed);
  ASSERT_TRUE(report.first_bad && report.first_bad->place);
  EXPECT_NE(report.first_bad->place->file.find("segment-00000002.log"), std::string::npos);
  EXPECT_EQ(report.wrong_indexes.size(), 1U);
}

TEST_F(WrongIndex, AReadOfAStreamThatMissesAVersionIsCorrupt) {
  forge(1, leave_out_last);
  auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  const Query query = Query::stream("victim-1");
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    const auto events = read_all(**store, {.query = query, .direction = direction});
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code, ErrorCode::corrupt);
    EXPECT_NE(events.error().message.find("victim-1"), std::string::npos);
  }
  // In steps it is found where it is.
  auto cursor = (*store)->read({.query = query});
  ASSERT_TRUE(cursor);
  std::uint64_t next = 0;
  while (true) {
    const auto event = (*cursor)->next(1);
    if (!event) break;
    ASSERT_EQ(event->size(), 1U) << "it came to its end";
    EXPECT_EQ(event->front().version, StreamVersion{next++});
  }
  EXPECT_GT(next, 0U);
  EXPECT_LT(next, 59U);
  EXPECT_EQ(count(**store, Query::stream("other-2")), 60U);
  EXPECT_EQ(count(**store, {{{.streams = {"victim-1", "other-2"}}}}), 119U);
}

TEST_F(WrongIndex, AStreamIsReadFromAnyVersionInBothDirections) {
  auto store = open_log_event_store(at(disk_, LogOptions::Access::read_only));
  ASSERT_TRUE(store);
  const auto read = [&](Start start, Direction direction) {
    const auto events = read_all(
        **store,
        {.query = Query::stream("victim-1"), .direction = direction, .start = std::move(start)});
    EXPECT_TRUE(events) << to_string(events.error());
    return events ? events->size() : 0;
  };
  EXPECT_EQ(read(Start::from(StreamVersion{7}), Direction::forward), 53U);
  EXPECT_EQ(read(Start::after(StreamVersion{7}), Direction::forward), 52U);
  EXPECT_EQ(read(Start::from(StreamVersion{7}), Direction::backward), 8U);
  EXPECT_EQ(read(Start::after(StreamVersion{7}), Direction::backward), 7U);
  EXPECT_EQ(read(Start::from(GlobalPosition{8}), Direction::forward), 56U);
  EXPECT_EQ(read(Start::from(StreamVersion{60}), Direction::forward), 0U);
}

TEST(WrongVersions, InASegmentWithRightLinksAreToldByVerify) {
  const auto disk = std::make_shared<FaultFileSystem>();
  StoreId id;
  {
    auto store = internal::open_log_event_store(at(disk), internal::PlantedBug::none);
    ASSERT_TRUE(store);
    id = (*store)->stats().store;
  }
  // Versions 0 and 2 of one stream, each checksum and link as it should be.
  internal::FrameWriter writer;
  writer.begin({1});
  Link link = first_link(id);
  for (const std::uint64_t version : {0, 2}) {
    internal::PreparedAppend append;
    append.request.events = {event_on("a")};
    append.keys.resize(1);
    append.keys.front().version = {version};
    internal::AppendEntry entry;
    entry.first = {1 + version / 2};
    entry.count = 1;
    entry.id.bytes.fill(static_cast<std::uint8_t>(7 + version));
    const LinkedEvent linked{{version}, content_hash(append.request.events.front())};
    entry.link = link = next_link(link, entry.id, entry.first, entry.recorded_at, {{linked}});
    writer.add(append, entry, internal::format::segment_header_bytes);
  }
  const auto frame = writer.finish(id, 1, internal::format::segment_header_bytes);
  disk->overwrite(std::string(folder) + "/segment-00000001.log",
                  internal::format::segment_header_bytes,
                  {reinterpret_cast<const char*>(frame.data()), frame.size()});
  // After a restart what lies beyond the mark counts.
  const auto report = verify_log_files(at(disk->power_loss({.seed = 1})), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed);
  EXPECT_EQ(report->position, GlobalPosition{1});
  ASSERT_TRUE(report->first_bad);
  EXPECT_NE(report->first_bad->what.find("stream a goes from version 1 to 2"), std::string::npos)
      << report->first_bad->what;
}

}  // namespace
}  // namespace annals
