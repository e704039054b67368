#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>

#include "passing_rows.hpp"

namespace annals::warehouse {

/// A read-model store that does something right before the first commit of rows, and something else
/// in it: when the rows are written, and not committed.
class Gate final : public PassingRows {
 public:
  Gate(ReadModelStore& rows, std::function<void()> before_commit,
       std::function<void()> in_commit = {})
      : PassingRows(rows),
        before_commit_(std::move(before_commit)),
        in_commit_(std::move(in_commit)) {}

  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override {
    if (batch.changes.empty() || used_.exchange(true)) return rows_.commit(batch);
    before_commit_();
    if (!in_commit_) return rows_.commit(batch);
    ProjectedBatch held = batch;
    held.sql = [&](Sql& sql) {
      in_commit_();
      return batch.sql ? batch.sql(sql) : Result<void>();
    };
    return rows_.commit(held);
  }
  Result<CheckpointRecord> renew(const Claim& claim, std::chrono::milliseconds lease) override {
    if (!renew_fails_.exchange(false)) return rows_.renew(claim, lease);
    return Error{.code = ErrorCode::unavailable, .message = "the gate is shut"};
  }
  void fail_next_renew() { renew_fails_ = true; }

 private:
  std::function<void()> before_commit_;
  std::function<void()> in_commit_;
  std::atomic<bool> used_ = false;
  std::atomic<bool> renew_fails_ = false;
};

}  // namespace annals::warehouse
