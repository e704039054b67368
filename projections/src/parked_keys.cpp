#include "parked_keys.hpp"

#include <algorithm>

namespace annals::internal {

bool ParkedKeys::any_of(std::string_view table) const {
  return keys_ > 0 && tables_.find(table) != tables_.end();
}

bool ParkedKeys::contains(std::string_view table, std::string_view key) const {
  const auto found = tables_.find(table);
  return found != tables_.end() && found->second.find(key) != found->second.end();
}

void ParkedKeys::add(const ParkedRow& row, std::uint64_t events) {
  auto& held = tables_[row.table][row.key];
  if (held == 0) ++keys_;
  held += events;
  events_ += events;
}

void ParkedKeys::remove(const ParkedRow& row, std::uint64_t events) {
  const auto table = tables_.find(row.table);
  if (table == tables_.end()) return;
  const auto key = table->second.find(row.key);
  if (key == table->second.end()) return;
  events = std::min(events, key->second);
  events_ -= events;
  key->second -= events;
  if (key->second > 0) return;
  --keys_;
  table->second.erase(key);
  if (table->second.empty()) tables_.erase(table);
}

void ParkedKeys::clear() {
  tables_.clear();
  keys_ = events_ = 0;
}

}  // namespace annals::internal
