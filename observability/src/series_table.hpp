#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace annals::internal {

/// One Series for each value of a label, made when it is first asked for, and never moved. Found
/// and made without a lock. Values beyond values_max share the series of "other", so that no input
/// makes it grow without end. Thread-safe.
template <typename Series>
class SeriesTable {
 public:
  static constexpr std::size_t values_max = 500;

  SeriesTable() = default;
  ~SeriesTable() {
    for (auto& slot : slots_) delete slot.load();
  }
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  Series& at(std::string_view value) {
    // There are more slots than values, so that one that is free ends each search.
    for (std::size_t i = std::hash<std::string_view>()(value);; ++i) {
      std::atomic<Entry*>& slot = slots_[i % slots_.size()];
      Entry* entry = slot.load(std::memory_order_acquire);
      if (entry == nullptr) {
        if (size_.fetch_add(1, std::memory_order_relaxed) >= values_max) {
          size_.fetch_sub(1, std::memory_order_relaxed);
          return other_.series;
        }
        auto made = std::make_unique<Entry>(value);
        if (slot.compare_exchange_strong(entry, made.get(), std::memory_order_acq_rel)) {
          return made.release()->series;
        }
        size_.fetch_sub(1, std::memory_order_relaxed);  // Another thread was first: `entry` is its.
      }
      if (entry->value == value) return entry->series;
    }
  }

  /// `visit` takes a value and its series.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& slot : slots_) {
      const Entry* const entry = slot.load(std::memory_order_acquire);
      if (entry != nullptr) visit(std::string_view(entry->value), entry->series);
    }
    visit(std::string_view(other_.value), other_.series);
  }

 private:
  struct Entry {
    explicit Entry(std::string_view name) : value(name) {}
    const std::string value;
    Series series{};
  };
  std::array<std::atomic<Entry*>, 2 * values_max> slots_{};
  std::atomic<std::size_t> size_ = 0;
  Entry other_{"other"};
};

}  // namespace annals::internal
