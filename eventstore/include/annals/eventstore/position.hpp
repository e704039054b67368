/// @file
/// Places in a stream and in the whole log, and what a writer expects of a stream.

#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace annals {

/// Place of an event in its own stream: 0 for the first, then +1 with no gaps.
struct StreamVersion {
  std::uint64_t value = 0;
  auto operator<=>(const StreamVersion&) const = default;
};

/// Place of a record in the whole log: 1, 2, 3, … in commit order, no gaps; 0 is before the first.
/// What is visible is always a prefix: whoever sees position p can see every position up to p.
struct GlobalPosition {
  std::uint64_t value = 0;
  auto operator<=>(const GlobalPosition&) const = default;
};

/// What the writer believes about a stream before its append. There is no default: every append
/// says which.
class ExpectedVersion {
 public:
  enum class Kind : std::uint8_t { exactly, no_stream, stream_exists, any };

  /// The last event of the stream has this version.
  static constexpr ExpectedVersion exactly(StreamVersion version) {
    return {Kind::exactly, version};
  }
  /// The stream has no events.
  static constexpr ExpectedVersion no_stream() { return {Kind::no_stream, {}}; }
  /// The stream has at least one event.
  static constexpr ExpectedVersion stream_exists() { return {Kind::stream_exists, {}}; }
  /// Whatever it has: no check.
  static constexpr ExpectedVersion any() { return {Kind::any, {}}; }

  /// Says whether a stream whose last version is `last` (none: it has no events) is as expected.
  constexpr bool matches(std::optional<StreamVersion> last) const noexcept {
    switch (kind_) {
      case Kind::exactly: return last == version_;
      case Kind::no_stream: return !last;
      case Kind::stream_exists: return last.has_value();
      case Kind::any: return true;
    }
    return false;
  }

  constexpr Kind kind() const noexcept { return kind_; }
  /// The version of `exactly`; 0 for the other kinds.
  constexpr StreamVersion version() const noexcept { return version_; }

  bool operator==(const ExpectedVersion&) const = default;

 private:
  constexpr ExpectedVersion(Kind kind, StreamVersion version) : kind_(kind), version_(version) {}

  Kind kind_;
  StreamVersion version_;
};

std::string to_string(StreamVersion version);
std::string to_string(GlobalPosition position);
/// "version 6", "no stream", "an existing stream", "any version".
std::string to_string(ExpectedVersion expected);

}  // namespace annals
