/// @file
/// A workload: the same work done by annals and by its peers.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "measurement.hpp"
#include "options.hpp"
#include "scratch_folder.hpp"

namespace annals::bench {

class History;

struct Context {
  const Options& options;
  const ScratchFolder& scratch;
  /// What several workloads read; made by the first of them.
  mutable std::shared_ptr<History> history = {};
};

class Workload {
 public:
  virtual ~Workload() = default;

  virtual std::string_view name() const = 0;
  /// Whether each call of it ends in a sync, so that the raw disk is a measure for it.
  virtual bool writes() const = 0;
  /// Does it for about Options::seconds. May be called again and again.
  virtual Result<Measurement> annals(const Context& context) = 0;
  /// Each peer does it once; always the same ones, in the same order.
  virtual Result<std::vector<Measurement>> peers(const Context& context) = 0;
};

/// One whose only peer is SQLite by hand.
class WorkloadBesideSqlite : public Workload {
 public:
  Result<std::vector<Measurement>> peers(const Context& context) final;

 protected:
  virtual Result<Measurement> sqlite(const Context& context) = 0;
  /// The peer once more, with many events a transaction, where that is another program to write.
  virtual Result<std::optional<Measurement>> sqlite_batched(const Context& context) {
    static_cast<void>(context);
    return std::optional<Measurement>();
  }
};

/// Waiting callers, each with one event an append.
std::unique_ptr<Workload> make_append(unsigned threads);
/// One caller that keeps thousands of appends of one event in flight.
std::unique_ptr<Workload> make_pipelined();
/// Four waiting callers with 1,000 events an append.
std::unique_ptr<Workload> make_bulk();
/// The same with 64 events of 16 KiB.
std::unique_ptr<Workload> make_large();
/// Reads a stream of 100 events, warm.
std::unique_ptr<Workload> make_load();
/// Reads everything in order.
std::unique_ptr<Workload> make_replay();
/// Finds the event that a long stream had come to at a version, or at a time.
std::unique_ptr<Workload> make_as_of_version();
std::unique_ptr<Workload> make_as_of_time();
/// Folds the state that it had at a version, from a snapshot.
std::unique_ptr<Workload> make_as_of_state();
/// Reads the newest ten events of a stream, backward.
std::unique_ptr<Workload> make_last_ten();
/// Reads 100 events of a category, of a type, with a tag.
std::unique_ptr<Workload> make_read_category();
std::unique_ptr<Workload> make_read_type();
std::unique_ptr<Workload> make_read_tag();
/// What is read cold: one event anywhere, or the 100 of an account, which lie scattered.
enum class Cold { event, account };
/// Reads from a disk whose pages are not in memory; `packed`: from compressed segments.
std::unique_ptr<Workload> make_cold(Cold cold, bool packed);
/// Folds a bank account from its stored JSON.
std::unique_ptr<Workload> make_fold();
/// Sends typed commands, waiting for each, or with thousands in flight.
std::unique_ptr<Workload> make_commands(bool pipelined);
/// Projects the log into a table of so many rows.
std::unique_ptr<Workload> make_project(std::uint64_t rows);
/// What a projector's transaction with one event costs.
std::unique_ptr<Workload> make_project_one();
/// Makes a read model anew beside the old one, and puts it in place.
std::unique_ptr<Workload> make_rebuild();
/// The same two with tables in --postgres, each event exactly once and durable.
std::unique_ptr<Workload> make_postgres_project(std::uint64_t rows);
std::unique_ptr<Workload> make_postgres_rebuild();

/// Publishes a log to a new topic of so many partitions, on --kafka.
std::unique_ptr<Workload> make_relay_to_kafka(std::uint32_t partitions);
/// How long after its append a consumer of the topic has an event, at so many a second.
std::unique_ptr<Workload> make_relay_delay(std::uint32_t per_second);
/// How long after its append an event's row can be read in --postgres, by way of --kafka, at so
/// many a second.
std::unique_ptr<Workload> make_visible(std::uint32_t per_second);
/// Projects a topic into a table in --postgres by so many consumers, beside the log itself.
std::unique_ptr<Workload> make_kafka_project(unsigned consumers);

enum class Asked { eventual, at_least, strong, load, as_of };
/// Asks for one account's balance; `busy`: while another thread appends, and a projector runs.
std::unique_ptr<Workload> make_query(Asked asked, bool busy);

}  // namespace annals::bench
