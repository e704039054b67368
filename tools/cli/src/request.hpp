/// @file
/// What a command line asks for.

#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <annals/eventstore/read.hpp>
#include <annals/eventstore/token.hpp>
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

struct StatsRequest {
  bool bytes = false;     ///< What the bytes are: reads the whole log.
  bool progress = false;  ///< Also where standard error is no terminal.
};

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

struct DiffRequest {
  std::string stream;
  AsOf from = AsOf::head();
  AsOf to = AsOf::head();
};

struct CheckRequest {
  std::string read_models;  ///< A file, or a database's URL.
};

struct ProjectionsRequest {
  enum class Action : std::uint8_t {
    list,
    lag,
    pause,
    resume,
    rebuild,
    parked_list,
    parked_retry,
    parked_skip,
  };
  Action action = Action::list;
  std::string read_models;
  std::vector<std::string> names = {};  ///< None: all of them.
  bool progress = false;                ///< Also where standard error is no terminal.
  bool from_scratch = false;
  std::uint32_t partitions = 0;  ///< Of what is rebuilt; 0: as before.
  std::string split_by = {};     ///< Likewise; empty: as before.
  bool create = false;           ///< The database, if it is missing.
  // Of what is parked:
  std::string key = {};    ///< Empty: all keys.
  std::string table = {};  ///< Of the key; empty: any.
  bool all = false;        ///< Skip all events of the key, not only the first.
  bool skipped = false;    ///< List what was skipped.
};

struct BackupRequest {
  std::string destination;
  bool snapshots = true;
  bool verify = true;
  bool progress = false;  ///< Also where standard error is no terminal.
};

/// The request's folder is the backup.
struct RestoreRequest {
  std::string destination;
  std::optional<Era> era = {};
  std::optional<GlobalPosition> last = {};
  bool verify = true;
  bool progress = false;
};

struct CompressRequest {
  bool progress = false;
};

struct RecoverRequest {
  bool accept_lost_mark = false;
};

struct ExportRequest {
  Query query = Query::all();
  GlobalPosition first = {1};
  std::optional<GlobalPosition> last = {};  ///< Absent: the head.
  std::string file;                         ///< Empty: standard output.
  bool progress = false;
};

struct ImportRequest {
  std::string file;  ///< Empty: standard input.
  bool exact = false;
  bool merge = false;
  bool compress = false;
  /// How far a known_at may be ahead of the clock, and the clock behind the last event; absent: the
  /// engine's default.
  std::optional<std::chrono::microseconds> max_clock_skew = {};
  bool progress = false;
};

struct MigrateRequest {};

struct RelayRequest {
  std::string brokers;
  std::string topic;
  std::uint32_t partitions = 0;
  std::uint32_t replication = 0;
  std::string compression = "none";
  std::size_t record_bytes_max = 0;  ///< 0: the relay's default.
  std::vector<std::pair<std::string, std::string>> settings = {};
  std::vector<std::pair<std::string, std::string>> topic_settings = {};
  std::string checkpoints = {};  ///< A folder; empty: "relay" in the store's.
  bool into_filled_topic = false;
  bool once = false;  ///< End when all that was there has been published.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  std::chrono::milliseconds status_every = std::chrono::seconds(1);
  std::string metrics = {};  ///< HOST:PORT where they are served; empty: nowhere.
};

struct Request {
  std::string folder;  ///< Or a database's URL: see store_address.hpp.
  Format format = Format::automatic;
  std::variant<StreamsRequest, ReadRequest, TailRequest, StatsRequest, VerifyRequest, StateRequest,
               DiffRequest, CheckRequest, ProjectionsRequest, BackupRequest, RestoreRequest,
               CompressRequest, RecoverRequest, ExportRequest, ImportRequest, MigrateRequest,
               RelayRequest>
      command;
};

}  // namespace annals::cli
