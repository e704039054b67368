#include "sample_store.hpp"

#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/manual_clock.hpp>

namespace annals::test {

std::unique_ptr<EventStore> open_for_writing(const std::filesystem::path& folder, Timestamp now) {
  LogOptions options;
  options.path = folder.string();
  options.clock = std::make_shared<testkit::ManualClock>(now);
  options.segment_bytes = 64 * 1024;
  auto store = open_log_event_store(std::move(options));
  if (!store) {
    ADD_FAILURE() << to_string(store.error());
    std::abort();
  }
  return std::move(*store);
}

Receipt append(EventStore& store, std::vector<NewEvent> events) {
  AppendRequest request;
  request.checks.push_back({events.front().stream, ExpectedVersion::any()});
  request.events = std::move(events);
  auto receipt = store.append(std::move(request));
  if (!receipt) {
    ADD_FAILURE() << to_string(receipt.error());
    std::abort();
  }
  return *receipt;
}

void make_sample_store(const std::filesystem::path& folder) {
  {
    const auto store = open_for_writing(folder, *parse_timestamp("2024-03-01T12:00:00Z"));
    append(*store, {{.stream = "account-1",
                     .type = "account_opened",
                     .data = R"({"owner":"Ada"})",
                     .metadata = R"({"channel": "branch"})",
                     .tags = {"vip", "region:eu"},
                     .correlation_id = "c-1",
                     .causation_id = "k-1",
                     .actor = "clerk 7",
                     .traceparent = "00-11111111111111111111111111111111-2222222222222222-01",
                     .known_at = parse_timestamp("2024-02-28T00:00:00Z"),
                     .effective_at = parse_timestamp("2024-02-27T00:00:00Z")},
                    {.stream = "account-1",
                     .type = "money_deposited",
                     .data = "{ \"amount\" :\n  \"10.00 EUR\" }"}});
    append(
        *store,
        {{.stream = "account-2", .type = "account_opened", .data = R"({"owner":"Grace"})"},
         {.stream = "account-2", .type = "money_deposited", .data = R"({"amount":"5.00 EUR"})"}});
  }
  const auto store = open_for_writing(folder, *parse_timestamp("2024-03-02T12:00:00Z"));
  append(*store, {{.stream = "blob",
                   .type = "scanned",
                   .data = std::string("\0\xFF\x1B", 3),
                   .content_type = ContentType::binary}});
  append(*store, {{.stream = "blob", .type = "noted", .data = "\x1B[31mred"}});
  append(*store, {{.stream = "account-1",
                   .type = "money_deposited",
                   .data = R"({"amount":"2.50 EUR"})",
                   .tags = {"vip"}}});
}

Ended annals(std::vector<std::string> words) {
  words.insert(words.begin(), ANNALS_PROGRAM);
  return run(words);
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> values;
  for (const std::string& line : split_lines(text)) {
    auto value = parse_json(line);
    if (!value) {
      ADD_FAILURE() << "no JSON: " << line << "\n" << to_string(value.error());
      continue;
    }
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace annals::test
