/// @file
/// What a command line asks for.

#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <annals/eventstore/read.hpp>
#include <annals/eventstore/verify.hpp>

#include "output.hpp"

namespace annals::cli {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

struct StreamsRequest {
  Query query = Query::all();
  AsOf as_of = AsOf::head();
  std::uint64_t limit = no_limit;  ///< Streams.
};

struct ReadRequest {
  ReadOptions options;
};

struct TailRequest {
  Query query = Query::all();
  /// Events after this position; absent: after the head at the time of asking.
  std::optional<GlobalPosition> after = {};
  std::uint64_t limit = no_limit;  ///< Events.
  std::optional<std::chrono::milliseconds> timeout = {};
};

struct StatsRequest {};

struct VerifyRequest {
  GlobalPosition first = {1};
  std::optional<GlobalPosition> last = {};
  std::optional<ExpectedLink> expected = {};
  bool progress = false;  ///< Also where standard error is no terminal.
};

struct StateRequest {
  std::vector<std::string> streams = {};
  AsOf as_of = AsOf::head();
};

struct Request {
  std::string folder;
  Format format = Format::automatic;
  std::variant<StreamsRequest, ReadRequest, TailRequest, StatsRequest, VerifyRequest, StateRequest>
      command;
};

}  // namespace annals::cli
