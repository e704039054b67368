#include "record_place.hpp"

#include <utility>

#include "plain_text.hpp"
#include "refused_record.hpp"

namespace annals::internal {

Result<RecordPlace> read_place(const HeaderOf& header) {
  RecordPlace place;
  const auto store = header("annals-store");
  const auto id = store ? parse_id<struct StoreIdTag>(*store) : std::nullopt;
  if (!id) return refused_header("annals-store", store);
  place.store = StoreId{id->bytes};
  const auto era = header("annals-era");
  const auto era_number = era ? number_in<std::uint32_t>(*era) : std::nullopt;
  if (!era_number) return refused_header("annals-era", era);
  place.era = {*era_number};
  for (const auto& [name, into] :
       {std::pair{"annals-position", &place.position}, std::pair{"annals-prev", &place.previous}}) {
    const auto text = header(name);
    // Signed, as databases keep it: no store comes to positions beyond.
    const auto value = text ? number_in<std::int64_t>(*text) : std::nullopt;
    if (!value || *value < 0) return refused_header(name, text);
    into->value = static_cast<std::uint64_t>(*value);
  }
  if (place.previous >= place.position) return refused_header("annals-prev", header("annals-prev"));
  if (const auto link = header("annals-link")) {
    place.link = parse_digest(*link);
    if (!place.link) return refused_header("annals-link", link);
  }
  return place;
}

}  // namespace annals::internal
