#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <annals/projections/read_model_store.hpp>

namespace annals::warehouse {

/// A read-model store that passes everything on to another one: for those who change one thing.
class PassingRows : public ReadModelStore {
 public:
  explicit PassingRows(ReadModelStore& rows) : rows_(rows) {}

  // clang-format off
  std::string name() const override { return rows_.name(); }
  Result<Claim> claim(const ProjectionType& p, Partition part, const Holder& h, std::chrono::milliseconds l) override { return rows_.claim(p, part, h, l); }
  Result<void> ask_for(std::string_view p, Partition part, const Holder& h, std::chrono::milliseconds l) override { return rows_.ask_for(p, part, h, l); }
  Result<CheckpointRecord> renew(const Claim& c, std::chrono::milliseconds l) override { return rows_.renew(c, l); }
  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override { return rows_.commit(batch); }
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

 protected:
  ReadModelStore& rows_;
};

}  // namespace annals::warehouse
