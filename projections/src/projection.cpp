#include <algorithm>
#include <string>
#include <utility>

#include <annals/codec/fingerprint.hpp>
#include <annals/projections/projection.hpp>

namespace annals {

const RowSlot* TableType::find(const EventType& type) const noexcept {
  const RowSlot* end = events + event_count;
  const RowSlot* slot =
      std::find_if(events, end, [&](const RowSlot& s) { return s.type == &type; });
  return slot == end ? nullptr : slot;
}

std::vector<const EventType*> ProjectionType::event_types() const {
  std::vector<const EventType*> types;
  const auto add = [&](const EventType* type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  for (std::size_t t = 0; t < table_count; ++t) {
    for (std::size_t e = 0; e < tables[t]->event_count; ++e) add(tables[t]->events[e].type);
  }
  for (std::size_t e = 0; e < sql_count; ++e) add(sql[e].type);
  return types;
}

Query ProjectionType::query(const Upcasters& upcasters) const {
  QueryItem item;
  for (std::size_t i = 0; i < category_count; ++i) item.categories.emplace_back(categories[i]);
  for (const EventType* type : event_types()) item.types.emplace_back(type->name);
  return upcasters.with_stored_names({{std::move(item)}});
}

namespace {

std::string definition_of(const TableType& table) {
  std::string text = "table " + std::string(table.name) + shape_of(*table.columns) + " key " +
                     std::to_string(table.key_columns);
  for (std::size_t i = 0; i < table.index_count; ++i) {
    text.append(" index ").append(table.indexes[i]);
  }
  return text;
}

}  // namespace

std::uint64_t ProjectionType::fingerprint() const {
  std::string text = "version " + std::to_string(version);
  for (std::size_t t = 0; t < table_count; ++t) text.append("; ").append(definition_of(*tables[t]));
  text.append("; sql ").append(schema);
  // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace annals
