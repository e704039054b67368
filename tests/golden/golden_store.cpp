#include "golden_store.hpp"

#include <array>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <utility>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/manual_clock.hpp>

#include "log/log_format.hpp"
#include "log/manifest.hpp"
#include "log/mark.hpp"
#include "log/segment.hpp"

namespace annals::golden {
namespace {

using testkit::FaultFileSystem;
using testkit::ManualClock;

constexpr std::uint64_t segment_bytes = 64 * 1024;

/// What the engine does for a new store, with an id that is always the same.
Result<void> make_store(FaultFileSystem& disk, const std::string& path) {
  internal::Manifest manifest;
  for (std::uint8_t i = 0; i < 16; ++i) manifest.store.bytes[i] = static_cast<std::uint8_t>(i * 17);
  manifest.eras = {{Era{1}, GlobalPosition{0}}};
  const Link link = first_link(manifest.store);
  manifest.segments = {{.number = 1, .first = {1}, .link_before = link}};
  if (auto made = disk.create_directories(path); !made) return made;
  auto segment = internal::create_segment(disk, path, manifest.store, 1, {1}, link, segment_bytes);
  if (!segment) return std::move(segment).error();
  auto mark = internal::MarkFile::create(disk, path);
  if (!mark) return std::move(mark).error();
  auto anchored = mark->anchor({.boot = internal::boot_of(disk, path),
                                .store = manifest.store,
                                .link = link,
                                .segment = 1,
                                .offset = internal::format::segment_header_bytes});
  if (!anchored) return anchored;
  if (auto prepared = internal::prepare_manifest(disk, path, manifest); !prepared) return prepared;
  return internal::swap_manifest(disk, path);
}

AppendRequest deposit(int number, std::string stream, std::string note) {
  AppendRequest request;
  request.id = append_id_of("golden " + std::to_string(number));
  request.checks = {{stream, ExpectedVersion::any()}};
  request.events = {
      {.stream = std::move(stream),
       .type = "money_deposited",
       .data = "{\"amount\":\"" + std::to_string(number) + ".00 EUR\",\"note\":\"" + note + "\"}"}};
  return request;
}

AppendRequest transfer() {
  AppendRequest request;
  request.id = append_id_of("golden transfer");
  request.checks = {{"account-1", ExpectedVersion::exactly(StreamVersion{0})},
                    {"account-2", ExpectedVersion::no_stream()}};
  request.events = {
      {.stream = "account-1", .type = "money_sent", .data = R"({"amount":"1.00 EUR"})"},
      {.stream = "account-2", .type = "money_received", .data = R"({"amount":"1.00 EUR"})"}};
  return request;
}

AppendRequest every_field() {
  AppendRequest request;
  request.id = append_id_of("golden every field");
  // The longest name that a stream can have, in letters of more than one byte.
  std::string stream = "konto-";
  while (stream.size() + 2 <= 512) stream += "\u00fc";
  request.checks = {{stream, ExpectedVersion::no_stream()}};
  NewEvent event;
  event.stream = stream;
  event.type = "scan_attached";
  event.data = std::string("\x00\x01\xfe\xff binary", 11);
  event.schema_version = 70'000;
  event.content_type = ContentType::binary;
  event.id = parse_id<EventIdTag>("00112233-4455-6677-8899-aabbccddeeff");
  event.metadata = R"({"client":"branch 7"})";
  event.tags = {"card", "monthly"};
  event.correlation_id = "session-5";
  event.causation_id = "command-9";
  event.actor = "teller@example.com";
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.known_at = parse_timestamp("2023-12-31T23:59:59.999999Z");
  event.effective_at = parse_timestamp("1999-01-01T00:00:00Z");
  request.events.push_back(std::move(event));
  return request;
}

Result<void> append_all(EventStore& store, FaultFileSystem& disk, ManualClock& clock) {
  const auto append = [&](AppendRequest request) -> Result<void> {
    clock.advance(std::chrono::seconds(1));
    auto receipt = store.append(std::move(request));
    if (!receipt) return std::move(receipt).error();
    return {};
  };
  if (auto done = append(deposit(100, "account-1", "first")); !done) return done;
  if (auto done = append(transfer()); !done) return done;
  if (auto done = append(every_field()); !done) return done;

  // The first goes alone; the others come while it is being written, and make one group.
  std::mutex mutex;
  std::condition_variable answered;
  int answers = 0;
  disk.hold();
  for (int i = 0; i < 4; ++i) {
    store.append_async(deposit(200 + i, "account-3", "one of a group"), [&](const auto&) {
      const std::lock_guard lock(mutex);
      ++answers;
      answered.notify_all();
    });
    if (i == 0) disk.await_waiting_operation();
  }
  disk.release();
  {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answers == 4; });
  }

  // Long enough for a second segment.
  for (int i = 0; i < 4; ++i) {
    if (auto done = append(deposit(300 + i, "account-4", std::string(20'000, 'x'))); !done) {
      return done;
    }
  }
  const auto link = store.link_at({1});
  if (!link) return link.error();
  if (auto saved = store.save_snapshot({.stream = "account-1",
                                        .version = {0},
                                        .position = {1},
                                        .link = *link,
                                        .fingerprint = 42,
                                        .data = R"({"balance":"100.00 EUR"})"});
      !saved) {
    return saved;
  }
  return append(deposit(400, "account-1", "last"));
}

std::string in_quotes(std::string_view text) {
  if (text.size() > 600) return std::to_string(text.size()) + " bytes";
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f &&
        c != '\\') {
      quoted += c;
      continue;
    }
    std::array<char, 5> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned char>(c));
    quoted += escaped.data();
  }
  return quoted + '"';
}

}  // namespace

std::string write_golden_store(const std::shared_ptr<FaultFileSystem>& disk) {
  const auto clock = std::make_shared<ManualClock>();
  if (auto made = make_store(*disk, "/store"); !made) return to_string(made.error());
  auto store = open_log_event_store({.path = "/store",
                                     .access = LogOptions::Access::must_exist,
                                     .segment_bytes = segment_bytes,
                                     .clock = clock,
                                     .files = disk});
  if (!store) return to_string(store.error());
  if (auto done = append_all(**store, *disk, *clock); !done) return to_string(done.error());
  return {};
}

std::string dump(const EventStore& store) {
  const Stats stats = store.stats();
  std::string text = "store " + to_string(stats.store) + '\n';
  for (const EraBegin& era : stats.eras) {
    text += "era " + std::to_string(era.era.value) + " after " + to_string(era.begins_after) + '\n';
  }
  const auto events = read_all(store, {});
  if (!events) return text + to_string(events.error()) + '\n';
  for (const RecordedEvent& event : *events) {
    const auto link = store.link_at(event.position);
    text += "\nposition " + to_string(event.position) + '\n';
    const auto line = [&](const char* name, const std::string& value) {
      text += "  " + std::string(name) + ' ' + value + '\n';
    };
    const auto optional = [&](const char* name, const std::optional<std::string_view>& value) {
      if (value) line(name, in_quotes(*value));
    };
    line("stream", in_quotes(event.stream));
    line("version", to_string(event.version));
    line("id", to_string(event.id));
    line("type", in_quotes(event.type) + " schema " + std::to_string(event.schema_version) + ' ' +
                     std::string(to_string(event.content_type)));
    line("data", in_quotes(event.data));
    if (!event.metadata.empty()) line("metadata", in_quotes(event.metadata));
    for (const std::string_view tag : event.tags) line("tag", in_quotes(tag));
    optional("correlation_id", event.correlation_id);
    optional("causation_id", event.causation_id);
    optional("actor", event.actor);
    optional("traceparent", event.traceparent);
    line("recorded_at", to_string(event.recorded_at));
    line("known_at", to_string(event.known_at));
    line("effective_at", to_string(event.effective_at));
    line("link", link ? to_string(*link) : to_string(link.error()));
  }
  const auto snapshot = store.load_snapshot("account-1", store.head().position, 42);
  text += "\nsnapshot ";
  text += snapshot && *snapshot
              ? to_string((*snapshot)->position) + ' ' + in_quotes((*snapshot)->data)
              : std::string("none");
  return text + '\n';
}

}  // namespace annals::golden
