// The table of limits: each at its edge and one beyond it.

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_limits() {}

namespace {

void expect_accepted(EventStore& store, NewEvent event) {
  const auto result = store.append(append_of({std::move(event)}));
  EXPECT_TRUE(result) << to_string(result.error());
}

void expect_refused(EventStore& store, NewEvent event, const std::string& message) {
  const auto before = store.head();
  const auto result = store.append(append_of({std::move(event)}));
  ASSERT_FALSE(result) << message;
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
  EXPECT_EQ(store.head(), before);
}

NewEvent with(void (*change)(NewEvent&, std::size_t), std::size_t bytes) {
  NewEvent event = event_on("a-1");
  change(event, bytes);
  return event;
}

}  // namespace

TEST_P(EventStoreContract, EveryLengthIsAcceptedUpToItsLimitAndNamedBeyondIt) {
  struct Row {
    const char* name;
    std::size_t least;
    std::size_t most;
    void (*set)(NewEvent&, std::size_t);
  };
  const std::size_t data_most = store().limits().data_bytes_max;
  const Row table[] = {
      {"stream name", 1, Limits::stream_bytes_max,
       [](NewEvent& e, std::size_t n) { e.stream.assign(n, 's'); }},
      {"event type", 1, Limits::type_bytes_max,
       [](NewEvent& e, std::size_t n) { e.type.assign(n, 't'); }},
      {"tag", 1, Limits::tag_bytes_max,
       [](NewEvent& e, std::size_t n) { e.tags = {std::string(n, 't')}; }},
      {"correlation_id", 0, Limits::name_bytes_max,
       [](NewEvent& e, std::size_t n) { e.correlation_id = std::string(n, 'c'); }},
      {"causation_id", 0, Limits::name_bytes_max,
       [](NewEvent& e, std::size_t n) { e.causation_id = std::string(n, 'c'); }},
      {"actor", 0, Limits::name_bytes_max,
       [](NewEvent& e, std::size_t n) { e.actor = std::string(n, 'a'); }},
      {"traceparent", 0, Limits::name_bytes_max,
       [](NewEvent& e, std::size_t n) { e.traceparent = std::string(n, 't'); }},
      {"data", 0, data_most, [](NewEvent& e, std::size_t n) { e.data.assign(n, 'd'); }},
      {"metadata", 0, Limits::metadata_bytes_max,
       [](NewEvent& e, std::size_t n) {
         if (n > 0) e.metadata = "{" + std::string(n - 2, ' ') + "}";
       }},
  };
  for (const Row& row : table) {
    SCOPED_TRACE(row.name);
    expect_accepted(store(), with(row.set, row.least));
    expect_accepted(store(), with(row.set, row.most));
    if (row.least > 0) {
      expect_refused(store(), with(row.set, 0), std::string(row.name) + " of 0 bytes: at least 1");
    }
    expect_refused(store(), with(row.set, row.most + 1),
                   std::string(row.name) + " of " + std::to_string(row.most + 1) +
                       " bytes: at most " + std::to_string(row.most));
  }
}

TEST_P(EventStoreContract, TheLimitOfDataMayBeSetUpToItsCeiling) {
  const auto large = open_another({.data_bytes_max = Limits::data_bytes_ceiling});
  ASSERT_NE(large, nullptr);
  expect_accepted(*large,
                  event_on("a-1", "happened", std::string(Limits::data_bytes_ceiling, 'd')));
  expect_refused(*large,
                 event_on("a-1", "happened", std::string(Limits::data_bytes_ceiling + 1, 'd')),
                 "data of 16777217 bytes: at most 16777216");
  const auto events = read_all(*large, {});
  ASSERT_TRUE(events);
  EXPECT_EQ(events->front().data.size(), Limits::data_bytes_ceiling);
}

TEST_P(EventStoreContract, SixteenTagsAreAcceptedDoublesNotCounted) {
  NewEvent event = event_on("a-1");
  for (int i = 0; i < 16; ++i) event.tags.push_back("tag" + std::to_string(i));
  event.tags.push_back("tag3");
  expect_accepted(store(), event);
  EXPECT_EQ(read()[0].tags.size(), 16U);
  event.tags.push_back("tag16");
  expect_refused(store(), event, "17 tags: at most 16");
}

TEST_P(EventStoreContract, AnAppendHasAtMostTenThousandEvents) {
  AppendRequest request = append_to("a-1", ExpectedVersion::no_stream(), Limits::append_events_max);
  request.events.push_back(event_on("a-1"));
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "append of 10001 events: at most 10000");
  request.events.pop_back();
  EXPECT_EQ(append(request).last_position, GlobalPosition{Limits::append_events_max});
}

TEST_P(EventStoreContract, AnAppendHasAtMost32MebibytesOfTexts) {
  // Names count as well: the last event's data is shorter by all of them.
  AppendRequest request;
  std::size_t names = 0;
  for (int i = 0; i < 32; ++i) {
    request.events.push_back(event_on("a-1", "t", std::string(1024 * 1024, 'd')));
    names += 4;
  }
  request.events.back().data.resize(1024 * 1024 - names + 1);
  request.checks = {{"a-1", ExpectedVersion::any()}};
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "append of 33554433 bytes: at most 33554432");
  request.events.back().data.pop_back();
  EXPECT_EQ(append(request).last_position, GlobalPosition{32});
}

TEST_P(EventStoreContract, NamesAreUtf8WithoutControlCharacters) {
  const std::string good[] = {"käse-1", "счёт-9", "口座-1", "😀", "a b", "\xc2\xa0"};
  for (const std::string& name : good) {
    SCOPED_TRACE(name);
    NewEvent event = event_on(name, name);
    event.tags = {name};
    event.actor = name;
    expect_accepted(store(), event);
  }
  const std::string bad[] = {
      "a\n",          std::string("a\0b", 3), "\x7f", "\xc2\x80",    "\xff", "\xc0\xaf", "\xe2\x82",
      "\xed\xa0\x80", "\xf4\x90\x80\x80",     "\x80", "\xe0\x80\xaf"};
  const std::string why = "is not UTF-8 without control characters";
  for (const std::string& name : bad) {
    NewEvent tagged_event = tagged(event_on("a-1"), {name});
    NewEvent actor = event_on("a-1");
    actor.actor = name;
    expect_refused(store(), event_on(name), "stream name " + why);
    expect_refused(store(), event_on("a-1", name), "event type " + why);
    expect_refused(store(), tagged_event, "tag " + why);
    expect_refused(store(), actor, "actor " + why);
  }
}

TEST_P(EventStoreContract, NamesThatBeginWithADollarAreReserved) {
  expect_refused(store(), event_on("$all"), "stream $all: names starting with $ are reserved");
  expect_refused(store(), event_on("a-1", "$closed"),
                 "event type $closed: names starting with $ are reserved");
  expect_accepted(store(), event_on("a$"));
  const auto checked = store().append(only_check("$all", ExpectedVersion::any()));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
}

TEST_P(EventStoreContract, MetadataLooksLikeAJsonObject) {
  for (const char* good : {"", "{}", " {\"a\":1}\n"}) {
    NewEvent event = event_on("a-1");
    event.metadata = good;
    expect_accepted(store(), event);
  }
  for (const char* bad : {"[]", "null", "{", "}", "\"{}\"", " "}) {
    NewEvent event = event_on("a-1");
    event.metadata = bad;
    expect_refused(store(), event, "metadata is not a JSON object");
  }
}

}  // namespace annals::testkit
