/// @file
/// One table of limits; every error about one names it.

#pragma once

#include <cstddef>
#include <cstdint>

namespace annals {

/// What a store accepts. Lengths are bytes; "text" is UTF-8 without control characters, and of a
/// stream or a type it must not begin with '$', which is reserved. All but `data_bytes_max` are the
/// same in every store: they are part of the format.
struct Limits {
  static constexpr std::size_t stream_bytes_max = 512;  ///< Text, at least 1.
  static constexpr std::size_t type_bytes_max = 255;    ///< Text, at least 1.
  static constexpr std::size_t tag_count_max = 16;      ///< Of one event, doubles not counted.
  static constexpr std::size_t tag_bytes_max = 255;     ///< Text, at least 1.
  /// Text: correlation_id, causation_id, actor, traceparent.
  static constexpr std::size_t name_bytes_max = 255;
  static constexpr std::size_t metadata_bytes_max = std::size_t{64} * 1024;
  static constexpr std::size_t append_events_max = 10'000;
  /// The texts, metadata and data of all events of an append together. An engine's own encoding
  /// comes on top.
  static constexpr std::size_t append_bytes_max = std::size_t{32} * 1024 * 1024;
  static constexpr std::size_t data_bytes_ceiling = std::size_t{16} * 1024 * 1024;

  /// Of one event's data; a store may be opened with another value up to `data_bytes_ceiling`.
  std::size_t data_bytes_max = std::size_t{1024} * 1024;
};

}  // namespace annals
