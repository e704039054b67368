#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "posting_list.hpp"

namespace annals::internal {

/// The two directions in which posting lists are walked. `end` comes after every position; a
/// position is counted from 1 here, so that both ends lie outside.
struct Ascending {
  static constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  static bool before(std::uint64_t a, std::uint64_t b) { return a < b; }
  static std::uint64_t next(std::uint64_t position) { return position + 1; }
};
struct Descending {
  static constexpr std::uint64_t end = 0;
  static bool before(std::uint64_t a, std::uint64_t b) { return a > b; }
  static std::uint64_t next(std::uint64_t position) { return position - 1; }
};

/// One list. Every walk's `seek(bound)` gives the first match that is not before `bound`, or
/// Order::end; bounds only move on.
template <typename Order>
class ListWalk {
 public:
  explicit ListWalk(PostingList list) : list_(std::move(list)) {
    if constexpr (std::is_same_v<Order, Descending>) at_ = list_.size();
  }

  std::size_t size() const { return list_.size(); }

  std::uint64_t seek(std::uint64_t bound) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    if constexpr (std::is_same_v<Order, Ascending>) {
      if (bound > most) return Order::end;
      at_ = list_.lower_bound(at_, bound == 0 ? 0 : static_cast<std::uint32_t>(bound - 1));
      if (at_ == list_.size()) return Order::end;
      // A list that does not ascend, which no checksum tells, ends where that shows.
      const std::uint64_t found = std::uint64_t{list_.at(at_)} + 1;
      return found < bound ? Order::end : found;
    } else {
      // at_: behind the last one that is not yet passed.
      if (bound == 0) return Order::end;
      if (at_ > 0 && std::uint64_t{list_.at(at_ - 1)} + 1 > bound) {
        at_ = std::min(at_, list_.lower_bound(0, static_cast<std::uint32_t>(bound)));
      }
      if (at_ == 0) return Order::end;
      const std::uint64_t found = std::uint64_t{list_.at(at_ - 1)} + 1;
      return found > bound ? Order::end : found;
    }
  }

 private:
  PostingList list_;
  std::size_t at_ = 0;
};

/// Any of several lists: the types of a query item, say.
template <typename Order>
class AnyWalk {
 public:
  void add(PostingList list) { lists_.emplace_back(std::move(list)); }

  bool empty() const { return lists_.empty(); }
  std::size_t size() const {
    std::size_t sum = 0;
    for (const auto& list : lists_) sum += list.size();
    return sum;
  }

  std::uint64_t seek(std::uint64_t bound) {
    std::uint64_t first = Order::end;
    for (auto& list : lists_) {
      const std::uint64_t found = list.seek(bound);
      if (Order::before(found, first)) first = found;
    }
    return first;
  }

 private:
  std::vector<ListWalk<Order>> lists_;
};

/// All of several conditions: a query item. The smallest drives; the others are asked only about
/// what it has.
template <typename Order>
class AllWalk {
 public:
  explicit AllWalk(std::vector<AnyWalk<Order>> conditions) : conditions_(std::move(conditions)) {
    std::sort(conditions_.begin(), conditions_.end(),
              [](const auto& a, const auto& b) { return a.size() < b.size(); });
  }

  std::uint64_t seek(std::uint64_t bound) {
    if (!Order::before(found_, bound)) return found_;
    std::uint64_t candidate = bound;
    for (std::size_t agreed = 0; agreed < conditions_.size() && candidate != Order::end;) {
      const std::uint64_t found = conditions_[agreed].seek(candidate);
      // On disagreement back to the driver, which skips most of what the others would be asked.
      agreed = agreed == 0 || found == candidate ? agreed + 1 : 0;
      candidate = found;
    }
    found_ = candidate;
    return found_;
  }

 private:
  std::vector<AnyWalk<Order>> conditions_;  // Not empty.
  // The last answer. Before anything was asked it is before every bound.
  std::uint64_t found_ = Order::before(0, 1) ? 0 : std::numeric_limits<std::uint64_t>::max();
};

}  // namespace annals::internal
