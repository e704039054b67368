#include "random_work.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace annals::simulation {

std::string RandomWork::stream() {
  constexpr std::array categories{"account", "card", "loan", "household"};
  const std::uint64_t number = chance(50) ? below(6) : below(streams_);
  return categories[number % categories.size()] + ("-" + std::to_string(number));
}

NewEvent RandomWork::event(const std::string& stream, const std::string& type,
                           std::uint64_t amount) {
  std::size_t padding = below(300);
  if (chance(8)) padding = 4'000 + below(16'000);
  if (chance(1) && chance(50)) padding = 70'000 + below(80'000);
  NewEvent event{.stream = stream,
                 .type = type,
                 .data = "{\"amount\":" + std::to_string(amount) + ",\"note\":\"" +
                         std::string(padding, static_cast<char>('a' + below(26))) + "\"}"};
  if (!frame_.empty() && chance(3)) {
    // Eight times, so that one of them begins where a frame can.
    event.content_type = ContentType::binary;
    for (int i = 0; i < 8; ++i) event.data += frame_ + std::string(1, ' ');
  }
  if (chance(20)) event.tags = {"card", "monthly"};
  if (chance(20)) event.tags = {"branch-" + std::to_string(below(20))};
  if (chance(20)) event.metadata = "{\"by\":\"teller\"}";
  return event;
}

AppendRequest RandomWork::request() {
  AppendRequest request;
  const std::string one = stream();
  const std::string two = stream();
  const std::uint64_t amount = below(10'000);
  if (chance(3)) {
    for (std::uint64_t i = below(60); i <= 60; ++i) {
      request.events.push_back({.stream = stream(), .type = "account_opened", .data = "{}"});
    }
  } else if (chance(50) || one == two) {
    for (std::uint64_t i = 0; i <= (chance(20) ? below(9) : 0); ++i) {
      request.events.push_back(event(one, "money_deposited", amount + i));
    }
  } else {
    request.events.push_back(event(one, "money_sent", amount));
    request.events.push_back(event(two, "money_received", amount));
  }
  std::set<std::string> written;
  for (const NewEvent& event : request.events) {
    if (!written.insert(event.stream).second) continue;
    request.checks.push_back({event.stream, ExpectedVersion::any()});
  }
  request.id =
      append_id_of("run " + std::to_string(seed_) + " append " + std::to_string(requests_++));
  return request;
}

}  // namespace annals::simulation
