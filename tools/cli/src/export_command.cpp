#include <cerrno>
#include <cstring>
#include <utility>

#include <annals/eventstore/log_backup.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "export_format.hpp"
#include "progress.hpp"
#include "stop_signal.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace annals::cli {

namespace {

/// Gathers the events of one append after another.
class Exporter {
 public:
  /// Ends early, with an error, when `stop` is raised.
  Exporter(const EventStore& store, Output& output, Progress& progress, ExportHeader header,
           const StopSignal* stop)
      : store_(store),
        output_(output),
        progress_(progress),
        stop_(stop),
        header_(std::move(header)) {}

  Result<void> run(const Query& query) {
    output_.line(export_line(header_));
    auto cursor = store_.read({.query = query,
                               .start = Start::from(header_.first),
                               .as_of = AsOf::position(header_.last)});
    if (!cursor) return std::move(cursor).error();
    while (output_.wanted()) {
      if (stop_ != nullptr && stop_->raised()) {
        return Error{ErrorCode::timeout, "the export was interrupted"};
      }
      auto events = (*cursor)->next();
      if (!events) return std::move(events).error();
      if (events->empty()) break;
      if (auto taken = take(*events); !taken) return taken;
      progress_.show(events->back().position.value - header_.first.value + 1,
                     header_.last.value - header_.first.value + 1);
    }
    // Cut off: what was gathered may be half an append. Output::finish() says whether it matters.
    if (!output_.wanted()) return {};
    if (auto written = write(); !written) return written;
    // Records that are no events are not handed out, and cannot be left out of a whole history.
    if (!header_.filtered && next_.value != header_.last.value + 1) return no_event(next_);
    output_.line(export_line(end_));
    return {};
  }

 private:
  Result<void> take(const RecordedEvents& batch) {
    for (const RecordedEvent& event : batch) {
      if (append_ && event.position > append_->last()) {
        if (auto written = write(); !written) return written;
      }
      if (!append_) {
        auto append = store_.append_holding(event.position);
        if (!append) return std::move(append).error();
        append_ = *append;
      }
      events_.push_back(event);
    }
    // An append may go on in the next batch.
    owners_.push_back(batch);
    return {};
  }

  Result<void> write() {
    if (!append_) return {};
    if (!header_.filtered && events_.size() != append_->count) return no_event(append_->first);
    output_.line(export_line(*append_, events_));
    ++end_.appends;
    end_.events += events_.size();
    next_ = {append_->last().value + 1};
    events_.clear();
    append_.reset();
    owners_.clear();
    return {};
  }

  static Error no_event(GlobalPosition position) {
    return {.code = ErrorCode::unsupported,
            .message = "the append that holds position " + to_string(position) +
                       " has records that are no events: this annals cannot export them"};
  }

  const EventStore& store_;
  Output& output_;
  Progress& progress_;
  const StopSignal* const stop_;
  const ExportHeader header_;
  std::optional<RecordedAppend> append_;  // Whose events are being gathered.
  std::vector<RecordedEvent> events_;
  std::vector<RecordedEvents> owners_;  // Of what events_ points to.
  GlobalPosition next_ = header_.first;
  ExportEnd end_;
};

Result<ExportHeader> header_of(const EventStore& store, const ExportRequest& request) {
  const Stats stats = store.stats();
  ExportHeader header{.store = stats.store,
                      .eras = stats.eras,
                      .first = std::max(request.first, GlobalPosition{1}),
                      .link_before = {},
                      .last = request.last.value_or(stats.head.position),
                      .link = {},
                      .filtered = request.query != Query::all()};
  if (header.last.value > 0) {  // Whole appends.
    const auto last = store.append_holding(header.last);
    if (!last) return last.error();
    header.last = last->last();
  }
  if (header.first.value > 1) {
    const auto first = store.append_holding(header.first);
    if (!first) return first.error();
    header.first = first->first;
  }
  const auto before = store.link_at({header.first.value - 1});
  const auto link = store.link_at(header.last);
  if (!before || !link) return !before ? before.error() : link.error();
  header.link_before = *before;
  header.link = *link;
  return header;
}

Result<void> export_to(const EventStore& store, const ExportRequest& request, Output& output,
                       const StopSignal* stop) {
  auto header = header_of(store, request);
  if (!header) return std::move(header).error();
  Progress progress("exporting positions", request.progress);
  auto done = Exporter(store, output, progress, *std::move(header), stop).run(request.query);
  auto finished = output.finish();
  return done ? finished : done;
}

/// A file that is whole, or none.
Result<void> export_to_file(const EventStore& store, const ExportRequest& request) {
  const int file = ::open(request.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    return Error{ErrorCode::unavailable,
                 "cannot make " + request.file + ": " + std::strerror(errno)};
  }
  const StopSignal stop;
  auto done = [&] {
    Output to_file(file);
    return export_to(store, request, to_file, &stop);
  }();
  if (done && ::fsync(file) != 0) {
    done =
        Error{ErrorCode::unavailable, "cannot sync " + request.file + ": " + std::strerror(errno)};
  }
  ::close(file);
  if (!done) ::unlink(request.file.c_str());
  return done;
}

}  // namespace

Result<int> export_events(const std::string& folder, const ExportRequest& request, Output& output) {
  if (!request.file.empty() && !is_database(folder) && lies_inside(request.file, folder)) {
    return Error{ErrorCode::invalid_argument,
                 request.file + " lies inside the store " + folder + ": write it elsewhere"};
  }
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  auto done = request.file.empty() ? export_to(**store, request, output, nullptr)
                                   : export_to_file(**store, request);
  if (!done) return std::move(done).error();
  return exit_ok;
}

}  // namespace annals::cli
