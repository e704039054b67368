// The worked example of docs/reference/hashes.md, and what each hash depends on.

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>

#include "event_content.hpp"

namespace annals {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

NewEvent example() {
  NewEvent event{
      .stream = "account-42", .type = "money_deposited", .data = R"({"amount":"5.00 EUR"})"};
  event.actor = "clerk";
  event.known_at = parse_timestamp("2024-02-29T12:34:56Z");
  event.tags = {"branch:7"};
  return event;
}

AppendId example_id() { return *parse_id<AppendIdTag>("018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e"); }

// The page without blanks, so that the hex of a field may be set apart.
std::string page() {
  std::ifstream file(ANNALS_SOURCE_DIR "/docs/reference/hashes.md");
  std::string text;
  for (char c = 0; file.get(c);) {
    if (c != ' ') text += c;
  }
  return text;
}

void expect_on_page(const std::string& line) {
  EXPECT_NE(page().find("\n" + line + "\n"), std::string::npos) << line;
}

TEST(Hashes, TheWorkedExampleIsWhatTheCodeComputes) {
  const NewEvent event = example();
  std::string bytes;
  const std::vector<std::string_view> tags(event.tags.begin(), event.tags.end());
  internal::encode_content_head(internal::content_of(event, tags), bytes);
  bytes += event.data;
  // On the page each line is a field: its hex, then its name.
  std::istringstream lines(page());
  std::string on_page;
  for (std::string line; std::getline(lines, line);) {
    const bool first = line.starts_with("616e6e616c732d6576656e742d31");
    if (!first && (on_page.empty() || on_page.size() >= 2 * bytes.size())) continue;
    if (line.empty()) break;
    const std::size_t rest = 2 * bytes.size() - on_page.size();
    std::size_t digits = 0;
    while (digits < rest && digits < line.size() &&
           hex(bytes).substr(on_page.size(), digits + 1) == line.substr(0, digits + 1)) {
      ++digits;
    }
    ASSERT_GT(digits, 0U) << line;
    on_page += line.substr(0, digits);
  }
  EXPECT_EQ(on_page, hex(bytes));

  const Digest content = content_hash(event);
  expect_on_page(to_string(content));
  const StoreId store = *parse_id<StoreIdTag>("00112233-4455-4677-8899-aabbccddeeff");
  const Link zero = first_link(store);
  expect_on_page(to_string(zero));
  const LinkedEvent linked{{0}, content};
  expect_on_page(to_string(next_link(
      zero, example_id(), {1}, *parse_timestamp("2024-03-01T00:00:00.000001Z"), {&linked, 1})));
  expect_on_page(to_string(derived_event_id(example_id(), 0)));
  const RequestDigest digest = request_digest({.events = {event}});
  expect_on_page(hex({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()}));
}

struct Change {
  const char* name;
  std::function<void(NewEvent&)> apply;
  bool same_request;
};

std::vector<Change> changes() {
  return {
      {"stream", [](NewEvent& e) { e.stream += '1'; }, false},
      {"type", [](NewEvent& e) { e.type += '1'; }, false},
      {"data", [](NewEvent& e) { e.data += ' '; }, false},
      {"schema_version", [](NewEvent& e) { e.schema_version = 2; }, false},
      {"content_type", [](NewEvent& e) { e.content_type = ContentType::binary; }, false},
      {"id", [](NewEvent& e) { e.id = EventId{}; }, true},
      {"metadata", [](NewEvent& e) { e.metadata = "{}"; }, true},
      {"tags", [](NewEvent& e) { e.tags.push_back("z"); }, false},
      {"no tags", [](NewEvent& e) { e.tags.clear(); }, false},
      {"correlation_id", [](NewEvent& e) { e.correlation_id = "x"; }, true},
      {"causation_id", [](NewEvent& e) { e.causation_id = "x"; }, true},
      {"actor", [](NewEvent& e) { e.actor = "x"; }, false},
      {"no actor", [](NewEvent& e) { e.actor.reset(); }, false},
      {"traceparent", [](NewEvent& e) { e.traceparent = "x"; }, true},
      {"known_at", [](NewEvent& e) { *e.known_at += std::chrono::microseconds(1); }, false},
      {"no known_at", [](NewEvent& e) { e.known_at.reset(); }, false},
      {"effective_at", [](NewEvent& e) { e.effective_at = e.known_at; }, false},
      // Bytes that move from one field to the next.
      {"boundary", [](NewEvent& e) { e.stream += e.type[0], e.type.erase(0, 1); }, false},
  };
}

TEST(Hashes, EveryFieldOfTheWriterChangesTheContentHash) {
  std::set<Digest> seen = {content_hash(example())};
  for (const Change& change : changes()) {
    NewEvent event = example();
    change.apply(event);
    EXPECT_TRUE(seen.insert(content_hash(event)).second) << change.name;
  }
}

TEST(Hashes, TheRequestDigestLeavesOutTraceFieldsMetadataAndIds) {
  const RequestDigest first = request_digest({.events = {example()}});
  for (const Change& change : changes()) {
    NewEvent event = example();
    change.apply(event);
    EXPECT_EQ(request_digest({.events = {event}}) == first, change.same_request) << change.name;
  }
}

TEST(Hashes, TheRequestDigestDependsOnOrderAndNotOnChecksConditionsOrAppendId) {
  NewEvent other = example();
  other.stream = "account-43";
  const AppendRequest request{.events = {example(), other}};
  const RequestDigest digest = request_digest(request);
  EXPECT_NE(request_digest({.events = {other, example()}}), digest);
  EXPECT_NE(request_digest({.events = {example()}}), digest);
  AppendRequest checked = request;
  checked.checks.push_back({"account-42", ExpectedVersion::no_stream()});
  checked.conditions.push_back({Query::all(), {7}});
  checked.id = example_id();
  EXPECT_EQ(request_digest(checked), digest);
}

TEST(Hashes, AnEmptyOptionalTextIsAbsent) {
  NewEvent event = example();
  event.correlation_id = "";
  event.traceparent = "";
  EXPECT_EQ(content_hash(event), content_hash(example()));
}

TEST(Hashes, ALinkDependsOnEverythingItCovers) {
  const Link zero = first_link(StoreId{});
  const Timestamp at = *parse_timestamp("2024-03-01T00:00:00Z");
  const LinkedEvent events[] = {{{0}, content_hash(example())}, {{1}, {}}};
  LinkedEvent other_version[] = {events[0], {{2}, {}}};
  LinkedEvent other_content[] = {events[0], {{1}, zero}};
  const std::span<const LinkedEvent> both(events);
  std::set<Link> links = {
      zero,
      next_link(zero, example_id(), {1}, at, both),
      next_link(Link{}, example_id(), {1}, at, both),
      next_link(zero, AppendId{}, {1}, at, both),
      next_link(zero, example_id(), {2}, at, both),
      next_link(zero, example_id(), {1}, at + std::chrono::microseconds(1), both),
      next_link(zero, example_id(), {1}, at, both.first(1)),
      next_link(zero, example_id(), {1}, at, other_version),
      next_link(zero, example_id(), {1}, at, other_content)};
  EXPECT_EQ(links.size(), 9U);
  EXPECT_NE(first_link(new_store_id()), zero);
}

TEST(Hashes, DerivedEventIdsDifferByAppendAndIndex) {
  const std::set<EventId> ids = {derived_event_id(example_id(), 0),
                                 derived_event_id(example_id(), 1),
                                 derived_event_id(AppendId{}, 0)};
  EXPECT_EQ(ids.size(), 3U);
}

}  // namespace
}  // namespace annals
