#pragma once

#include <memory>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>

namespace annals::golden {

/// Writes the golden store into /store of a disk in memory, always the same bytes: two segments, a
/// group of several appends, every field that an event can have, snapshots, and a clean close.
/// Returns what it was refused with, or an empty text.
std::string write_golden_store(const std::shared_ptr<testkit::FaultFileSystem>& disk);

/// All of a store as text: who it is, each event with each field, each append's link, snapshots.
std::string dump(const EventStore& store);

}  // namespace annals::golden
