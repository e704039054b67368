/// @file
/// What is sent beside a command, and what comes back.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/id.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// All of it is optional. Only `id` belongs to what a repeat is compared by: the same command sent
/// again with another traceparent is a repeat.
struct CommandOptions {
  /// Names this one request for good. Sent again with the same id it answers with the first receipt
  /// and writes nothing; the same id with another command or target is invalid_argument. Absent: a
  /// new one is made, which is in the receipt and in every error.
  std::optional<AppendId> id = {};
  std::optional<Timestamp> known_at = {};      ///< Of each event that names none of its own.
  std::optional<Timestamp> effective_at = {};  ///< Likewise.
  std::optional<std::string> actor = {};
  std::string metadata = {};  ///< A JSON object or empty.
  std::optional<std::string> correlation_id = {};
  std::optional<std::string> causation_id = {};
  std::optional<std::string> traceparent = {};
  std::vector<std::string> tags = {};  ///< Added to every event.
};

/// A command was accepted and its events are durable, or it needed none.
struct CommandReceipt {
  Receipt receipt;  ///< Of the append; without events, of the head that was seen.
  /// The last version of the target's stream after this command, if it wrote there.
  std::optional<StreamVersion> version = {};
  bool no_events = false;   ///< All was as the command wants it already.
  std::uint32_t tries = 1;  ///< How often it was decided; 0 if it was found to be a repeat before.

  const AppendId& id() const noexcept { return receipt.id; }
  /// An earlier command with this id wrote the events; this one wrote nothing.
  bool repeated() const noexcept { return receipt.repeated; }
  /// What a query that must see this command's effects takes.
  Token token() const { return receipt.token(); }
};

/// Called once with a command's answer.
using CommandCompletion = std::function<void(Result<CommandReceipt>)>;

}  // namespace annals
