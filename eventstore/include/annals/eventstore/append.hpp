/// @file
/// What an append asks, and what it gets.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// What a repeated append is compared by: two requests are the same if their digests are. The first
/// 16 bytes of a SHA-256.
struct RequestDigest {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const RequestDigest&) const = default;
};

/// The digest of a request known by its own text, such as a command's name, target and JSON.
RequestDigest request_digest_of(std::string_view text);

/// The stream must be as expected before the append.
struct StreamCheck {
  std::string stream;
  ExpectedVersion expected;
};

/// No event after position `after` may match `query`: a dynamic consistency boundary. An event at
/// `after` itself is not looked at. `after` comes from a read of this store; one beyond the head is
/// invalid_argument.
struct AppendCondition {
  Query query;
  GlobalPosition after;
};

/// One atomic append: all of it or none of it is recorded.
struct AppendRequest {
  std::vector<NewEvent> events = {};  ///< In position order; each names its stream. May be empty.
  /// At most one per stream, against the state before the append. Every written stream has one;
  /// streams that are only relied on may have one too.
  std::vector<StreamCheck> checks = {};
  std::vector<AppendCondition> conditions = {};
  /// The same id again returns the first receipt and writes nothing. Absent: a new one is made up,
  /// and the append cannot be repeated safely except through the id in its error.
  std::optional<AppendId> id = {};
  /// Absent: made over the ordered contents of `events`, without what may differ between two tries
  /// (see request_digest() in content_hash.hpp).
  std::optional<RequestDigest> digest = {};
};

/// Proof of an append.
struct Receipt {
  struct Written {
    std::string stream;
    StreamVersion last;  ///< The stream's last version after this append.
    bool operator==(const Written&) const = default;
  };

  AppendId id;
  GlobalPosition first_position;  ///< Of an append without events: the head, as is last_position.
  GlobalPosition last_position;
  Link link;                      ///< Of this append; write it down to prove history up to here.
  std::vector<Written> versions;  ///< One per written stream, sorted by name.
  Timestamp recorded_at;          ///< Of an append without events: the last event's; 0 if none.
  StoreId store;
  Era era;                ///< In which it was written.
  bool repeated = false;  ///< An earlier append with this id wrote it; this call wrote nothing.

  Token token() const { return {store, era, last_position}; }
  /// The last version of `stream` after this append, if it wrote to it.
  std::optional<StreamVersion> version_of(std::string_view stream) const;
};

/// An append as the log holds it: with its events, all that its link is made over.
struct RecordedAppend {
  AppendId id;
  RequestDigest digest;
  GlobalPosition first;
  std::uint32_t count = 0;  ///< Records, at least 1.
  Timestamp recorded_at;
  Link link;

  GlobalPosition last() const { return {first.value + count - 1}; }
  bool operator==(const RecordedAppend&) const = default;
};

/// Called once with the outcome of an append_async.
using AppendCompletion = std::function<void(Result<Receipt>)>;

}  // namespace annals
