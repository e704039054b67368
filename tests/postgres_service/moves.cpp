#include "moves.hpp"

#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace annals::warehouse {

GoodsMoved move_of(std::uint64_t seed, std::uint64_t number) {
  std::mt19937_64 random(seed * 1'000'003 + number);
  const auto shelf = [&] { return std::string(1, static_cast<char>('a' + random() % 12)); };
  const std::string from = shelf();
  const std::string to = shelf();
  const std::string by = random() % 2 == 0 ? "Ada" : "Bob";
  return {from, to, by, static_cast<std::int64_t>(random() % 100)};
}

AppendRequest request_of(std::uint64_t seed, std::uint64_t number) {
  const std::string stream = "warehouse-" + std::to_string(number % 16);
  NewEvent event = written(move_of(seed, number), stream);
  event.correlation_id = std::to_string(number);
  AppendRequest request;
  request.id = append_id_of(std::to_string(seed) + "/" + std::to_string(number));
  request.events.push_back(std::move(event));
  request.checks = {{stream, ExpectedVersion::any()}};
  return request;
}

Result<Settled> append_at_last(EventStore& store, const AppendRequest& request) {
  Settled settled;
  const auto again = [](const Error& error) {
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout;
  };
  while (true) {
    auto receipt = store.append(request);
    if (receipt) {
      settled.receipt = *std::move(receipt);
      return settled;
    }
    if (again(receipt.error())) {
      ++settled.refused;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    if (receipt.error().code != ErrorCode::outcome_unknown) return std::move(receipt).error();
    ++settled.unknown;
    while (true) {
      auto found = store.find_append(*request.id);
      if (found && *found) {
        settled.receipt = **std::move(found);
        return settled;
      }
      if (found) break;  // It never was, and never will be: append anew.
      if (!again(found.error())) return std::move(found).error();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
}

bool Acknowledged::add(std::uint64_t number, const Place& place) {
  const std::lock_guard lock(mutex_);
  const auto [first, is_new] = places_.emplace(number, place);
  EXPECT_EQ(first->second.position, place.position) << "move " << number;
  EXPECT_EQ(first->second.link, place.link) << "move " << number;
  return is_new;
}

std::uint64_t Acknowledged::count() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

std::uint64_t Acknowledged::first_missing() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t number = 0;
  for (const auto& [there, place] : places_) {
    if (there != number) break;
    ++number;
  }
  return number;
}

std::map<std::uint64_t, Acknowledged::Place> Acknowledged::all() const {
  const std::lock_guard lock(mutex_);
  return places_;
}

std::vector<std::uint64_t> expect_kept(const EventStore& store, const Acknowledged& acknowledged) {
  std::map<std::uint64_t, GlobalPosition> there;
  const auto events = read_all(store, {});
  EXPECT_TRUE(events) << to_string(events.error());
  if (!events) return {};
  for (const RecordedEvent& event : *events) {
    const std::uint64_t number = std::stoull(std::string(*event.correlation_id));
    EXPECT_TRUE(there.emplace(number, event.position).second) << "move " << number << " twice";
  }
  std::uint64_t lost = 0;
  std::uint64_t moved = 0;
  for (const auto& [number, place] : acknowledged.all()) {
    const auto found = there.find(number);
    if (found == there.end()) {
      ++lost;
      continue;
    }
    const auto append = store.append_holding(found->second);
    moved += found->second != place.position || !append || append->link != place.link ? 1U : 0U;
  }
  EXPECT_EQ(lost, 0U) << "of " << acknowledged.count() << " acknowledged";
  EXPECT_EQ(moved, 0U) << "of " << acknowledged.count() << " acknowledged";
  const auto report = store.verify({});
  EXPECT_TRUE(report && report->outcome == VerifyReport::Outcome::whole);
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, position] : there) numbers.push_back(number);
  return numbers;
}

void expect_counted_once(const ReadModelStore& rows, std::uint64_t seed,
                         const std::vector<std::uint64_t>& numbers) {
  PlainStock plain;
  std::map<std::string, std::int64_t> goods;
  for (const std::uint64_t number : numbers) {
    const GoodsMoved move = move_of(seed, number);
    plain.fold(move);
    goods[move.by] += move.count;
  }
  expect_rows(rows, plain);
  EXPECT_EQ(goods_in(rows), goods);
}

}  // namespace annals::warehouse
