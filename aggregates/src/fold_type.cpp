#include <mutex>
#include <shared_mutex>
#include <span>
#include <unordered_map>

#include <annals/aggregates/aggregate.hpp>
#include <annals/aggregates/fold_type.hpp>
#include <annals/codec/fingerprint.hpp>

namespace annals {

namespace {

// FNV-1a over further bytes.
void mix(std::uint64_t& hash, std::string_view bytes) {
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3U;
  }
}

void mix(std::uint64_t& hash, std::uint32_t number) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    hash ^= (number >> shift) & 0xFFU;
    hash *= 0x100000001B3U;
  }
}

// The events count too: a state that has skipped an event must not be continued by a program that
// folds it.
std::uint64_t compute_fingerprint(const FoldType& type) {
  std::uint64_t hash = fingerprint_of(*type.table);
  mix(hash, type.fold_version);
  for (const EventSlot& slot : std::span(type.events, type.event_count)) {
    mix(hash, slot.type->name);
    mix(hash, slot.type->schema_version);
  }
  return hash;
}

}  // namespace

const EventSlot* FoldType::find(std::string_view event_name) const noexcept {
  for (const EventSlot& slot : std::span(events, event_count)) {
    if (slot.type->name == event_name) return &slot;
  }
  return nullptr;
}

const EventSlot* FoldType::find(const EventType& type) const noexcept {
  for (const EventSlot& slot : std::span(events, event_count)) {
    if (slot.type == &type) return &slot;
  }
  return nullptr;
}

// Every load asks for it, and writing the shape out costs more than a short fold.
std::uint64_t FoldType::fingerprint() const {
  static std::shared_mutex mutex;
  static std::unordered_map<const FoldType*, std::uint64_t> known;
  {
    const std::shared_lock lock(mutex);
    if (const auto found = known.find(this); found != known.end()) return found->second;
  }
  const std::uint64_t value = compute_fingerprint(*this);
  const std::unique_lock lock(mutex);
  return known.emplace(this, value).first->second;
}

std::string stream_name(std::string_view category, std::string_view id) {
  std::string name;
  name.reserve(category.size() + 1 + id.size());
  name += category;
  name += '-';
  name += id;
  return name;
}

}  // namespace annals
