#pragma once

#include <cstdint>

#include <annals/eventstore/event.hpp>

#include "bytes.hpp"

namespace annals::internal {

/// The most bytes that `event` can take as a record.
std::size_t record_bytes_bound(const NewEvent& event) noexcept;

/// Appends `event` as a record to `frame`, its checksum left zero. `append_start` is where its
/// append header begins in `frame`.
void write_record(const NewEvent& event, StreamVersion version, std::uint16_t index,
                  std::size_t append_start, ByteBuffer& frame);

}  // namespace annals::internal
