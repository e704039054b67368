/// @file
/// A workload: the same work done by annals and by the peer.

#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "measurement.hpp"
#include "options.hpp"
#include "scratch_folder.hpp"

namespace annals::bench {

struct Context {
  const Options& options;
  const ScratchFolder& scratch;
};

class Workload {
 public:
  virtual ~Workload() = default;

  virtual std::string_view name() const = 0;
  /// Whether each call of it ends in a sync, so that the raw disk is a measure for it.
  virtual bool writes() const = 0;
  /// Does it for about Options::seconds. May be called again and again.
  virtual Result<Measurement> annals(const Context& context) = 0;
  virtual Result<Measurement> sqlite(const Context& context) = 0;
};

/// Waiting callers, each with one event an append.
std::unique_ptr<Workload> make_append(unsigned threads);
/// One caller that keeps thousands of appends of one event in flight.
std::unique_ptr<Workload> make_pipelined();
/// Four waiting callers with 1,000 events an append.
std::unique_ptr<Workload> make_bulk();
/// Reads a stream of 100 events, warm.
std::unique_ptr<Workload> make_load();
/// Reads everything in order.
std::unique_ptr<Workload> make_replay();
/// Folds a bank account from its stored JSON.
std::unique_ptr<Workload> make_fold();
/// Sends typed commands, waiting for each, or with thousands in flight.
std::unique_ptr<Workload> make_commands(bool pipelined);

}  // namespace annals::bench
