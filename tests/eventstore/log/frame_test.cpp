#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "log/frame_reader.hpp"
#include "log/frame_writer.hpp"
#include "log/log_format.hpp"

namespace annals::internal {
namespace {

constexpr std::uint64_t frame_offset = format::segment_header_bytes;

NewEvent full_event() {
  NewEvent event{.stream = "account-1", .type = "money_deposited", .data = R"({"amount":"1 EUR"})"};
  event.schema_version = 3;
  event.content_type = ContentType::binary;
  event.id = EventId{{1, 2, 3}};
  event.metadata = std::string("{\"a\":\"") + std::string(300, 'm') + "\"}";
  event.tags = {"a", "b"};
  event.correlation_id = "correlation";
  event.causation_id = "causation";
  event.actor = "Ada";
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.known_at = Timestamp(std::chrono::microseconds(-1));
  event.effective_at = Timestamp(std::chrono::hours(1'000'000));
  return event;
}

/// A segment holding one frame of two appends.
class OneFrame {
 public:
  OneFrame() {
    store_.bytes.fill(9);
    FrameWriter writer;
    writer.begin({1});
    add(writer, {full_event()}, 1);
    add(writer, {{.stream = "s", .type = "t", .data = ""}, full_event()}, 2);
    const auto frame = writer.finish(store_, 5, frame_offset);
    frame_bytes_ = frame.size();
    bytes_.assign(frame_offset + frame.size() + 4096, std::byte{0});
    std::copy(frame.begin(), frame.end(), bytes_.begin() + frame_offset);
  }
  SegmentBytes segment() const { return {store_, 5, "segment", bytes_}; }
  std::vector<std::byte>& bytes() { return bytes_; }
  std::size_t frame_bytes() const { return frame_bytes_; }

 private:
  void add(FrameWriter& writer, std::vector<NewEvent> events, std::uint64_t first) {
    PreparedAppend append;
    append.request.events = std::move(events);
    append.keys.resize(append.request.events.size());
    for (RecordKeys& keys : append.keys) keys.version = {first++};
    first -= append.keys.size();
    AppendEntry entry;
    entry.id.bytes.fill(static_cast<std::uint8_t>(first));
    entry.first = {first};
    entry.count = static_cast<std::uint32_t>(append.keys.size());
    entry.recorded_at = Timestamp(std::chrono::seconds(first));
    writer.add(append, entry, frame_offset);
    EXPECT_LT(append.keys.back().offset, frame_offset + writer.bytes_so_far());
    ASSERT_LE(writer.bytes_so_far(),
              format::frame_header_bytes + (bound_ += FrameWriter::append_bytes_bound(append)));
  }

  StoreId store_;
  std::vector<std::byte> bytes_;
  std::size_t frame_bytes_ = 0;
  std::size_t bound_ = 0;
};

Result<std::vector<AppendView>> read(const SegmentBytes& segment) {
  const FrameProbe probe = probe_frame(segment, frame_offset);
  if (probe.kind != FrameProbe::Kind::frame) return Error{ErrorCode::corrupt, probe.flaw};
  std::vector<AppendView> appends;
  auto walked = for_each_append(segment, probe.frame, [&](const AppendView& append) {
    appends.push_back(append);
    return Result<void>();
  });
  if (!walked) return std::move(walked).error();
  return appends;
}

TEST(Frame, ReadsBackEveryFieldOfEveryEvent) {
  OneFrame frame;
  const auto appends = read(frame.segment());
  ASSERT_TRUE(appends) << to_string(appends.error());
  ASSERT_EQ(appends->size(), 2U);
  EXPECT_EQ((*appends)[1].entry.first, GlobalPosition{2});
  EXPECT_EQ((*appends)[1].entry.last(), GlobalPosition{3});
  const NewEvent written = full_event();
  for (const RecordView& record : {(*appends)[0].records[0], (*appends)[1].records[1]}) {
    EXPECT_TRUE(record.event);
    EXPECT_EQ(record.stream, written.stream);
    EXPECT_EQ(record.type, written.type);
    EXPECT_EQ(record.schema_version, written.schema_version);
    EXPECT_EQ(record.content_type, written.content_type);
    EXPECT_EQ(record.id, written.id);
    EXPECT_EQ(record.data, written.data);
    EXPECT_EQ(record.metadata, written.metadata);
    EXPECT_EQ(record.tag_count, 2U);
    EXPECT_EQ(record.correlation_id, written.correlation_id);
    EXPECT_EQ(record.causation_id, written.causation_id);
    EXPECT_EQ(record.actor, written.actor);
    EXPECT_EQ(record.traceparent, written.traceparent);
    EXPECT_EQ(record.known_at, written.known_at);
    EXPECT_EQ(record.effective_at, written.effective_at);
  }
  EXPECT_EQ((*appends)[0].records[0].version, StreamVersion{1});
  EXPECT_EQ((*appends)[1].records[1].version, StreamVersion{3});
  EXPECT_EQ((*appends)[1].records[0].data, "");
}

TEST(Frame, AContentHashIsTheSameBeforeAndAfterStoring) {
  OneFrame frame;
  const auto appends = read(frame.segment());
  ASSERT_TRUE(appends);
  const AppendView& first = appends->front();
  EXPECT_EQ(content_hash(first.records[0], first.tags_of(first.records[0])),
            content_hash(full_event()));
}

TEST(Frame, AnyFlippedBitIsNoticed) {
  OneFrame frame;
  for (std::size_t bit = 0; bit < frame.frame_bytes() * 8; ++bit) {
    auto& byte = frame.bytes()[frame_offset + bit / 8];
    byte ^= static_cast<std::byte>(1U << (bit % 8));
    ASSERT_FALSE(read(frame.segment())) << "bit " << bit;
    byte ^= static_cast<std::byte>(1U << (bit % 8));
  }
  EXPECT_TRUE(read(frame.segment()));
}

TEST(Frame, DoesNotPassForAFrameOfAnotherPlaceSegmentOrStore) {
  OneFrame frame;
  SegmentBytes other_segment = frame.segment();
  other_segment.number = 6;
  EXPECT_FALSE(read(other_segment));
  SegmentBytes other_store = frame.segment();
  other_store.store.bytes.fill(8);
  EXPECT_FALSE(read(other_store));
  const std::vector<std::byte> copy(frame.bytes().begin() + frame_offset,
                                    frame.bytes().begin() + frame_offset + frame.frame_bytes());
  frame.bytes().resize(frame_offset + 3 * frame.frame_bytes());
  std::copy(copy.begin(), copy.end(), frame.bytes().begin() + frame_offset + frame.frame_bytes());
  EXPECT_EQ(probe_frame(frame.segment(), frame_offset + frame.frame_bytes()).kind,
            FrameProbe::Kind::bad);
  EXPECT_FALSE(find_frame_beyond(frame.segment(), frame_offset));
}

TEST(Frame, IsFoundBeyondDamage) {
  OneFrame frame;
  EXPECT_EQ(find_frame_beyond(frame.segment(), 0), frame_offset);
  EXPECT_FALSE(find_frame_beyond(frame.segment(), frame_offset));
}

TEST(Record, OfAnUnknownKindIsPassedOverUnlessItMustBeUnderstood) {
  OneFrame frame;
  const auto appends = read(frame.segment());
  ASSERT_TRUE(appends);
  const std::uint64_t at = appends->front().offsets[0];
  std::vector<std::byte> record(
      frame.bytes().begin() + static_cast<std::ptrdiff_t>(at),
      frame.bytes().begin() + static_cast<std::ptrdiff_t>(at) + appends->front().records[0].bytes);
  std::vector<std::string_view> tags;
  record[12] = std::byte{77};
  const auto needed = read_record(record, std::nullopt, tags);
  ASSERT_FALSE(needed);
  EXPECT_EQ(needed.error().code, ErrorCode::unsupported);
  record[13] = std::byte{0};
  const auto passed = read_record(record, std::nullopt, tags);
  ASSERT_TRUE(passed);
  EXPECT_FALSE(passed->event);
}

TEST(Record, WithAnUnknownFieldIsReadUnlessThatMustBeUnderstood) {
  OneFrame frame;
  const auto appends = read(frame.segment());
  ASSERT_TRUE(appends);
  const std::uint64_t at = appends->front().offsets[0];
  std::vector<std::byte> record(
      frame.bytes().begin() + static_cast<std::ptrdiff_t>(at),
      frame.bytes().begin() + static_cast<std::ptrdiff_t>(at) + appends->front().records[0].bytes);
  record.insert(record.end(), {std::byte{99}, std::byte{1}, std::byte{42}});
  store(record.data(), static_cast<std::uint32_t>(record.size()));
  std::vector<std::string_view> tags;
  EXPECT_TRUE(read_record(record, std::nullopt, tags));
  record[record.size() - 3] = std::byte{99 | format::must_understand};
  const auto refused = read_record(record, std::nullopt, tags);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace annals::internal
