#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace annals::internal {

/// The two directions in which posting lists are walked. `end` comes after every position.
struct Ascending {
  static constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  static bool before(std::uint64_t a, std::uint64_t b) { return a < b; }
  static std::uint64_t next(std::uint64_t position) { return position + 1; }
  static std::uint64_t at(const std::vector<std::uint64_t>& list, std::size_t i) { return list[i]; }
};
struct Descending {
  static constexpr std::uint64_t end = 0;
  static bool before(std::uint64_t a, std::uint64_t b) { return a > b; }
  static std::uint64_t next(std::uint64_t position) { return position - 1; }
  static std::uint64_t at(const std::vector<std::uint64_t>& list, std::size_t i) {
    return list[list.size() - 1 - i];
  }
};

/// One list. Every walk's `seek(bound)` gives the first match that is not before `bound`, or
/// Order::end; bounds only move on.
template <typename Order>
class ListWalk {
 public:
  explicit ListWalk(const std::vector<std::uint64_t>& list) : list_(&list) {}

  std::size_t size() const { return list_->size(); }

  // Doubles its step, then halves it: cheap for the next posting and for one far away.
  std::uint64_t seek(std::uint64_t bound) {
    const std::size_t size = list_->size();
    if (at_ == size) return Order::end;
    if (const std::uint64_t here = Order::at(*list_, at_); !Order::before(here, bound)) return here;
    std::size_t low = at_;
    std::size_t step = 1;
    while (low + step < size && Order::before(Order::at(*list_, low + step), bound)) {
      low += step;
      step *= 2;
    }
    std::size_t high = std::min(low + step, size);
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      (Order::before(Order::at(*list_, middle), bound) ? low : high) = middle;
    }
    at_ = high;
    return at_ == size ? Order::end : Order::at(*list_, at_);
  }

 private:
  const std::vector<std::uint64_t>* list_;
  std::size_t at_ = 0;
};

/// Any of several lists: the types of a query item, say.
template <typename Order>
class AnyWalk {
 public:
  void add(const std::vector<std::uint64_t>& list) { lists_.emplace_back(list); }

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
