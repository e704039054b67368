#include "books.hpp"

#include <utility>

#include "log/open.hpp"

namespace annals::simulation {

LogOptions Books::options(LogOptions::Access access) const {
  const bool packed = segments_ == Segments::packed;
  return {.path = path_,
          .access = access,
          .segment_bytes = 64 * 1024,
          .compression = packed ? Compression::zstd : Compression::none,
          .clock = clock_,
          .files = disk_};
}

Result<std::unique_ptr<EventStore>> Books::open() {
  if (segments_ == Segments::plain) return open_log_event_store(options());
  return internal::open_log_event_store(options(), internal::PlantedBug::none);
}

AppendRequest Books::request(std::size_t number) {
  const auto event = [&](const std::string& account, const std::string& type) {
    const std::size_t note = number % 4 == 3 ? 900 : 6'000 + 500 * number;
    return NewEvent{.stream = "account-" + account,
                    .type = type,
                    .data = "{\"amount\":" + std::to_string(100 + number) + ",\"note\":\"" +
                            std::string(note, static_cast<char>('a' + number)) + "\"}",
                    .metadata = "{\"teller\":7}",
                    .tags = {"branch-1"}};
  };
  AppendRequest request;
  request.id = append_id_of("books " + std::to_string(number));
  if (number % 2 == 0) {
    request.events = {event("1", "money_deposited")};
  } else {
    request.events = {event("1", "money_sent"), event("2", "money_received")};
    request.checks = {{"account-2", ExpectedVersion::any()}};
  }
  request.checks.push_back({"account-1", ExpectedVersion::any()});
  return request;
}

Result<void> Books::work(EventStore& store, std::size_t up_to) {
  for (; next_ < up_to; ++next_, next_sent_ = false) {
    clock_->advance(std::chrono::milliseconds(5));
    AppendRequest request = Books::request(next_);
    if (!std::exchange(next_sent_, true)) oracle_.send(request);
    auto receipt = store.append(std::move(request));
    if (!receipt) {
      if (receipt.error().code == ErrorCode::unavailable && !disk_->is_off()) {
        oracle_.refuse(next_);
      } else {
        oracle_.doubt(next_);
      }
      return std::move(receipt).error();
    }
    oracle_.acknowledge(next_, *receipt);
    if (next_ % 5 == 0) {
      // A cache: that it cannot be saved is no reason to stop.
      (void)store.save_snapshot({.stream = receipt->versions.front().stream,
                                 .version = receipt->versions.front().last,
                                 .position = receipt->last_position,
                                 .link = receipt->link,
                                 .data = "state"});
    }
  }
  return {};
}

std::optional<std::string> Books::reopen_and_compare() {
  auto store = open();
  if (!store) return "cannot be opened: " + to_string(store.error());
  return compare(**store);
}

}  // namespace annals::simulation
