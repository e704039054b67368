#include "read_model.hpp"

#include <chrono>
#include <system_error>
#include <utility>

#include <annals/codec/json.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

#include "measurement.hpp"

namespace annals::bench {

namespace fs = std::filesystem;

Result<std::unique_ptr<ReadModelStore>> open_read_model(const fs::path& file) {
  return open_sqlite_read_models({.path = file.string()});
}

Result<double> project_to_head(const EventStore& store, ReadModelStore& rows,
                               std::uint32_t partitions) {
  const auto started = Clock::now();
  ProjectionRunner runner(store, rows, {.threads = partitions});
  if (auto added = runner.add<Balances>(partitions); !added) return std::move(added).error();
  auto reached = runner.wait(Balances::name, store.head().position, std::chrono::hours(1));
  if (!reached) return std::move(reached).error();
  return seconds_since(started);
}

Result<fs::path> Template::copy_to(const fs::path& folder) const {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::copy_file(file, folder / file.filename(), error);
  if (error) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "cannot copy " + file.string() + ": " + error.message()};
  }
  return folder / file.filename();
}

Result<void> visit_bookings(
    const EventStore& store, GlobalPosition after,
    const std::function<Result<bool>(const EventInfo&, std::int64_t cents)>& visit) {
  auto cursor = store.read({.start = Start::after(after)});
  if (!cursor) return std::move(cursor).error();
  while (true) {
    auto run = (*cursor)->next();
    if (!run) return std::move(run).error();
    if (run->empty()) return {};
    for (const RecordedEvent& event : *run) {
      std::int64_t cents = 0;
      if (event.type == "money_deposited") {
        auto deposited = from_json<MoneyDeposited>(event.data);
        if (!deposited) return std::move(deposited).error();
        cents = deposited->amount.minor_units();
      } else {
        auto withdrawn = from_json<MoneyWithdrawn>(event.data);
        if (!withdrawn) return std::move(withdrawn).error();
        cents = -withdrawn->amount.minor_units();
      }
      auto more = visit(event, cents);
      if (!more) return std::move(more).error();
      if (!*more) return {};
    }
  }
}

}  // namespace annals::bench
