// A record read back is the event that was recorded, member by member; a damaged one is refused.

#include "received_record.hpp"

#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "record_headers.hpp"

namespace annals::internal {
namespace {

// Any bytes that a store takes as text: UTF-8 without control characters.
std::string some_text(std::mt19937_64& random, std::size_t longest) {
  static const std::string_view letters[] = {"a", "Z", "0", "-", " ", ".", "\"", "é", "€", "😀"};
  std::string text;
  for (std::size_t i = 1 + random() % longest; i > 0; --i) {
    text += letters[random() % std::size(letters)];
  }
  return text;
}

NewEvent some_event(std::mt19937_64& random) {
  const auto perhaps = [&] { return random() % 2 == 0; };
  const auto time = [&] {
    return *parse_timestamp("2001-02-03T04:05:06Z") +
           std::chrono::microseconds(static_cast<std::int64_t>(random() % 700'000'000'000'000));
  };
  NewEvent event;
  event.stream = some_text(random, 20);
  event.type = perhaps() ? "annals.watermark" : some_text(random, 10);
  for (std::size_t i = random() % 300; i > 0; --i) event.data += static_cast<char>(random());
  event.schema_version = static_cast<std::uint32_t>(random());
  event.content_type = perhaps() ? ContentType::json : ContentType::binary;
  if (event.content_type == ContentType::json) event.data = "{}";
  if (perhaps()) event.id = EventId{new_append_id().bytes};
  if (perhaps()) event.metadata = "{\"" + some_text(random, 30) + "\":\n1}";
  for (std::size_t i = random() % 5; i > 0; --i) event.tags.push_back(some_text(random, 10));
  if (perhaps()) event.correlation_id = some_text(random, 40);
  if (perhaps()) event.causation_id = some_text(random, 40);
  if (perhaps()) event.actor = some_text(random, 40);
  if (perhaps()) event.traceparent = some_text(random, 55);
  if (perhaps()) event.known_at = time();
  if (perhaps()) event.effective_at = time();
  if (perhaps()) event.origin = Origin{new_store_id(), {random()}};
  return event;
}

// What the writer gave, so that its hash can be taken again.
NewEvent given_of(const RecordedEvent& event) {
  const auto text = [](const std::optional<std::string_view>& view) {
    return view ? std::optional<std::string>(*view) : std::nullopt;
  };
  NewEvent given{.stream = std::string(event.stream),
                 .type = std::string(event.type),
                 .data = std::string(event.data),
                 .schema_version = event.schema_version,
                 .content_type = event.content_type,
                 .metadata = std::string(event.metadata),
                 .tags = {event.tags.begin(), event.tags.end()},
                 .correlation_id = text(event.correlation_id),
                 .causation_id = text(event.causation_id),
                 .actor = text(event.actor),
                 .traceparent = text(event.traceparent),
                 .origin = event.origin};
  if (event.given.id) given.id = event.id;
  if (event.given.known_at) given.known_at = event.known_at;
  if (event.given.effective_at) given.effective_at = event.effective_at;
  return given;
}

void expect_same(const RecordedEvent& one, const RecordedEvent& other) {
  EXPECT_EQ(one.stream, other.stream);
  EXPECT_EQ(one.version, other.version);
  EXPECT_EQ(one.position, other.position);
  EXPECT_EQ(one.id, other.id);
  EXPECT_EQ(one.type, other.type);
  EXPECT_EQ(one.schema_version, other.schema_version);
  EXPECT_EQ(one.content_type, other.content_type);
  EXPECT_EQ(one.data, other.data);
  EXPECT_EQ(one.metadata, other.metadata);
  EXPECT_EQ(std::vector(one.tags.begin(), one.tags.end()),
            std::vector(other.tags.begin(), other.tags.end()));
  EXPECT_EQ(one.correlation_id, other.correlation_id);
  EXPECT_EQ(one.causation_id, other.causation_id);
  EXPECT_EQ(one.actor, other.actor);
  EXPECT_EQ(one.traceparent, other.traceparent);
  EXPECT_EQ(one.recorded_at, other.recorded_at);
  EXPECT_EQ(one.known_at, other.known_at);
  EXPECT_EQ(one.effective_at, other.effective_at);
  EXPECT_EQ(one.origin, other.origin);
  EXPECT_EQ(one.given, other.given);
}

Result<ReceivedRecord> read(const KafkaHeaders& headers, std::optional<std::string_view> key,
                            std::optional<std::string_view> value) {
  HeaderTable table;
  if (auto filled = table.fill(headers.get()); !filled) return filled.error();
  return read_record(table, key, value);
}

class ReceivedRecords : public testing::Test {
 protected:
  /// Events as a store has recorded them, with their content hashes.
  void record(int count) {
    for (int i = 0; i < count; ++i) {
      AppendRequest request;
      request.events.push_back(some_event(random_));
      request.checks = {{request.events[0].stream, ExpectedVersion::any()}};
      const auto receipt = store_->append(std::move(request));
      ASSERT_TRUE(receipt) << receipt.error().message;
    }
    events_ = *read_all(*store_, {});
  }

  std::mt19937_64 random_{testkit::seed(6101)};
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  RecordSource source_{store_->token()};
  RecordedEvents events_;
};

TEST_F(ReceivedRecords, AreTheEventsThatWereRecordedWithTheirContentHashes) {
  record(1'000);
  Link before = first_link(store_->token().store);
  for (const RecordedEvent& event : events_) {
    const auto append = *store_->append_holding(event.position);
    const std::optional<Link> link = random_() % 2 == 0 ? std::optional(append.link) : std::nullopt;
    const GlobalPosition previous{random_() % event.position.value};
    const auto back = read(event_headers(source_, event, previous, link), event.stream, event.data);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->place, (RecordPlace{store_->token().store, store_->token().era, event.position,
                                        previous, link}));
    ASSERT_TRUE(back->event);
    expect_same(*back->event, event);
    const LinkedEvent linked{back->event->version, content_hash(given_of(*back->event))};
    EXPECT_EQ(next_link(before, append.id, append.first, append.recorded_at, {&linked, 1}),
              append.link)
        << "the hash is not the log's own";
    before = append.link;
  }
}

TEST_F(ReceivedRecords, OfAWatermarkAreAPlaceAndNoEvent) {
  const auto back = read(watermark_headers(source_, 7, {120}, {50}, Link{}), {}, {});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_FALSE(back->event);
  EXPECT_EQ(back->place.position, GlobalPosition{120});
  EXPECT_EQ(back->place.previous, GlobalPosition{50});
  EXPECT_EQ(back->place.link, Link{});
  EXPECT_FALSE(read(watermark_headers(source_, 7, {120}, {50}, Link{}), "key", {}));
}

// Every header of a full record left out, doubled and changed in turn: none is guessed.
TEST_F(ReceivedRecords, ThatAreDamagedAreRefusedByNameOrReadAsTheyAre) {
  NewEvent full = some_event(random_);
  full.type = "happened";
  full.id = EventId{new_append_id().bytes};
  full.metadata = "{}";
  full.tags = {"one", "two"};
  full.correlation_id = full.causation_id = full.actor = full.traceparent = "text";
  full.known_at = *parse_timestamp("2024-01-02T00:00:00Z");
  full.effective_at.reset();
  full.origin = Origin{new_store_id(), {7}};
  AppendRequest request = testkit::append_of({full});
  ASSERT_TRUE(store_->append(std::move(request)));
  events_ = *read_all(*store_, {});
  const RecordedEvent& event = events_.front();
  const KafkaHeaders whole = event_headers(source_, event, {0}, store_->head().link);
  const std::string key(event.stream);
  ASSERT_TRUE(read(whole, key, event.data));
  EXPECT_FALSE(read(whole, std::nullopt, event.data));
  EXPECT_FALSE(read(whole, key + "x", event.data));
  EXPECT_FALSE(read(whole, key, std::nullopt));

  // Absent or any text: only these members may be.
  const std::set<std::string, std::less<>> optional = {
      "ce_correlationid", "ce_causationid", "annals-actor", "annals-metadata",
      "annals-tags",      "annals-origin",  "annals-given", "annals-link"};
  // Which of them are compared with nothing else, and are text of any kind.
  const std::set<std::string, std::less<>> any_text = {
      "ce_correlationid", "ce_causationid", "annals-actor", "annals-metadata",
      "annals-tags",      "ce_type",        "ce_source"};
  const std::size_t count = rd_kafka_header_cnt(whole.get());
  ASSERT_GE(count, 22U);
  for (std::size_t i = 0; i < count; ++i) {
    const char* text = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    rd_kafka_header_get_all(whole.get(), i, &text, &value, &size);
    const std::string name = text;
    if (name == "ce_source") continue;  // For others: annals-store says it.

    KafkaHeaders less(rd_kafka_headers_copy(whole.get()));
    rd_kafka_header_remove(less.get(), text);
    const auto without = read(less, key, event.data);
    EXPECT_EQ(without.has_value(), optional.contains(name)) << name;
    if (!without) {
      EXPECT_EQ(without.error().code, ErrorCode::corrupt);
    }

    KafkaHeaders twice(rd_kafka_headers_copy(whole.get()));
    rd_kafka_header_add(twice.get(), text, -1, value, static_cast<ssize_t>(size));
    const auto doubled = read(twice, key, event.data);
    ASSERT_FALSE(doubled) << name;
    EXPECT_NE(doubled.error().message.find(name + " comes twice"), std::string::npos);

    for (int round = 0; round < 50; ++round) {
      std::string damaged(static_cast<const char*>(value), size);
      switch (random_() % 4) {
        case 0: damaged.clear(); break;
        case 1: damaged.resize(random_() % size); break;
        case 2: damaged += static_cast<char>('!' + random_() % 90); break;
        default: damaged[random_() % size] = static_cast<char>(random_()); break;
      }
      if (damaged == std::string_view(static_cast<const char*>(value), size)) continue;
      KafkaHeaders other(rd_kafka_headers_copy(less.get()));
      rd_kafka_header_add(other.get(), text, -1, damaged.data(),
                          static_cast<ssize_t>(damaged.size()));
      const auto refused = read(other, key, event.data);
      if (refused) {
        // A digit that is another digit is another number: nothing can tell.
        const bool number = name == "annals-position" || name == "annals-era" ||
                            name == "annals-version" || name == "annals-schema" ||
                            name == "annals-origin" || name == "annals-store" || name == "ce_id" ||
                            name == "annals-link" || name == "ce_recordedtime" ||
                            name == "content-type" || name == "annals-given";
        EXPECT_TRUE(any_text.contains(name) || number) << name << ": " << damaged;
      } else {
        EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
        EXPECT_NE(refused.error().message.find("a record is no relay's: "), std::string::npos);
      }
    }
  }
}

// Anybody may have put them there: what is said of them can be kept and shown anywhere.
TEST_F(ReceivedRecords, ThatAreRefusedAreQuotedBrieflyAndAsPlainText) {
  KafkaHeaders headers = watermark_headers(source_, 7, {120}, {50}, Link{});
  rd_kafka_header_remove(headers.get(), "annals-link");
  const std::string value = std::string("\xff\0\n'", 4) + std::string(100'000, 'x');
  rd_kafka_header_add(headers.get(), "annals-link", -1, value.data(),
                      static_cast<ssize_t>(value.size()));
  const auto refused = read(headers, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "a record is no relay's: header annals-link cannot be read: '\\xff\\x00\\x0a'" +
                std::string(60, 'x') + "... (100004 bytes)'");
}

TEST_F(ReceivedRecords, OfMoreHeadersThanAnybodyAddsAreRefused) {
  KafkaHeaders headers = watermark_headers(source_, 7, {120}, {50}, Link{});
  for (std::size_t i = rd_kafka_header_cnt(headers.get()); i < 64; ++i) {
    rd_kafka_header_add(headers.get(), ("x-" + std::to_string(i)).c_str(), -1, "v", 1);
  }
  EXPECT_TRUE(read(headers, {}, {}));
  rd_kafka_header_add(headers.get(), "one-more", -1, "v", 1);
  const auto refused = read(headers, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_NE(refused.error().message.find("it has 65 headers"), std::string::npos);
}

// A consumer could keep no place behind it: databases keep positions as signed numbers.
TEST_F(ReceivedRecords, OfPositionsThatNoStoreComesToAreRefused) {
  const std::uint64_t last = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(read(watermark_headers(source_, 7, {last}, {50}, Link{}), {}, {}));
  for (const std::uint64_t beyond : {last + 1, ~std::uint64_t{0}}) {
    const auto refused = read(watermark_headers(source_, 7, {beyond}, {50}, Link{}), {}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find("annals-position"), std::string::npos);
  }
}

// Records of any headers whatever never do more than fail.
TEST_F(ReceivedRecords, OfAnyHeadersAreReadOrRefused) {
  record(20);
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const RecordedEvent& event : events_) {
    const KafkaHeaders headers = event_headers(source_, event, {0}, std::nullopt);
    const char* text = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers.get(), i, &text, &value, &size) == 0;
         ++i) {
      names.emplace_back(text);
      values.emplace_back(static_cast<const char*>(value), size);
    }
  }
  int refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    const KafkaHeaders headers(rd_kafka_headers_new(8));
    for (std::size_t i = random_() % 30; i > 0; --i) {
      const std::string& value = values[random_() % values.size()];
      rd_kafka_header_add(headers.get(), names[random_() % names.size()].c_str(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const auto back = read(headers, values[random_() % values.size()], "{}");
    if (back) continue;
    ++refused;
    EXPECT_EQ(back.error().code, ErrorCode::corrupt);
  }
  EXPECT_GT(refused, 4'000);
}

}  // namespace
}  // namespace annals::internal
