// What a record says beside its value: docs/reference/kafka_record_format.md, header by header.

#include "record_headers.hpp"

#include <map>

#include <gtest/gtest.h>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/requests.hpp>

namespace annals::internal {
namespace {

using Texts = std::map<std::string, std::string>;

Texts texts_of(const KafkaHeaders& headers) {
  Texts texts;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers.get(), i, &name, &value, &size) ==
                          RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    EXPECT_TRUE(texts.emplace(name, std::string(static_cast<const char*>(value), size)).second)
        << name << " is there twice";
  }
  return texts;
}

const Token token{*parse_id<struct StoreIdTag>("018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"), Era{3},
                  GlobalPosition{}};

TEST(RecordHeaders, OfAPlainEventAreTheEnvelopeAndThePlace) {
  RecordedEvent event{.stream = "account-42",
                      .version = {6},
                      .position = {57},
                      .id = {},
                      .type = "money_deposited",
                      .data = "{}",
                      .metadata = {},
                      .tags = {},
                      .correlation_id = {},
                      .causation_id = {},
                      .actor = {},
                      .traceparent = {},
                      .recorded_at = *parse_timestamp("2024-02-29T12:34:56.000001Z"),
                      .known_at = {},
                      .effective_at = *parse_timestamp("2024-02-28T00:00:00Z"),
                      .origin = {},
                      .given = {}};
  EXPECT_EQ(texts_of(event_headers(RecordSource(token), event, {50}, std::nullopt)),
            (Texts{{"ce_specversion", "1.0"},
                   {"ce_id", "00000000-0000-0000-0000-000000000000"},
                   {"ce_source", "/annals/018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"},
                   {"ce_type", "money_deposited"},
                   {"ce_subject", "account-42"},
                   {"ce_time", "2024-02-28T00:00:00.000000Z"},
                   {"ce_recordedtime", "2024-02-29T12:34:56.000001Z"},
                   {"content-type", "application/json"},
                   {"annals-store", "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"},
                   {"annals-era", "3"},
                   {"annals-position", "57"},
                   {"annals-prev", "50"},
                   {"annals-stream", "account-42"},
                   {"annals-version", "6"},
                   {"annals-schema", "1"}}));
}

TEST(RecordHeaders, OfAFullEventCarryAllThatWasRecorded) {
  const auto store = make_memory_event_store();
  NewEvent given = testkit::tagged(testkit::event_on("a-1"), {"red", "green"});
  given.content_type = ContentType::binary;
  given.schema_version = 4;
  given.id = *parse_id<struct EventIdTag>("11111111-2222-3333-4444-555555555555");
  given.metadata = R"({"a":1})";
  given.correlation_id = "co";
  given.causation_id = "ca";
  given.actor = "ada";
  given.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  given.known_at = *parse_timestamp("2024-01-02T00:00:00Z");
  given.effective_at = *parse_timestamp("2024-01-01T00:00:00Z");
  given.origin = Origin{token.store, {99}};
  ASSERT_TRUE(store->append(testkit::append_of({given})));
  const auto events = read_all(*store, {});
  ASSERT_TRUE(events);
  const Link link = store->head().link;
  const Texts texts = texts_of(event_headers(RecordSource(token), events->front(), {0}, link));
  const Texts expected{{"ce_id", "11111111-2222-3333-4444-555555555555"},
                       {"content-type", "application/octet-stream"},
                       {"ce_correlationid", "co"},
                       {"ce_causationid", "ca"},
                       {"ce_traceparent", *given.traceparent},
                       {"traceparent", *given.traceparent},
                       {"ce_time", "2024-01-01T00:00:00.000000Z"},
                       {"annals-known-at", "2024-01-02T00:00:00.000000Z"},
                       {"annals-given", "id effective_at"},
                       {"annals-actor", "ada"},
                       {"annals-tags", "green\nred"},
                       {"annals-metadata", R"({"a":1})"},
                       {"annals-schema", "4"},
                       {"annals-origin", "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e.99"},
                       {"annals-link", to_string(link)}};
  for (const auto& [name, value] : expected) {
    const auto found = texts.find(name);
    ASSERT_NE(found, texts.end()) << name;
    EXPECT_EQ(found->second, value) << name;
  }
}

TEST(RecordHeaders, OfAWatermarkAreAPlaceAndNoEvent) {
  EXPECT_EQ(texts_of(watermark_headers(RecordSource(token), 7, {120}, {50}, Link{})),
            (Texts{{"ce_specversion", "1.0"},
                   {"ce_id", "watermark-7-120"},
                   {"ce_source", "/annals/018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"},
                   {"ce_type", "annals.watermark"},
                   {"annals-store", "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"},
                   {"annals-era", "3"},
                   {"annals-position", "120"},
                   {"annals-prev", "50"},
                   {"annals-link", std::string(64, '0')}}));
}

}  // namespace
}  // namespace annals::internal
