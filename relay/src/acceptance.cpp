#include "acceptance.hpp"

#include <charconv>

namespace annals::internal {

namespace {

template <typename T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error unreadable(std::string_view name, const std::optional<std::string_view>& value) {
  const std::string header = "header " + std::string(name);
  return {ErrorCode::corrupt, "a record is no relay's: " +
                                  (value ? header + " cannot be read: '" + std::string(*value) + "'"
                                         : header + " is missing")};
}

}  // namespace

Result<RecordPlace> read_place(const HeaderOf& header) {
  RecordPlace place;
  const auto store = header("annals-store");
  const auto id = store ? parse_id<struct StoreIdTag>(*store) : std::nullopt;
  if (!id) return unreadable("annals-store", store);
  place.store = StoreId{id->bytes};
  const auto era = header("annals-era");
  const auto era_number = era ? number_in<std::uint32_t>(*era) : std::nullopt;
  if (!era_number) return unreadable("annals-era", era);
  place.era = {*era_number};
  for (const auto& [name, into] :
       {std::pair{"annals-position", &place.position}, std::pair{"annals-prev", &place.previous}}) {
    const auto text = header(name);
    const auto value = text ? number_in<std::uint64_t>(*text) : std::nullopt;
    if (!value) return unreadable(name, text);
    into->value = *value;
  }
  if (place.previous >= place.position) return unreadable("annals-prev", header("annals-prev"));
  if (const auto link = header("annals-link")) {
    place.link = parse_digest(*link);
    if (!place.link) return unreadable("annals-link", link);
  }
  return place;
}

Result<bool> Acceptance::take(std::uint32_t partition, const RecordPlace& place) {
  ANNALS_ASSERT(partition < taken_.size(), "a partition that the topic does not have");
  const std::string where = "topic " + topic_ + ", partition " + std::to_string(partition);
  if (place.store != history_.store) {
    return Error{ErrorCode::invalid_argument, where + ": position " + to_string(place.position) +
                                                  " is of store " + to_string(place.store) +
                                                  ", not of " + to_string(history_.store)};
  }
  GlobalPosition& last = taken_[partition];
  if (place.position <= last) return false;
  if (place.era != history_.era) {
    return Error{ErrorCode::diverged, where + ": position " + to_string(place.position) +
                                          " is of era " + std::to_string(place.era.value) +
                                          ", and what was taken is of era " +
                                          std::to_string(history_.era.value)};
  }
  if (place.previous > last) {
    return Error{ErrorCode::corrupt, where + ": a gap: position " + to_string(place.position) +
                                         " follows " + to_string(place.previous) +
                                         ", and the last one taken is " + to_string(last)};
  }
  last = place.position;
  return true;
}

}  // namespace annals::internal
