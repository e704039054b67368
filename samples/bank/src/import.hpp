/// @file
/// Sends rows of files as commands. An import may be broken off anywhere and run again: every
/// command has an id made of its row, so what is there already is answered and not written anew.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/result.hpp>

#include "berka.hpp"
#include "hackclub.hpp"

namespace bank {

struct Imported {
  std::uint64_t commands = 0;    ///< Answered, repeats included.
  std::uint64_t new_events = 0;  ///< Written by this import.
};

/// Called with a row's number when its command has been answered, on any thread: `berka::Row::seq`,
/// or the place of the entry in the file, from 1.
using Answered = std::function<void(std::int64_t)>;

/// Sends the books' entries: known_at is when the organisation learned them, effective_at the start
/// of their day. Revisions follow each other in the log as they do in the file; in between, entries
/// that share no account may swap places.
///
/// Errors: as CommandBus::send, and which entry was refused. Entries before it may be written, and
/// some after it.
annals::Result<Imported> import_books(annals::CommandBus& bus,
                                      const std::vector<hackclub::Entry>& entries,
                                      const Answered& answered = {});

/// Opens an account, with a permission to overdraw it by 10,000.00 CZK, when a row first names it,
/// and sends the rows as deposits, withdrawals and charges, in order for each account.
///
/// Errors: likewise.
annals::Result<Imported> import_berka(annals::CommandBus& bus, const std::vector<berka::Row>& rows,
                                      const Answered& answered = {});

}  // namespace bank
