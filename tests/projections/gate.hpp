#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <annals/projections/read_model_store.hpp>

namespace annals::warehouse {

/// A read-model store that does something right before the first commit of rows, and something else
/// in it: when the rows are written, and not committed.
class Gate final : public ReadModelStore {
 public:
  Gate(ReadModelStore& rows, std::function<void()> before_commit,
       std::function<void()> in_commit = {})
      : rows_(rows), before_commit_(std::move(before_commit)), in_commit_(std::move(in_commit)) {}

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
  void fail_next_renew() { renew_fails_ = true; }
  // clang-format off
  std::string name() const override { return rows_.name(); }
  Result<Claim> claim(const ProjectionType& p, Partition part, const Holder& h, std::chrono::milliseconds l) override { return rows_.claim(p, part, h, l); }
  Result<void> ask_for(std::string_view p, Partition part, const Holder& h, std::chrono::milliseconds l) override { return rows_.ask_for(p, part, h, l); }
  Result<CheckpointRecord> renew(const Claim& c, std::chrono::milliseconds l) override { return renew_fails_.exchange(false) ? Error{.code = ErrorCode::unavailable, .message = "the gate is shut"} : rows_.renew(c, l); }
  Result<void> release(const Claim& c) override { return rows_.release(c); }
  Result<void> load(const TableType& t, std::span<RowToLoad> r) override { return rows_.load(t, r); }
  Result<void> halt(const Claim& c, const std::string& f) override { return rows_.halt(c, f); }
  Result<void> set_paused(std::string_view p, bool b) override { return rows_.set_paused(p, b); }
  Result<void> clear_failure(std::string_view p) override { return rows_.clear_failure(p); }
  Result<std::uint64_t> wish_parked(std::string_view p, const std::optional<ParkedRow>& r, ParkedWish w) override { return rows_.wish_parked(p, r, w); }
  Result<std::vector<CheckpointRecord>> records() const override { return rows_.records(); }
  Result<std::unique_ptr<ReadTransaction>> read() const override { return rows_.read(); }
  Result<std::optional<CheckpointRecord>> wait(std::string_view p, GlobalPosition at, std::chrono::steady_clock::time_point d) const override { return rows_.wait(p, at, d); }
  bool awaited(std::string_view p) const override { return rows_.awaited(p); }
  Result<std::unique_ptr<ReadModelStore>> open_shadow(const ProjectionType& p) override { return rows_.open_shadow(p); }
  Result<void> swap_in(const ProjectionType& p, ReadModelStore& s, SwapOptions o) override { return rows_.swap_in(p, s, o); }
  Result<void> drop_shadow(const ProjectionType& p) override { return rows_.drop_shadow(p); }
  // clang-format on

 private:
  ReadModelStore& rows_;
  std::function<void()> before_commit_;
  std::function<void()> in_commit_;
  std::atomic<bool> used_ = false;
  std::atomic<bool> renew_fails_ = false;
};

}  // namespace annals::warehouse
