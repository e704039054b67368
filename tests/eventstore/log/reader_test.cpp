// What a reader beside a writer sees: what is durable, and nothing else.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;

class ReaderBesideAWriter : public testing::Test {
 protected:
  std::unique_ptr<EventStore> opened(LogOptions::Access access) {
    auto store = open_log_event_store(
        {.path = folder_.file("store"), .access = access, .segment_bytes = 64 * 1024});
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? std::move(*store) : nullptr;
  }

  testkit::TemporaryFolder folder_;
};

TEST_F(ReaderBesideAWriter, SeesWhatIsDurableAcrossSegments) {
  const auto writer = opened(LogOptions::Access::create);
  const auto reader = opened(LogOptions::Access::read_only);
  for (int i = 0; i < 50; ++i) {
    const auto receipt = writer->append(
        append_of({event_on("a", "happened", std::string(5'000, 'x')), event_on("b")}));
    ASSERT_TRUE(receipt);
    const auto seen = read_all(
        *reader, {.start = Start::after(GlobalPosition{receipt->first_position.value - 1})});
    ASSERT_TRUE(seen) << to_string(seen.error());
    ASSERT_EQ(seen->size(), 2U);
    EXPECT_EQ(reader->head(), writer->head());
  }
  EXPECT_GE(writer->stats().segments, 3U);
  EXPECT_EQ(reader->stats().unsettled_events, 0U);
}

TEST_F(ReaderBesideAWriter, FollowsTheWriterByASubscription) {
  const auto writer = opened(LogOptions::Access::create);
  const auto reader = opened(LogOptions::Access::read_only);
  const auto subscription = reader->subscribe({});
  ASSERT_TRUE(subscription);
  ASSERT_TRUE(writer->append(append_of({event_on("a")})));
  GlobalPosition seen;
  while (seen.value < 1) {
    const auto batch = (*subscription)->next(std::chrono::seconds(10));
    ASSERT_TRUE(batch) << to_string(batch.error());
    seen = batch->complete_up_to;
  }
  EXPECT_EQ(seen, GlobalPosition{1});
}

TEST_F(ReaderBesideAWriter, RefusesToWriteAndChangesNoFile) {
  ASSERT_TRUE(opened(LogOptions::Access::create)->append(append_of({event_on("a")})));
  const auto before = std::filesystem::last_write_time(folder_.file("store/mark"));
  {
    const auto reader = opened(LogOptions::Access::read_only);
    const auto refused = reader->append(append_of({event_on("a")}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(std::filesystem::last_write_time(folder_.file("store/mark")), before);
}

TEST_F(ReaderBesideAWriter, AnswersForWhatItsWriterHasJustAdded) {
  const auto writer = opened(LogOptions::Access::create);
  const auto reader = opened(LogOptions::Access::read_only);
  const auto receipt = writer->append(append_of({event_on("a")}));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(reader->head(), writer->head());
  const auto again = writer->append(append_of({event_on("a")}));
  ASSERT_TRUE(again);
  EXPECT_TRUE(reader->subscribe({.after = Checkpoint{again->token(), again->link}}));
  EXPECT_EQ(*reader->stream_version("a"), StreamVersion{1});
  EXPECT_EQ(*reader->link_at({2}), again->link);
  EXPECT_TRUE(*reader->find_append(again->id));
  const auto unknown = reader->find_append(new_append_id());
  ASSERT_FALSE(unknown) << "its writer may be at it just now";
  EXPECT_EQ(unknown.error().code, ErrorCode::unavailable);
}

TEST_F(ReaderBesideAWriter, ReadsAllSegmentsThatTheWriterHasGoneThrough) {
  const auto store = opened(LogOptions::Access::create);
  std::unique_ptr<EventStore> reader;
  std::uint64_t events = 0;
  // First within a segment, then many segments at once, again and again.
  for (const int more : {3, 20, 1, 30, 0, 2}) {
    for (int i = 0; i < more; ++i, ++events) {
      NewEvent event = event_on("a");
      event.data = std::string(20'000, 'x');
      ASSERT_TRUE(store->append(append_of({event, event_on("b-" + std::to_string(i))})));
    }
    if (!reader) reader = opened(LogOptions::Access::read_only);
    const auto all = read_all(*reader, {});
    ASSERT_TRUE(all) << to_string(all.error());
    EXPECT_EQ(all->size(), events * 2);
    const auto of_a = read_all(*reader, {.query = Query::stream("a")});
    ASSERT_TRUE(of_a) << to_string(of_a.error());
    EXPECT_EQ(of_a->size(), events);
    EXPECT_EQ(*reader->stream_version("a"), StreamVersion{events - 1});
    EXPECT_EQ(reader->head(), store->head());
    EXPECT_EQ(reader->stats().streams, store->stats().streams);
  }
  EXPECT_GT(store->stats().segments, 10U);
}

}  // namespace
}  // namespace annals
