#include "measured_read_model_store.hpp"

#include <chrono>
#include <utility>

namespace annals::internal {

namespace {

constexpr MetricFamily<3> commit_duration{"annals_projection_commit_duration_seconds",
                                          MetricType::histogram,
                                          "How long commits of rows and checkpoint took",
                                          {"read_models", "projection", "outcome"}};

constexpr std::array<std::string_view, 3> commit_outcomes{"committed", "fenced", "failed"};

std::size_t outcome_of(const Result<CheckpointRecord>& result) {
  if (result) return 0;
  return result.error().code == ErrorCode::wrong_expected_version ? 1 : 2;
}

class MeasuredReadModelStore final : public ReadModelStore {
 public:
  MeasuredReadModelStore(ReadModelStore& rows, std::shared_ptr<CommitTimes> times)
      : rows_(rows), times_(std::move(times)) {}

  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override {
    const auto begin = std::chrono::steady_clock::now();
    auto result = rows_.commit(batch);
    times_->at(batch.claim.projection)[outcome_of(result)].count_since(begin);
    return result;
  }

  std::string name() const override { return rows_.name(); }
  Result<Claim> claim(const ProjectionType& projection, Partition partition, const Holder& holder,
                      std::chrono::milliseconds lease) override {
    return rows_.claim(projection, partition, holder, lease);
  }
  Result<void> ask_for(std::string_view projection, Partition partition, const Holder& holder,
                       std::chrono::milliseconds patience) override {
    return rows_.ask_for(projection, partition, holder, patience);
  }
  Result<CheckpointRecord> renew(const Claim& claim, std::chrono::milliseconds lease) override {
    return rows_.renew(claim, lease);
  }
  Result<void> release(const Claim& claim) override { return rows_.release(claim); }
  Result<void> load(const TableType& table, std::span<RowToLoad> rows) override {
    return rows_.load(table, rows);
  }
  Result<void> halt(const Claim& claim, const std::string& failure) override {
    return rows_.halt(claim, failure);
  }
  Result<void> set_paused(std::string_view projection, bool paused) override {
    return rows_.set_paused(projection, paused);
  }
  Result<void> clear_failure(std::string_view projection) override {
    return rows_.clear_failure(projection);
  }
  Result<std::uint64_t> wish_parked(std::string_view projection,
                                    const std::optional<ParkedRow>& row, ParkedWish wish) override {
    return rows_.wish_parked(projection, row, wish);
  }
  Result<std::vector<CheckpointRecord>> records() const override { return rows_.records(); }
  Result<std::unique_ptr<ReadTransaction>> read() const override { return rows_.read(); }
  Result<std::optional<CheckpointRecord>> wait(
      std::string_view projection, GlobalPosition position,
      std::chrono::steady_clock::time_point deadline) const override {
    return rows_.wait(projection, position, deadline);
  }
  bool awaited(std::string_view projection) const override { return rows_.awaited(projection); }
  Result<std::unique_ptr<ReadModelStore>> open_shadow(const ProjectionType& projection) override {
    return rows_.open_shadow(projection);
  }
  Result<void> swap_in(const ProjectionType& projection, ReadModelStore& shadow,
                       SwapOptions options) override {
    return rows_.swap_in(projection, shadow, options);
  }
  Result<void> drop_shadow(const ProjectionType& projection) override {
    return rows_.drop_shadow(projection);
  }

 private:
  ReadModelStore& rows_;
  const std::shared_ptr<CommitTimes> times_;
};

}  // namespace

void add_metrics(MetricsText& text, std::string_view read_models, const CommitTimes& times) {
  times.for_each([&](std::string_view projection, const auto& histograms) {
    for (std::size_t i = 0; i < commit_outcomes.size(); ++i) {
      const LatencyCounts counts = histograms[i].counts();
      if (counts.count() > 0)
        text.add(commit_duration, {read_models, projection, commit_outcomes[i]}, counts);
    }
  });
}

std::unique_ptr<ReadModelStore> make_measured_read_model_store(ReadModelStore& rows,
                                                               std::shared_ptr<CommitTimes> times) {
  return std::make_unique<MeasuredReadModelStore>(rows, std::move(times));
}

}  // namespace annals::internal
