#pragma once

#include <chrono>
#include <optional>

#include "projections/passing_rows.hpp"

namespace annals::chaos {

/// A mistake made on purpose: epochs are not checked. Whoever commits is taken for the one who
/// holds the partition, and the checkpoint for standing where he believes.
class UnfencedRows final : public warehouse::PassingRows {
 public:
  using PassingRows::PassingRows;

  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override {
    const auto held = record_of(batch.claim);
    if (!held) return rows_.commit(batch);
    ProjectedBatch forced = batch;
    forced.claim = as_held(batch.claim, *held);
    forced.before = held->checkpoint;
    return rows_.commit(forced);
  }
  Result<CheckpointRecord> renew(const Claim& claim, std::chrono::milliseconds lease) override {
    const auto held = record_of(claim);
    return rows_.renew(held ? as_held(claim, *held) : claim, lease);
  }

 private:
  std::optional<CheckpointRecord> record_of(const Claim& claim) const {
    const auto records = rows_.records();
    if (!records) return std::nullopt;
    for (const CheckpointRecord& record : *records) {
      if (record.projection == claim.projection && record.partition == claim.partition) {
        return record;
      }
    }
    return std::nullopt;
  }
  static Claim as_held(Claim claim, const CheckpointRecord& held) {
    claim.epoch = held.epoch;
    if (held.holder) claim.holder = *held.holder;
    return claim;
  }
};

}  // namespace annals::chaos
