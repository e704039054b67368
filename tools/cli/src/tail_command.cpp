#include <algorithm>
#include <chrono>
#include <utility>

#include "commands.hpp"
#include "event_row.hpp"
#include "exit_code.hpp"
#include "stop_signal.hpp"

namespace annals::cli {

Result<int> tail_events(const std::string& folder, const TailRequest& request, Format format,
                        Output& output) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  // A signal is noticed this much later at most.
  constexpr milliseconds nap{100};

  const StopSignal stop;
  const auto started = Clock::now();
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  Token begin = (*store)->token();
  if (request.after) begin.position = *request.after;
  auto subscription = (*store)->subscribe({.query = request.query, .after = Checkpoint{begin}});
  if (!subscription) return std::move(subscription).error();

  EventPrinter printer(output, format);
  std::uint64_t printed = 0;
  printer.flush();
  while (!stop.raised() && output.wanted() && printed < request.limit) {
    milliseconds wait = nap;
    if (request.timeout) {
      const auto used = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
      if (used >= *request.timeout) break;
      wait = std::min(wait, *request.timeout - used);
    }
    auto batch = (*subscription)->next(wait);
    if (!batch) return std::move(batch).error();
    for (const RecordedEvent& event : batch->events) {
      if (printed == request.limit) break;
      printer.print(event);
      ++printed;
    }
    if (!batch->events.empty()) printer.flush();
  }
  const bool wants_more = request.limit != no_limit && printed < request.limit;
  if (wants_more && !stop.raised() && output.wanted()) {
    return Error{.code = ErrorCode::timeout,
                 .message = std::to_string(printed) + " of " + std::to_string(request.limit) +
                            " events came in the time allowed"};
  }
  return exit_ok;
}

}  // namespace annals::cli
