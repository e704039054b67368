/// @file
/// What a run of annals-bench is asked to do.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

namespace annals::bench {

/// What a process that growth starts is asked to do.
struct Ingest {
  std::string engine = {};  ///< Empty: this is no such process.
  std::filesystem::path store = {};
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

struct Options {
  std::vector<std::string> workloads = {};  ///< Empty: all of them.
  double seconds = 2;                       ///< Of one measurement of one engine.
  unsigned runs = 3;                        ///< The median counts.
  std::filesystem::path out;                ///< JSON lines are added to this file.
  std::filesystem::path dir;                ///< The stores are made in a new folder below this one.
  std::uint64_t events = 200'000;           ///< In the store that is read.
  std::uint64_t streams = 10'000;           ///< Written by append, pipelined and bulk.
  std::uint64_t categories = 1;             ///< Of those streams.
  std::uint32_t tags = 1;                   ///< Of each event written.
  std::uint32_t partitions = 1;             ///< Of what is projected, each with a thread.
  std::uint32_t event_bytes = 256;          ///< Of an event's data.
  std::uint64_t long_events = 100'000;      ///< In the one long stream of as-of and last-10.
  std::vector<std::uint64_t> sizes = {};    ///< Of the store of growth, rising.
  std::vector<std::string> engines = {};    ///< The peers to measure; empty: all of them.
  bool no_peers = false;                    ///< None of them.
  /// The URL of a database: what it can be used for is measured in it, and nothing else.
  std::string postgres = {};
  /// The URL of a database with message-db in it, which is then a peer of append there.
  std::string message_db = {};
  /// Kafka's brokers: what goes through them is measured, and nothing else; with a database, too,
  /// what goes through both.
  std::string kafka = {};
  /// The program rdkafka_performance, if it could be compiled: a peer there.
  std::string rdkafka_performance = {};
  Ingest ingest = {};
  bool help = false;

  /// No server was named: the log engine is measured.
  bool embedded() const { return postgres.empty() && kafka.empty(); }
  /// Whether this peer is to be measured.
  bool wants(std::string_view engine) const;
};

/// Defaults are relative to the folder of the program: <build>/bin/annals-bench writes
/// <build>/bench/results.jsonl and measures on that disk.
///
/// Errors: invalid_argument.
Result<Options> parse_options(int argc, char** argv);

/// What --help prints about options.
std::string options_help();

}  // namespace annals::bench
