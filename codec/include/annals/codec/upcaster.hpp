/// @file
/// Reads stored events, old shapes included.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// One step from a schema version to the next, over nlohmann::json; what it is made of is in
/// <annals/codec/json_value.hpp>, which programs that register steps include.
class JsonUpcaster;

/// How events stored in earlier shapes become events of today's. Filled at start, then only read:
/// calls of const functions from several threads are fine. Copies share the steps.
///
/// Snapshots and read models hold what the steps made when they were folded, and nobody can tell
/// from a function that it does something else now: whoever changes a step raises the
/// `fold_version` of the aggregates and the `version` of the projections that know the event.
class Upcasters {
 public:
  /// `step` turns version `from` of the event into version `from` + 1:
  ///
  ///     upcasters.add("money_deposited", 1, [](nlohmann::json event) {
  ///       event["amount"] = event["amount"].get<std::string>() + " EUR";
  ///       return event;
  ///     });
  ///
  /// It returns nlohmann::json or Result<nlohmann::json>, and may throw. `event` is the name of
  /// today, also for what was stored under a name before it.
  ///
  /// Errors: invalid_argument (version 0, a step that is there already).
  Result<void> add(std::string event, std::uint32_t from, JsonUpcaster step);

  /// Events stored as `stored` are events `current` of today.
  ///
  /// Errors: invalid_argument (a name that is renamed already, or a circle).
  Result<void> rename(std::string stored, std::string current);

  /// The name of today for a stored name; the name itself if it was never renamed. Points into this
  /// object or to `stored`.
  std::string_view current_name(std::string_view stored) const;

  /// The earlier names under which events of this present name may be stored, sorted.
  std::vector<std::string> stored_names(std::string_view current) const;

  /// `query`, with each type that it names also under the type's earlier names.
  Query with_stored_names(Query query) const;

  /// Whether an event stored in version `from` can become one of version `to`.
  bool reaches(std::string_view event, std::uint32_t from, std::uint32_t to) const;

  /// The step from version `from`; nullptr if there is none.
  const JsonUpcaster* find(std::string_view event, std::uint32_t from) const;

 private:
  using Key = std::pair<std::string, std::uint32_t>;
  struct Before {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return std::pair<std::string_view, std::uint32_t>(a) <
             std::pair<std::string_view, std::uint32_t>(b);
    }
  };
  std::map<Key, std::shared_ptr<const JsonUpcaster>, Before> steps_;
  std::map<std::string, std::string, std::less<>> names_;
};

/// Reads a stored event into `event`, which is of type `type` and whose memory is reused: on
/// success every field has been set. Fields that the struct does not have are ignored. An event
/// stored in the struct's own version goes straight from the text into the struct.
///
/// Errors: unsupported (stored by a newer schema version, or an upcaster is missing);
/// invalid_argument (the text is not this event, an upcaster failed or threw).
Result<void> decode_event_into(const EventType& type, std::uint32_t schema_version,
                               std::string_view data, const Upcasters& upcasters, void* event);

/// The same, into a new event.
Result<AnyEvent> decode_event(const EventType& type, std::uint32_t schema_version,
                              std::string_view data, const Upcasters& upcasters);

}  // namespace annals
