#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "batch_fold.hpp"
#include "parking.hpp"

namespace annals {

namespace {

// Rows are written once for each run: few and large ones.
constexpr std::size_t run_events = 65'536;

bool claimed_in_time(const RecordedEvent& event, const HistoryCut& cut) {
  return (!cut.known_at || event.known_at <= *cut.known_at) &&
         (!cut.effective_at || event.effective_at <= *cut.effective_at);
}

Result<CheckpointRecord> record_of(const ReadModelStore& rows, const ProjectionType& projection) {
  auto records = rows.records();
  if (!records) return std::move(records).error();
  for (const CheckpointRecord& record : *records) {
    if (record.projection == projection.name) return record;
  }
  return CheckpointRecord{};
}

}  // namespace

Result<Cut> project_as_of(const EventStore& events, ReadModelStore& scratch,
                          const ProjectionType& projection, const HistoryCut& cut,
                          const Upcasters& upcasters) {
  const bool by_claims = cut.known_at || cut.effective_at;
  if (by_claims && !projection.order_free) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "projection " + std::string(projection.name) +
                            " cannot be cut by known_at or effective_at: leaving out an earlier "
                            "event could give a state that never was. If its folds do not depend "
                            "on order (sums, counts, sets), declare it order_free; else cut by "
                            "position or recorded time"};
  }
  auto claim = scratch.claim(projection, Partition{}, make_holder(), std::chrono::hours(1));
  if (!claim) return std::move(claim).error();
  // The scratch may be folded on later, by another holder.
  const auto release = [&scratch](const Claim* held) { static_cast<void>(scratch.release(*held)); };
  const std::unique_ptr<const Claim, decltype(release)> held(&*claim, release);
  auto record = record_of(scratch, projection);
  if (!record) return std::move(record).error();
  std::optional<Checkpoint> before = record->checkpoint;
  const GlobalPosition folded = record->position();
  constexpr auto any_number = std::numeric_limits<std::uint64_t>::max();
  internal::Parking parking(projection, 1, {.keys = any_number, .events = any_number});
  if (auto loaded = parking.load(scratch, *record); !loaded) return std::move(loaded).error();

  auto cursor = events.read(
      {.query = projection.query(upcasters), .start = Start::after(folded), .as_of = cut.as_of});
  if (!cursor) return std::move(cursor).error();
  const Cut reached = (*cursor)->cut();
  if (reached.position < folded || (by_claims && before)) {
    return Error{
        .code = ErrorCode::invalid_argument,
        .message = "the scratch read model holds another cut, up to position " + to_string(folded)};
  }
  Token token = events.token();
  while (true) {
    auto run = (*cursor)->next(run_events);
    if (!run) return std::move(run).error();
    std::optional<internal::BatchFold> fold;
    while (true) {
      fold.emplace(projection, upcasters, Partition{}, parking.next_try());
      for (const RecordedEvent& event : *run) {
        if (!claimed_in_time(event, cut)) continue;
        if (auto added = fold->add(event); !added) return std::move(added).error();
      }
      auto done = fold->fold(scratch);
      if (done) break;
      if (fold->failed_at_a_row()) parking.failed_at_a_row();
      if (!parking.is_tried_again()) return std::move(done).error();
    }
    const bool at_end = run->size() < run_events;
    token.position = at_end ? reached.position : run->back().position;
    auto written = scratch.commit({.claim = *claim,
                                   .before = before,
                                   .after = {token},
                                   .changes = fold->changes(),
                                   .sql = fold->sql(),
                                   .parked = fold->parked()});
    if (!written) return std::move(written).error();
    parking.committed(fold->parked());
    before = written->checkpoint;
    if (at_end) return reached;
  }
}

}  // namespace annals
