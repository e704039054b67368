#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <annals/projections/parked.hpp>

namespace annals::internal {

/// The keys of one projection that are parked, in memory: events of theirs queue up behind those
/// that are. Belongs to one thread at a time.
class ParkedKeys {
 public:
  bool any_of(std::string_view table) const;
  bool contains(std::string_view table, std::string_view key) const;
  std::uint64_t keys() const noexcept { return keys_; }
  std::uint64_t events() const noexcept { return events_; }

  /// `events` more are parked for a row.
  void add(const ParkedRow& row, std::uint64_t events);
  /// So many are parked no longer; with the last one the key is free.
  void remove(const ParkedRow& row, std::uint64_t events);
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Events = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;

  std::map<std::string, Events, std::less<>> tables_;  // None is empty.
  std::uint64_t keys_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace annals::internal
