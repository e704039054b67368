#include <algorithm>
#include <exception>
#include <utility>

#include <annals/codec/json.hpp>
#include <annals/codec/json_value.hpp>
#include <annals/codec/upcaster.hpp>

namespace annals {

namespace {

Error failed(ErrorCode code, std::string message) {
  return {.code = code, .message = std::move(message)};
}

std::string step_name(std::string_view event, std::uint32_t from) {
  return "upcaster of " + std::string(event) + " from schema version " + std::to_string(from);
}

// Runs one step; whatever the user's function throws becomes an error.
Result<nlohmann::json> run_step(const JsonUpcaster& step, std::string_view event,
                                std::uint32_t from, nlohmann::json value) {
  std::string reason;
  try {
    auto next = step(std::move(value));
    if (next) return next;
    Error error = std::move(next).error();
    error.message = step_name(event, from) + ": " + error.message;
    return error;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "an exception that is not a std::exception";
  }
  return failed(ErrorCode::invalid_argument, step_name(event, from) + " threw: " + reason);
}

}  // namespace

Result<void> Upcasters::add(std::string event, std::uint32_t from, JsonUpcaster step) {
  if (from == 0) {
    return failed(ErrorCode::invalid_argument,
                  step_name(event, from) + ": schema versions begin with 1");
  }
  const auto [place, fresh] = steps_.try_emplace(
      Key{std::move(event), from}, std::make_shared<const JsonUpcaster>(std::move(step)));
  if (fresh) return {};
  return failed(ErrorCode::invalid_argument,
                step_name(place->first.first, from) + " is registered already");
}

Result<void> Upcasters::rename(std::string stored, std::string current) {
  if (names_.contains(stored)) {
    return failed(ErrorCode::invalid_argument, "event " + stored + " is renamed already");
  }
  if (current_name(current) == stored) {
    return failed(ErrorCode::invalid_argument,
                  "event " + stored + " cannot be renamed to " + current + ": that is a circle");
  }
  names_.emplace(std::move(stored), std::move(current));
  return {};
}

std::string_view Upcasters::current_name(std::string_view stored) const {
  for (auto place = names_.find(stored); place != names_.end(); place = names_.find(stored)) {
    stored = place->second;
  }
  return stored;
}

const JsonUpcaster* Upcasters::find(std::string_view event, std::uint32_t from) const {
  const auto place = steps_.find(std::pair<std::string_view, std::uint32_t>{event, from});
  return place == steps_.end() ? nullptr : place->second.get();
}

std::vector<std::string> Upcasters::stored_names(std::string_view current) const {
  std::vector<std::string> stored;
  for (const auto& [earlier, later] : names_) {
    if (current_name(later) == current) stored.push_back(earlier);
  }
  return stored;
}

Query Upcasters::with_stored_names(Query query) const {
  for (QueryItem& item : query.items) {
    std::vector<std::string> stored;
    for (const std::string& type : item.types) {
      for (std::string& name : stored_names(type)) stored.push_back(std::move(name));
    }
    for (std::string& name : stored) {
      if (std::find(item.types.begin(), item.types.end(), name) == item.types.end()) {
        item.types.push_back(std::move(name));
      }
    }
  }
  return query;
}

bool Upcasters::reaches(std::string_view event, std::uint32_t from, std::uint32_t to) const {
  if (from == 0 || from > to) return false;
  while (from < to && find(event, from) != nullptr) ++from;
  return from == to;
}

Result<void> decode_event_into(const EventType& type, std::uint32_t schema_version,
                               std::string_view data, const Upcasters& upcasters, void* event) {
  const ValueType value_type{ValueKind::structure, type.table};
  if (schema_version == type.schema_version) {
    return detail::read_value(data, value_type, event, type.name, UnknownFields::ignore);
  }
  const std::string name(type.name);
  if (schema_version > type.schema_version) {
    return failed(ErrorCode::unsupported,
                  name + ": stored in schema version " + std::to_string(schema_version) +
                      ", this program knows " + std::to_string(type.schema_version) +
                      ": deploy the newer program first");
  }
  auto value = parse_json(data);
  if (!value) {
    Error error = std::move(value).error();
    error.message = name + ": " + error.message;
    return error;
  }
  for (std::uint32_t from = schema_version; from < type.schema_version; ++from) {
    const JsonUpcaster* step = upcasters.find(type.name, from);
    if (step == nullptr) {
      return failed(ErrorCode::unsupported, "there is no " + step_name(type.name, from) + " to " +
                                                std::to_string(from + 1));
    }
    value = run_step(*step, type.name, from, std::move(*value));
    if (!value) return std::move(value).error();
  }
  std::string text;
  if (auto written = write_json(*value, text); !written) {
    return failed(ErrorCode::invalid_argument,
                  name + ": what its upcasters made cannot be written: " + written.error().message);
  }
  return detail::read_value(text, value_type, event, type.name, UnknownFields::ignore);
}

Result<AnyEvent> decode_event(const EventType& type, std::uint32_t schema_version,
                              std::string_view data, const Upcasters& upcasters) {
  AnyEvent event(type);
  auto decoded = decode_event_into(type, schema_version, data, upcasters, event.data());
  if (!decoded) return std::move(decoded).error();
  return event;
}

}  // namespace annals
