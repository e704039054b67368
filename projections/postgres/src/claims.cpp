// Who may project, and the end of those whose time is over.

#include <algorithm>
#include <utility>

#include "lock_holder.hpp"
#include "postgres_read_model_store.hpp"

namespace annals::internal {

namespace {

using Lock = CheckpointTable::Lock;

// Whether a claim was taken does not matter to who does not hear of it: he is not going to use it,
// and may claim again. To renew it twice is no harm, either.
template <typename T>
Result<T> never_in_doubt(Result<T> result) {
  if (result || result.error().code != ErrorCode::outcome_unknown) return result;
  Error error = std::move(result).error();
  error.code = ErrorCode::unavailable;
  return error;
}

}  // namespace

Result<void> PostgresReadModelStore::unblock(std::string_view projection,
                                             std::optional<std::uint32_t> partition,
                                             Error error) const {
  error.code = ErrorCode::unavailable;
  auto connection = database_->reader();
  if (!connection) return error;
  const std::string& schema = database_->schema();
  const auto holders = lock_holders(**connection, schema, projection, partition);
  if (holders.empty()) return error;
  error.message =
      name() + ": projection " + std::string(projection) + " is blocked by " + holders.front().who;
  auto records = database_->checkpoints().partitions(**connection, projection);
  if (!records) return error;
  bool unblocked = false;
  for (const LockHolder& holder : holders) {
    const auto found = std::find_if(records->begin(), records->end(), [&](const auto& record) {
      return record.partition.index == holder.partition;
    });
    if (found == records->end() ||
        (found->holder && found->leased && may_be_alive(*found->holder))) {
      continue;
    }
    // Nobody has the right to be at it any more: a process that was frozen in the middle of a
    // commit, or one that is dead and whose session the server still keeps.
    auto ended = end_lock_holder(**connection, schema, projection, holder.partition);
    if (ended) {
      unblocked = true;
    } else {
      error.message += ", which this role may not end: " + ended.error().message;
    }
  }
  if (unblocked) return {};
  return error;
}

Result<CheckpointRecord> PostgresReadModelStore::claimed(Transaction& transaction,
                                                         const Claim& claim) const {
  auto found = database_->checkpoints().find(transaction, claim.projection, claim.partition.index,
                                             Lock::for_update);
  if (!found) return std::move(found).error();
  if (!*found) return taken_over(claim, nullptr);
  if (!holds(claim, **found)) return taken_over(claim, &**found);
  return **std::move(found);
}

Result<void> PostgresReadModelStore::begin(Transaction& transaction,
                                           const ProjectionType& projection,
                                           std::uint32_t partitions) const {
  auto tables = create_tables(transaction, *database_, projection);
  if (!tables) return std::move(tables).error();
  CheckpointRecord record{.projection = std::string(projection.name),
                          .version = projection.version,
                          .fingerprint = projection.fingerprint(),
                          .tables = *std::move(tables),
                          .partition = {.count = partitions}};
  for (; record.partition.index < partitions; ++record.partition.index) {
    auto written =
        database_->checkpoints().write(transaction, record, std::chrono::milliseconds(0));
    if (!written) return std::move(written).error();
  }
  return {};
}

Result<CheckpointRecord> PostgresReadModelStore::take(Transaction& transaction,
                                                      const ProjectionType& projection,
                                                      Partition partition, const Holder& holder,
                                                      std::chrono::milliseconds lease) const {
  const CheckpointTable& checkpoints = database_->checkpoints();
  const auto find = [&] {
    return checkpoints.find(transaction, projection.name, partition.index, Lock::for_update);
  };
  auto found = find();
  if (!found) return std::move(found).error();
  if (!*found) {
    // One at a time makes tables in a schema; who waited for another may find them made.
    postgres::Parameters key;
    key.text(database_->schema());
    auto locked =
        transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))", key);
    if (!locked) return failed(locked.error(), name());
    auto others = checkpoints.partitions(transaction, projection.name);
    if (!others) return std::move(others).error();
    const CheckpointRecord* const first = others->empty() ? nullptr : &others->front();
    auto can = check_definition(projection, partition, first, name());
    if (can && others->empty()) can = begin(transaction, projection, partition.count);
    if (!can) return std::move(can).error();
    found = find();
    if (!found) return std::move(found).error();
    if (!*found) return unknown_projection(projection.name, &partition);
  }
  CheckpointRecord record = **std::move(found);
  if (auto can = check_definition(projection, partition, &record, name()); !can) {
    return std::move(can).error();
  }
  if (auto free = check_free(record, holder); !free) return std::move(free).error();
  ++record.epoch;
  record.holder = holder;
  return checkpoints.write(transaction, record, lease);
}

Result<Claim> PostgresReadModelStore::claim(const ProjectionType& projection, Partition partition,
                                            const Holder& holder, std::chrono::milliseconds lease) {
  {
    // Who stands by asks again and again, and is not to wait for the holder's commits.
    auto connection = database_->reader();
    if (!connection) return std::move(connection).error();
    auto found = database_->checkpoints().partitions(**connection, projection.name);
    if (!found) return std::move(found).error();
    const CheckpointRecord* const first = found->empty() ? nullptr : &found->front();
    if (auto can = check_definition(projection, partition, first, name()); !can) {
      return std::move(can).error();
    }
    if (found->size() == partition.count) {
      auto free = check_free((*found)[partition.index], holder);
      if (!free) return std::move(free).error();
    }
  }
  auto record = never_in_doubt(
      write_unblocked(projection.name, partition.index, 1, [&](Transaction& transaction) {
        return take(transaction, projection, partition, holder, lease);
      }));
  if (!record) return std::move(record).error();
  return Claim{record->projection, partition, record->epoch, holder};
}

Result<void> PostgresReadModelStore::ask_for(std::string_view projection, Partition partition,
                                             const Holder& holder,
                                             std::chrono::milliseconds patience) {
  auto asked = never_in_doubt(write_unblocked(
      projection, partition.index, 1, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        const CheckpointTable& checkpoints = database_->checkpoints();
        auto found = checkpoints.find(transaction, projection, partition.index, Lock::for_update);
        if (!found) return std::move(found).error();
        if (!*found || (*found)->partition != partition) {
          return unknown_projection(projection, &partition);
        }
        if (auto may = check_not_asked_for(**found, holder); !may) return std::move(may).error();
        return checkpoints.ask_for(transaction, **found, holder, patience);
      }));
  if (!asked) return std::move(asked).error();
  return {};
}

Result<CheckpointRecord> PostgresReadModelStore::renew(const Claim& claim,
                                                       std::chrono::milliseconds lease) {
  return never_in_doubt(
      write_unblocked(claim, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        auto record = claimed(transaction, claim);
        if (!record) return record;
        return database_->checkpoints().write(transaction, *record, lease);
      }));
}

Result<void> PostgresReadModelStore::release(const Claim& claim) {
  auto released = write_unblocked(claim, [&](Transaction& transaction) -> Result<CheckpointRecord> {
    auto record = claimed(transaction, claim);
    if (!record) return record;
    record->holder.reset();
    return database_->checkpoints().write(transaction, *record, std::chrono::milliseconds(0));
  });
  if (released || released.error().code == ErrorCode::wrong_expected_version) return {};
  return std::move(released).error();
}

}  // namespace annals::internal
