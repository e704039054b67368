#include "requests.hpp"

#include <random>
#include <string>

namespace annals::crash {

AppendRequest request(std::uint64_t seed, std::uint64_t number) {
  std::mt19937_64 dice(seed * 1'000'003 + number);
  // A few that are busy, and many others.
  const auto account = [&] {
    return "account-" + std::to_string(dice() % (dice() % 2 == 0 ? 7 : 3'000));
  };
  const auto event = [&](const std::string& stream, const char* type) {
    // Long ones make segments of 64 KiB roll over.
    const std::size_t note = dice() % 20 == 0 ? 9'000 + dice() % 9'000 : dice() % 500;
    return NewEvent{.stream = stream,
                    .type = type,
                    .data = "{\"amount\":" + std::to_string(dice() % 100'000) + ",\"note\":\"" +
                            std::string(note, static_cast<char>('a' + dice() % 26)) + "\"}"};
  };
  AppendRequest request;
  request.id = append_id_of("crash " + std::to_string(seed) + " " + std::to_string(number));
  const std::string from = account();
  const std::string to = account();
  request.checks = {{from, ExpectedVersion::any()}};
  if (from == to) {
    for (std::uint64_t i = dice() % 12 + 1; i > 0; --i) {
      request.events.push_back(event(from, "money_deposited"));
    }
  } else {
    request.events = {event(from, "money_sent"), event(to, "money_received")};
    request.checks.push_back({to, ExpectedVersion::any()});
  }
  return request;
}

}  // namespace annals::crash
