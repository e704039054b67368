/// @file
/// A store on disk with contents that tests know.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <annals/codec/json_value.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "program.hpp"

namespace annals::test {

/// Opens a store for writing, its clock at one moment; aborts if it cannot.
std::unique_ptr<EventStore> open_for_writing(const std::filesystem::path& folder, Timestamp now);

/// Appends to one stream, whatever its version; aborts if it cannot.
Receipt append(EventStore& store, std::vector<NewEvent> events);

/// Makes this store, two appends on the first day and three on the second (2024-03-01, 2024-03-02,
/// at noon UTC):
///
///     1 account-1 0 account_opened   {"owner":"Ada"}, tags vip and region:eu, actor, metadata, …
///     2 account-1 1 money_deposited  {"amount":"10.00 EUR"}, with blanks and line breaks
///     3 account-2 0 account_opened   {"owner":"Grace"}
///     4 account-2 1 money_deposited  {"amount":"5.00 EUR"}
///     5 blob      0 scanned          binary: 00 FF 1B
///     6 blob      1 noted            called JSON, but is the text ESC[31mred
///     7 account-1 2 money_deposited  {"amount":"2.50 EUR"}, tag vip
void make_sample_store(const std::filesystem::path& folder);

/// Runs `annals` with these words.
Ended annals(std::vector<std::string> words);

/// JSON lines, parsed; a line that is no JSON fails the test.
std::vector<nlohmann::json> json_lines(const std::string& text);

}  // namespace annals::test
