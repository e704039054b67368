// The small public nouns: ids, times, digests, tokens, positions, errors, queries, receipts.

#include <set>

#include <gtest/gtest.h>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/verify.hpp>

namespace annals {
namespace {

TEST(Ids, AnAppendIdIsAUuidOfVersion7AndNew) {
  std::set<AppendId> ids;
  for (int i = 0; i < 1000; ++i) {
    const AppendId id = new_append_id();
    EXPECT_EQ(id.bytes[6] >> 4U, 7);
    EXPECT_EQ(id.bytes[8] >> 6U, 2);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(Ids, AnAppendIdBeginsWithTheMilliseconds) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto now = [] {
    return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  const auto before = now();
  const AppendId id = new_append_id();
  const auto after = now();
  std::int64_t stamp = 0;
  for (int i = 0; i < 6; ++i) stamp = stamp << 8 | id.bytes[static_cast<std::size_t>(i)];
  EXPECT_LE(before, stamp);
  EXPECT_LE(stamp, after);
}

TEST(Ids, ANameAlwaysGivesTheSameAppendId) {
  EXPECT_EQ(append_id_of("import 17"), append_id_of("import 17"));
  EXPECT_NE(append_id_of("import 17"), append_id_of("import 18"));
  // The first 16 bytes of SHA-256("abc") as in FIPS 180.
  EXPECT_EQ(to_string(append_id_of("abc")), "ba7816bf-8f01-cfea-4141-40de5dae2223");
}

TEST(Ids, TextIsReadWithAndWithoutHyphens) {
  const std::string text = "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e";
  const auto id = parse_id<EventIdTag>(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), text);
  EXPECT_EQ(parse_id<EventIdTag>("018F6F2E7B1C7D559C3A0D6F2A1B4C8E"), id);
  for (const char* bad :
       {"", "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8", "018f6f2e7b1c7d559c3a0d6f2a1b4c8g",
        "018f6f2e-7b1c-7d55-9c3a0-d6f2a1b4c8e", "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e0",
        "018f6f2e--b1c-7d55-9c3a-0d6f2a1b4c8e"}) {
    EXPECT_FALSE(parse_id<EventIdTag>(bad)) << bad;
  }
}

TEST(Times, TextIsAlways27CharactersAndComesBack) {
  for (const char* text : {"2024-02-29T12:34:56.000001Z", "0000-01-01T00:00:00.000000Z",
                           "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"}) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_string(*time), text);
  }
  EXPECT_EQ(to_string(Timestamp{}), "1970-01-01T00:00:00.000000Z");
}

TEST(Times, MomentsOutsideFourDigitYearsAreWrittenAsTheNearestInside) {
  EXPECT_EQ(to_string(Timestamp::min()), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_string(Timestamp::max()), "9999-12-31T23:59:59.999999Z");
}

TEST(Times, AFractionHasOneToSixDigits) {
  EXPECT_EQ(to_string(*parse_timestamp("2024-02-29T12:34:56Z")), "2024-02-29T12:34:56.000000Z");
  EXPECT_EQ(to_string(*parse_timestamp("2024-02-29T12:34:56.5Z")), "2024-02-29T12:34:56.500000Z");
  EXPECT_EQ(to_string(*parse_timestamp("2024-02-29T12:34:56.000042Z")),
            "2024-02-29T12:34:56.000042Z");
}

TEST(Times, WhatIsNoTimeIsNotRead) {
  for (const char* bad :
       {"", "2024-02-29", "2024-02-29T12:34:56", "2023-02-29T12:34:56Z", "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z", "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00+00:00", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00Z ", "+024-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(Times, ABareDateIsTheLastMicrosecondBeforeTheNextMidnight) {
  EXPECT_EQ(to_string(*parse_cut_time("2024-02-29")), "2024-02-29T23:59:59.999999Z");
  EXPECT_EQ(to_string(*parse_cut_time("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000000Z");
  EXPECT_FALSE(parse_cut_time("2023-02-29"));
  EXPECT_FALSE(parse_cut_time("tomorrow"));
}

TEST(Digests, TextComesBackAndWhatIsNotHexIsNotRead) {
  const std::string text = "95d5857d80c9d89dc81ffb289d0533667706f17ca26c4e5676f4deb26ff1341e";
  const auto digest = parse_digest(text);
  ASSERT_TRUE(digest);
  EXPECT_EQ(to_string(*digest), text);
  EXPECT_FALSE(parse_digest(text + "0"));
  EXPECT_FALSE(parse_digest("x" + text.substr(1)));
}

TEST(Tokens, TextIsFitForAHeaderAndComesBack) {
  const Token token{*parse_id<StoreIdTag>("018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"), {3}, {42}};
  EXPECT_EQ(to_string(token), "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e.3.42");
  EXPECT_EQ(parse_token(to_string(token)), token);
  const Token last{token.store, {0xFFFFFFFF}, {0xFFFFFFFFFFFFFFFF}};
  EXPECT_EQ(parse_token(to_string(last)), last);
  const std::string store = "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e";
  for (const std::string& bad :
       {std::string(), store, store + ".1", store + ".1.", store + "..1", store + ".1.2.3",
        store + ".1.-2", store + ".1.+2", store + ".01.2", store + ".4294967296.1",
        store + ".1.18446744073709551616", "x" + store.substr(1) + ".1.2"}) {
    EXPECT_FALSE(parse_token(bad)) << bad;
  }
}

TEST(ExpectedVersions, SayWhatTheyExpect) {
  EXPECT_EQ(to_string(ExpectedVersion::exactly({6})), "version 6");
  EXPECT_EQ(to_string(ExpectedVersion::no_stream()), "no stream");
  EXPECT_EQ(to_string(ExpectedVersion::stream_exists()), "an existing stream");
  EXPECT_EQ(to_string(ExpectedVersion::any()), "any version");
}

TEST(Errors, EveryCodeHasItsAdvice) {
  EXPECT_EQ(retry_advice(ErrorCode::wrong_expected_version), Retry::from_load);
  EXPECT_EQ(retry_advice(ErrorCode::condition_failed), Retry::from_load);
  EXPECT_EQ(retry_advice(ErrorCode::unavailable), Retry::same_call);
  EXPECT_EQ(retry_advice(ErrorCode::timeout), Retry::same_call);
  EXPECT_EQ(retry_advice(ErrorCode::outcome_unknown), Retry::after_check);
  for (const ErrorCode code :
       {ErrorCode::stream_not_found, ErrorCode::rejected, ErrorCode::invalid_argument,
        ErrorCode::corrupt, ErrorCode::unsupported, ErrorCode::diverged}) {
    EXPECT_EQ(retry_advice(code), Retry::never) << to_string(code);
  }
}

TEST(Errors, TextIsCodeAndMessage) {
  EXPECT_EQ(to_string(Error{.code = ErrorCode::rejected, .message = "no money"}),
            "rejected: no money");
  EXPECT_EQ(to_string(Error{.code = ErrorCode::rejected, .message = "", .rule = "no-money"}),
            "rejected (no-money)");
  EXPECT_EQ(to_string(Error{.code = ErrorCode::timeout, .message = ""}), "timeout");
}

TEST(Results, ReadingTheSideThatIsNotThereAborts) {
  const Result<int> failed = Error{.code = ErrorCode::corrupt, .message = "bad byte"};
  EXPECT_DEATH(failed.value(), "corrupt: bad byte");
  const Result<int> fine = 7;
  EXPECT_DEATH(static_cast<void>(fine.error()), "holds a value");
}

TEST(Queries, CategoryIsTheTextBeforeTheFirstHyphen) {
  EXPECT_EQ(category_of("account-42-7"), "account");
  EXPECT_EQ(category_of("account"), "account");
  EXPECT_EQ(category_of("-42"), "");
}

TEST(Event, IdIsTheTextAfterTheFirstHyphen) {
  EXPECT_EQ(id_of("account-42-7"), "42-7");
  EXPECT_EQ(id_of("account-"), "");
  EXPECT_EQ(id_of("account"), "");
}

TEST(Queries, ListsOfAnItemNarrowAndItemsWiden) {
  const NewEvent event{.stream = "order-1", .type = "placed", .data = "", .tags = {"eu", "vip"}};
  const auto selects = [&](const Query& query) { return matches(query, event); };
  EXPECT_TRUE(selects(Query::all()));
  EXPECT_TRUE(selects(Query::stream("order-1")));
  EXPECT_FALSE(selects(Query::stream("order")));
  EXPECT_TRUE(selects(Query::category("order")));
  EXPECT_TRUE(selects({{{.types = {"paid", "placed"}}}}));
  EXPECT_TRUE(selects({{{.tags = {"vip", "eu"}}}}));
  EXPECT_FALSE(selects({{{.tags = {"vip", "us"}}}}));
  EXPECT_FALSE(selects({{{.types = {"paid"}, .tags = {"eu"}}}}));
  EXPECT_TRUE(selects({{{.types = {"paid"}, .tags = {"eu"}}, {.tags = {"vip"}}}}));
  EXPECT_TRUE(selects({{{.types = {"paid"}}, {}}}));
}

TEST(Queries, OnlyStreamIsTheOneThatEveryItemNames) {
  EXPECT_EQ(*only_stream(Query::stream("a-1")), "a-1");
  EXPECT_EQ(*only_stream({{{.streams = {"a-1"}, .types = {"t"}}, {.streams = {"a-1"}}}}), "a-1");
  EXPECT_EQ(only_stream(Query::all()), nullptr);
  EXPECT_EQ(only_stream(Query::category("a")), nullptr);
  EXPECT_EQ(only_stream({{{.streams = {"a-1", "a-2"}}}}), nullptr);
  EXPECT_EQ(only_stream({{{.streams = {"a-1"}}, {.types = {"t"}}}}), nullptr);
}

TEST(Names, OfOutcomesAndContentTypes) {
  EXPECT_EQ(to_string(VerifyReport::Outcome::whole), "whole");
  EXPECT_EQ(to_string(VerifyReport::Outcome::changed), "changed");
  EXPECT_EQ(to_string(VerifyReport::Outcome::incomplete), "incomplete");
  EXPECT_EQ(to_string(ContentType::json), "json");
  EXPECT_EQ(to_string(ContentType::binary), "binary");
}

}  // namespace
}  // namespace annals
