// Who may claim a partition: the same answer and the same words for every database.

#include <string>
#include <string_view>
#include <utility>

#include <annals/projections/read_model_store.hpp>

namespace annals {

namespace {

std::string count_of(std::uint32_t partitions) {
  return partitions == 1 ? "1 partition" : std::to_string(partitions) + " partitions";
}

std::string name_of(const CheckpointRecord& record) {
  return "projection " + record.projection +
         (record.partition.count == 1 ? "" : ", " + to_string(record.partition) + ",");
}

std::string place_of(const std::optional<Checkpoint>& checkpoint) {
  return checkpoint ? to_string(checkpoint->token) : "the beginning";
}

bool is_another(const std::optional<Holder>& who, const Holder& holder) {
  return who && *who != holder && may_be_alive(*who);
}

}  // namespace

Result<void> check_definition(const ProjectionType& projection, Partition partition,
                              const CheckpointRecord* found, std::string_view place) {
  const std::string name = "projection " + std::string(projection.name);
  if (partition.count < 1 || partition.count > partitions_max ||
      partition.index >= partition.count) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = name + " cannot have " + to_string(partition) + ": there are 1 to " +
                            std::to_string(partitions_max) + ", counted from 0"};
  }
  if (partition.split_by == SplitBy::stream && !projection.rows_of_one_stream) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = name +
                            " cannot be split by stream: it does not say that each of its rows is "
                            "made of one stream's events (static constexpr bool rows_of_one_stream "
                            "= true;). Project it from all partitions of the topic instead"};
  }
  if (partition.count > 1 && projection.sql_count > 0) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = name + " has hand-written SQL, which cannot be split into " +
                            count_of(partition.count) +
                            ": nobody knows which rows it writes. Leave it whole, or make its SQL "
                            "a projection of its own"};
  }
  if (found == nullptr) return {};
  if (found->fingerprint != projection.fingerprint() || found->version != projection.version) {
    return Error{.code = ErrorCode::unsupported,
                 .message = name + ": the rows in " + std::string(place) +
                            " were made by definition version " + std::to_string(found->version) +
                            ", the program has version " + std::to_string(projection.version) +
                            (found->version == projection.version ? " with other tables" : "") +
                            ": rebuild the projection"};
  }
  if (found->partition.split_by != partition.split_by) {
    const bool by_row = found->partition.split_by == SplitBy::row;
    return Error{.code = ErrorCode::invalid_argument,
                 .message = name + " in " + std::string(place) + " is split by " +
                            std::string(to_string(found->partition.split_by)) +
                            ", the program asks for a split by " +
                            std::string(to_string(partition.split_by)) +
                            (by_row ? ": project it from the event store or from all partitions of "
                                      "a topic, or rebuild it for a consumer group"
                                    : ": project it in a consumer group, or rebuild it")};
  }
  if (found->partition.count == partition.count) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .message = name + " in " + std::string(place) + " is split into " +
                          count_of(found->partition.count) + ", the program asks for " +
                          std::to_string(partition.count) + ": start every program with " +
                          std::to_string(found->partition.count) +
                          ", or rebuild the projection with partitions = " +
                          std::to_string(partition.count)};
}

Result<void> check_free(const CheckpointRecord& record, const Holder& holder) {
  if (record.leased && is_another(record.holder, holder)) {
    return Error{.code = ErrorCode::unavailable,
                 .message = name_of(record) + " is held by " + to_string(*record.holder) +
                            " until " + to_string(record.lease_until)};
  }
  return check_not_asked_for(record, holder);
}

Result<void> check_not_asked_for(const CheckpointRecord& record, const Holder& holder) {
  if (!is_another(record.wanted_by, holder)) return {};
  return Error{.code = ErrorCode::unavailable,
               .message = name_of(record) + " is asked for by " + to_string(*record.wanted_by)};
}

bool holds(const Claim& claim, const CheckpointRecord& record) {
  return record.epoch == claim.epoch && record.holder == claim.holder;
}

Error taken_over(const Claim& claim, const CheckpointRecord* now) {
  std::string message =
      "projection " + claim.projection + ": epoch " + std::to_string(claim.epoch) + " has ended";
  if (now == nullptr) {
    message += ", the projection is gone";
  } else {
    message += ", it is epoch " + std::to_string(now->epoch) + " now";
    if (now->holder) message += ", held by " + to_string(*now->holder);
  }
  return {.code = ErrorCode::wrong_expected_version, .message = std::move(message)};
}

Error moved_on(const ProjectedBatch& batch, const CheckpointRecord& now) {
  return {.code = ErrorCode::wrong_expected_version,
          .message = "projection " + batch.claim.projection + ": the batch begins at " +
                     place_of(batch.before) + ", the read model stands at " +
                     place_of(now.checkpoint)};
}

Error unknown_projection(std::string_view projection, const Partition* partition) {
  return {.code = ErrorCode::invalid_argument,
          .message = "there is no " + (partition != nullptr ? to_string(*partition) + " of " : "") +
                     "projection '" + std::string(projection) + "' in this read model"};
}

Result<void> replace_records(const ProjectionType& projection, SwapOptions options,
                             std::span<const CheckpointRecord> old, CheckpointRecord& made) {
  const Partition before = old.empty() ? Partition{} : old.front().partition;
  made.partition = {0, options.partitions == 0 ? before.count : options.partitions,
                    options.split_by.value_or(before.split_by)};
  if (auto can = check_definition(projection, made.partition, nullptr, {}); !can) return can;
  if (made.partition.split_by == SplitBy::stream && made.partition.count > 1 &&
      made.parked_keys > 0) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "projection " + made.projection + " has parked events of " +
                            std::to_string(made.parked_keys) +
                            " rows while it was rebuilt, and which of the " +
                            std::to_string(made.partition.count) +
                            " partitions their streams fall to is not known here: their later "
                            "events would not wait behind them. Mend the fold, and rebuild from "
                            "scratch"};
  }
  for (const CheckpointRecord& record : old) {
    if (options.only_if_caught_up && record.position() > made.position()) {
      return Error{.code = ErrorCode::wrong_expected_version,
                   .message = "projection " + record.projection + ": the rebuilt tables are at " +
                              "position " + to_string(made.position()) + ", those in use at " +
                              to_string(record.position())};
    }
    made.paused = record.paused;
  }
  // Higher than of any claim.
  made.epoch = (old.empty() ? made : *whole_of(old)).epoch + 1;
  made.holder.reset();
  made.wanted_by.reset();
  made.failure.clear();
  return {};
}

}  // namespace annals
