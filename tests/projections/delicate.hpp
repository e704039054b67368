#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "warehouse.hpp"

namespace annals::warehouse {

/// A shelf whose fold breaks at some moves, and whose row tells in which order its events came.
struct Delicate {
  std::string shelf;
  std::int64_t count = 0;
  std::int64_t order = 0;
  ANNALS_ROW(Delicate, "delicate", (shelf), count, order);

  using Events = annals::Events<GoodsArrived, GoodsMoved, ShelfCleared>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  static std::vector<std::string> keys(const GoodsMoved& e) {
    if (e.by == "nobody") throw std::runtime_error("nobody moved it");
    return {e.from, e.to};
  }
  static std::string keys(const ShelfCleared& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { take(e.count); }
  void evolve(const GoodsMoved& e) {
    take(shelf == e.from ? -e.count : e.count);  // What was begun is undone if it breaks.
    if (breaks(shelf, e)) throw std::runtime_error("the shelf breaks under " + e.by);
  }
  bool drop(const ShelfCleared&) const { return true; }

  void take(std::int64_t more) {
    count += more;
    order = static_cast<std::int64_t>(static_cast<std::uint64_t>(order) * 31U +
                                      static_cast<std::uint64_t>(more));
  }
  /// Where it breaks: where such a move takes goods from. -1: nowhere, the fold is mended.
  static inline std::atomic<std::int64_t> breaks_at = 7;
  static bool breaks(const std::string& shelf, const GoodsMoved& e) {
    return shelf == e.from && e.count % 10 == breaks_at;
  }
  bool operator==(const Delicate&) const = default;
};
struct DelicateStock {
  static constexpr auto name = "delicate_stock";
  static constexpr int version = 1;
  static constexpr auto on_failure = OnFailure::park;
  using Tables = annals::Tables<Delicate, Handling>;
};

/// What DelicateStock comes to, folded and parked without annals.
class PlainDelicate {
 public:
  using Event = std::variant<GoodsArrived, GoodsMoved, ShelfCleared>;

  void fold(std::uint64_t position, const Event& event) {
    if (const auto* arrived = std::get_if<GoodsArrived>(&event)) {
      come(arrived->shelf, position, event);
    } else if (const auto* moved = std::get_if<GoodsMoved>(&event)) {
      come(moved->from, position, event);
      if (moved->to != moved->from) come(moved->to, position, event);
      handle(*moved, moved->from);
      if (moved->to != moved->from) handle(*moved, moved->to);
    } else {
      come(std::get<ShelfCleared>(event).shelf, position, event);
    }
  }
  void retry(const std::string& shelf) {
    auto& queue = parked_[shelf];
    while (!queue.empty() && take(shelf, queue.front().second)) queue.pop_front();
    if (queue.empty()) parked_.erase(shelf);
  }
  void skip(const std::string& shelf) {
    parked_.at(shelf).pop_front();
    retry(shelf);
  }
  std::vector<std::string> parked() const {
    std::vector<std::string> shelves;
    for (const auto& [shelf, queue] : parked_) shelves.push_back(shelf);
    return shelves;
  }
  void expect_in(const ReadModelStore& store) const {
    std::vector<Delicate> rows;
    for (const auto& [shelf, row] : rows_) rows.push_back(row);
    EXPECT_EQ(all_rows<Delicate>(store), rows);
    std::vector<Handling> handlings;
    for (const auto& [key, row] : handlings_) handlings.push_back(row);
    EXPECT_EQ(all_rows<Handling>(store), handlings);
    std::map<std::string, std::vector<std::uint64_t>> wanted;
    for (const auto& [shelf, queue] : parked_) {
      for (const auto& [position, event] : queue) wanted[shelf].push_back(position);
    }
    std::map<std::string, std::vector<std::uint64_t>> found;
    auto transaction = store.read();
    ASSERT_TRUE(transaction) << to_string(transaction.error());
    auto keys = parked_keys(**transaction);
    ASSERT_TRUE(keys) << to_string(keys.error());
    for (const ParkedKey& key : *keys) {
      auto events = parked_events(**transaction, key.projection, key.row);
      ASSERT_TRUE(events) << to_string(events.error());
      for (const ParkedEvent& event : *events) found[key.row.key].push_back(event.position.value);
    }
    EXPECT_EQ(found, wanted);
  }

 private:
  void come(const std::string& shelf, std::uint64_t position, const Event& event) {
    if (parked_.contains(shelf) || !take(shelf, event)) {
      parked_[shelf].emplace_back(position, event);
    }
  }
  bool take(const std::string& shelf, const Event& event) {
    if (const auto* moved = std::get_if<GoodsMoved>(&event)) {
      if (Delicate::breaks(shelf, *moved)) return false;
      row(shelf).take(shelf == moved->from ? -moved->count : moved->count);
    } else if (const auto* arrived = std::get_if<GoodsArrived>(&event)) {
      row(shelf).take(arrived->count);
    } else {
      rows_.erase(shelf);
    }
    return true;
  }
  Delicate& row(const std::string& shelf) {
    Delicate& row = rows_[shelf];
    row.shelf = shelf;
    return row;
  }
  void handle(const GoodsMoved& moved, const std::string& shelf) {
    Handling& row = handlings_[{moved.by, shelf}];
    row.worker = moved.by;
    row.shelf = shelf;
    ++row.moves;
  }

  std::map<std::string, Delicate> rows_;
  Handlings handlings_;
  std::map<std::string, std::deque<std::pair<std::uint64_t, Event>>> parked_;
};

inline std::vector<ParkedKey> parked_in(const ReadModelStore& store) {
  auto transaction = store.read();
  EXPECT_TRUE(transaction) << to_string(transaction.error());
  if (!transaction) return {};
  auto keys = parked_keys(**transaction);
  EXPECT_TRUE(keys) << to_string(keys.error());
  return keys ? *std::move(keys) : std::vector<ParkedKey>{};
}

}  // namespace annals::warehouse
