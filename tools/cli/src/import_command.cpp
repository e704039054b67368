#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "export_format.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "store_address.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

/// What some editors put before UTF-8.
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Says the time at which the append that is written next was recorded first.
class RecordedClock final : public Clock {
 public:
  Timestamp now() const override { return now_; }
  void set(Timestamp now) { now_ = now; }

 private:
  Timestamp now_{};  // Set and read while one append is under way.
};

class Importer {
 public:
  Importer(const std::string& folder, const ImportRequest& request)
      : folder_(folder), request_(request), progress_("importing positions", request.progress) {}

  Result<void> run(std::istream& lines) {
    errno = 0;  // Appends may set it; no read that fails leaves it so.
    for (std::string text; std::getline(lines, text); errno = 0) {
      if (++line_ == 1 && text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
      auto line = parse_export_line(text);
      if (!line) return at_line(std::move(line).error());
      if (auto taken = take(*std::move(line)); !taken) return at_line(std::move(taken).error());
    }
    if (lines.bad()) return cannot_read(errno);
    if (line_ == 0) return invalid("there is no export: nothing was read");
    if (!ended_) {
      return Error{ErrorCode::invalid_argument,
                   "the export has no end after line " + std::to_string(line_) +
                       ": it was cut short; what was whole has been imported"};
    }
    return settle();
  }

  void print(Format format, Output& output) const {
    if (format == Format::json) {
      output.line(JsonObject()
                      .text("imported", shown_address(folder_))
                      .text("store", to_string(token_.store))
                      .number("era", token_.era.value)
                      .number("appends", appends_)
                      .number("repeated", repeated_)
                      .number("position", head_.position.value)
                      .text("link", to_string(head_.link))
                      .finish());
      return;
    }
    Properties properties;
    properties.add("imported", shown_address(folder_));
    properties.add("store", to_string(token_.store));
    properties.add("era", std::to_string(token_.era.value));
    properties.add("appends",
                   grouped(appends_) + ", and " + grouped(repeated_) + " that were there already");
    properties.add("position", std::to_string(head_.position.value));
    properties.add("link", to_string(head_.link));
    properties.print(output);
  }

 private:
  static Error invalid(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }
  /// A folder can be opened, and only the first read says what it is.
  Error cannot_read(int reason) const {
    Error error{ErrorCode::unavailable,
                "cannot read " + (request_.file.empty() ? "standard input" : request_.file)};
    if (reason != 0) error.message += std::string(": ") + std::strerror(reason);
    return error;
  }
  Error at_line(Error error) const {
    error.message = "line " + std::to_string(line_) + ": " + error.message;
    return error;
  }

  Result<void> take(ExportLine line) {
    if (ended_) return invalid("expected nothing behind the end");
    if (const auto* header = std::get_if<ExportHeader>(&line)) {
      if (store_) return invalid("expected an append or the end, not another header");
      return begin(*header);
    }
    if (!store_) return invalid("expected a header (annals_export) first");
    if (const auto* end = std::get_if<ExportEnd>(&line)) {
      if (end->appends != appends_ + repeated_) {
        return invalid("the end counts " + std::to_string(end->appends) + " appends, not " +
                       std::to_string(appends_ + repeated_) + ": lines are missing or too many");
      }
      if (end->events != events_) {
        return invalid("the end counts " + std::to_string(end->events) + " events, not " +
                       std::to_string(events_) + ": events are missing or too many");
      }
      if (request_.exact && store_->head() != Head{header_.last, header_.link}) {
        return invalid("history ends at position " + to_string(store_->head().position) +
                       ", and the header says " + to_string(header_.last));
      }
      ended_ = true;
      return {};
    }
    auto& exported = std::get<ExportedAppend>(line);
    if (!header_.filtered && exported.events.size() != exported.append.count) {
      return invalid("expected all " + std::to_string(exported.append.count) +
                     " events of the append, not " + std::to_string(exported.events.size()));
    }
    if (exported.append.last() > header_.last) {
      return invalid("the append ends at position " + to_string(exported.append.last()) +
                     ", and the header says that history ends at " + to_string(header_.last));
    }
    if (exported.append.first.value < next_) {
      return invalid("the append begins at position " + to_string(exported.append.first) +
                     ", and what comes here begins at " + std::to_string(next_) + " or later");
    }
    next_ = exported.append.last().value + 1;
    events_ += exported.events.size();
    auto taken = request_.exact ? add_exactly(exported) : add(exported);
    if (!taken) {
      Error error = std::move(taken).error();
      error.message = "positions " + to_string(exported.append.first) + " to " +
                      to_string(exported.append.last()) + ": " + error.message;
      return error;
    }
    progress_.show(exported.append.last().value - header_.first.value + 1,
                   header_.last.value - header_.first.value + 1);
    return {};
  }

  Result<void> begin(const ExportHeader& header) {
    header_ = header;
    next_ = header.first.value;
    ImportAccess access;
    access.compress = request_.compress;
    access.max_clock_skew = request_.max_clock_skew.value_or(access.max_clock_skew);
    max_clock_skew_ = access.max_clock_skew;
    if (request_.exact) {
      if (header.filtered || header.first.value != 1 ||
          header.link_before != first_link(header.store)) {
        return invalid("an exact import needs a whole export: all events from position 1 on");
      }
      if (header.eras.back().era.value == std::numeric_limits<std::uint32_t>::max()) {
        return invalid(
            "the export is of the highest era there is, and an exact import needs a "
            "higher one: import it as a new history, without --exact");
      }
      StoreIdentity identity{header.store, header.eras};
      identity.eras.push_back({{header.eras.back().era.value + 1}, header.last});
      access.identity = std::move(identity);
      access.clock = clock_;
      access.max_clock_skew = std::chrono::hours(24 * 365);  // As it was then is not known.
    }
    auto opened = open_store_to_import(folder_, access);
    if (!opened) return std::move(opened).error();
    store_ = std::move(*opened);
    if (const GlobalPosition head = store_->head().position; head.value > 0) {
      const auto last = store_->append_holding(head);
      if (!last) return last.error();
      clock_->set(last->recorded_at);
    }
    if (!request_.exact && store_->token().store == header.store) {
      return invalid("this is an export of the very store: only another one can import it");
    }
    return {};
  }

  /// One check per stream: it is as it was before this append.
  Result<std::vector<StreamCheck>> checks_of(const ExportedAppend& exported) const {
    std::vector<StreamCheck> checks;
    std::map<std::string_view, std::uint64_t> next;
    for (const ExportedEvent& event : exported.events) {
      const std::uint64_t version = event.version.value;
      const auto [known, fresh] = next.emplace(event.event.stream, version);
      if (fresh) {
        checks.push_back({event.event.stream, request_.merge ? ExpectedVersion::any()
                                              : version == 0
                                                  ? ExpectedVersion::no_stream()
                                                  : ExpectedVersion::exactly({version - 1})});
      } else if (known->second != version && (!header_.filtered || known->second > version)) {
        return invalid("stream " + event.event.stream + ": expected version " +
                       std::to_string(known->second) + ", not " + std::to_string(version));
      }
      known->second = version + 1;
    }
    return checks;
  }

  Result<void> add(ExportedAppend& exported) {
    auto checks = checks_of(exported);
    if (!checks) return std::move(checks).error();
    const RecordedAppend& origin = exported.append;
    AppendRequest request;
    request.id =
        append_id_of("annals-import-1 " + to_string(header_.store) + " " + to_string(origin.id));
    request.checks = *std::move(checks);
    for (ExportedEvent& event : exported.events) {
      NewEvent& given = request.events.emplace_back(std::move(event.event));
      const auto index = static_cast<std::uint32_t>(event.position.value - origin.first.value);
      if (!given.id) given.id = derived_event_id(origin.id, index);
      if (!given.known_at) given.known_at = origin.recorded_at;
      if (!given.origin) given.origin = Origin{header_.store, event.position};
    }
    const AppendId id = request.id.value();
    Timestamp known_at = Timestamp::min();
    for (const NewEvent& given : request.events) known_at = std::max(known_at, *given.known_at);
    auto receipt = store_->append(std::move(request));
    if (!receipt) {
      Error error = std::move(receipt).error();
      if (auto advice = advice_on(error, id, known_at)) error.message += " (" + *advice + ")";
      return error;
    }
    ++(receipt->repeated ? repeated_ : appends_);
    return {};
  }

  /// What may help against the refusal of an append.
  std::optional<std::string> advice_on(const Error& error, const AppendId& id,
                                       Timestamp known_at) const {
    if (error.code == ErrorCode::wrong_expected_version) {
      return "--merge appends to streams whatever they hold";
    }
    if (error.code != ErrorCode::invalid_argument) return std::nullopt;
    if (const auto there = store_->find_append(id); there && *there) {
      return "other events of this append were imported before: an append is imported once, so "
             "export all events you want with one query, such as --stream a --stream b, and import "
             "that into a new store";
    }
    if (known_at - system_clock()->now() > max_clock_skew_) {
      return "--max-clock-skew SECONDS raises how far events may be known ahead of the clock";
    }
    return std::nullopt;
  }

  Result<void> add_exactly(ExportedAppend& exported) {
    const RecordedAppend& append = exported.append;
    const Head head = store_->head();
    if (append.last() <= head.position) {  // An earlier run came this far.
      const auto there = store_->append_holding(append.first);
      if (!there) return there.error();
      if (*there != append) return invalid("the store holds another append there");
      ++repeated_;
      return {};
    }
    if (append.first.value != head.position.value + 1 || exported.events.size() != append.count) {
      return invalid("expected all events from position " +
                     std::to_string(head.position.value + 1) + " on");
    }
    auto checks = checks_of(exported);
    if (!checks) return std::move(checks).error();
    if (append.recorded_at < clock_->now() && head.position.value > 0) {
      return invalid("recorded_at lies before that of the append before");
    }
    AppendRequest request{.checks = *std::move(checks), .id = append.id, .digest = append.digest};
    std::vector<LinkedEvent> linked;
    for (ExportedEvent& event : exported.events) {
      NewEvent& given = request.events.emplace_back(std::move(event.event));
      std::sort(given.tags.begin(), given.tags.end());
      given.tags.erase(std::unique(given.tags.begin(), given.tags.end()), given.tags.end());
      linked.push_back({event.version, content_hash(given)});
    }
    const Link link = next_link(head.link, append.id, append.first, append.recorded_at, linked);
    if (link != append.link) {
      return invalid("the link comes out as " + to_string(link) + ", and the export says " +
                     to_string(append.link) +
                     ": the export was changed; all before it has been imported, and with an "
                     "unchanged one the import goes on from here");
    }
    clock_->set(append.recorded_at);
    auto receipt = store_->append(std::move(request));
    if (!receipt) return std::move(receipt).error();
    if (receipt->repeated || receipt->link != append.link) {
      return Error{ErrorCode::corrupt, "it was recorded otherwise than the export says"};
    }
    ++appends_;
    return {};
  }

  /// Opening the store again, to answer only what is durable, says whether all of it is.
  Result<void> settle() {
    const Head reached = store_->head();
    store_.reset();
    auto opened = open_store_to_import(folder_, {.compress = request_.compress, .settled = true});
    if (!opened) return std::move(opened).error();
    head_ = (*opened)->head();
    token_ = (*opened)->token();
    if (head_ == reached) return {};
    return Error{ErrorCode::unavailable,
                 "the last appends could not be made durable: run it again"};
  }

  const std::string& folder_;
  const ImportRequest& request_;
  Progress progress_;
  const std::shared_ptr<RecordedClock> clock_ = std::make_shared<RecordedClock>();
  std::unique_ptr<EventStore> store_;
  std::chrono::microseconds max_clock_skew_{};  // With which it is open.
  ExportHeader header_;
  std::uint64_t line_ = 0;
  std::uint64_t appends_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t events_ = 0;  // Of both.
  std::uint64_t next_ = 0;    // The least position that may come.
  bool ended_ = false;
  Head head_;
  Token token_;
};

}  // namespace

Result<int> import_events(const std::string& folder, const ImportRequest& request, Format format,
                          Output& output) {
  std::ifstream file;
  if (!request.file.empty()) {
    file.open(request.file, std::ios::binary);
    if (!file) {
      return Error{ErrorCode::unavailable,
                   "cannot open " + request.file + ": " + std::strerror(errno)};
    }
  }
  std::ios::sync_with_stdio(false);
  {
    Importer importer(folder, request);
    auto done = importer.run(request.file.empty() ? std::cin : file);
    if (!done) return std::move(done).error();
    importer.print(format, output);
  }
  if (!request.compress) return exit_ok;
  // The rest: what was complete when the import ended may not have had its turn.
  return compress_store(folder, {.progress = request.progress}, format, output);
}

}  // namespace annals::cli
