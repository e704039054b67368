#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <annals/codec/json_value.hpp>
#include <annals/eventstore/limits.hpp>

#include "export_format.hpp"

namespace annals::cli {

namespace {

using Json = nlohmann::json;

Error expected(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }

/// RFC 4648, section 4, with padding; nothing if `text` is anything else.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const auto value = [](char c) -> int {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
    std::uint32_t three = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = j + padding >= 4 ? 0 : value(text[i + j]);
      if (digit < 0) return std::nullopt;
      three = three << 6 | static_cast<std::uint32_t>(digit);
    }
    const std::uint32_t rest = padding == 0 ? 0 : padding == 1 ? three & 0xFF : three & 0xFFFF;
    if (rest != 0) return std::nullopt;  // Two texts for the same bytes.
    for (std::size_t j = 0; j + padding < 3; ++j) {
      bytes += static_cast<char>(three >> (16 - 8 * j) & 0xFF);
    }
  }
  return bytes;
}

/// Takes members out of an object, remembering the first thing that was wrong.
class Members {
 public:
  Members(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  void text(const char* name, std::string& into) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(name, "a text");
    into = value->get_ref<const std::string&>();
  }
  void optional_text(const char* name, std::optional<std::string>& into) {
    if (object_.contains(name)) text(name, into.emplace());
  }
  /// `name`, or `name`_base64. Neither: false.
  bool bytes(const std::string& name, std::string& into) {
    const std::string coded = name + "_base64";
    if (object_.contains(name)) {
      if (object_.contains(coded)) fail(name.c_str(), "not beside " + coded);
      text(name.c_str(), into);
      return true;
    }
    if (!object_.contains(coded)) return false;
    std::string base64;
    text(coded.c_str(), base64);
    auto plain = from_base64(base64);
    if (!plain) fail(coded.c_str(), "base64 with padding (RFC 4648)");
    into = std::move(plain).value_or("");
    return true;
  }
  template <typename Number>
  void number(const char* name, Number& into) {
    const Json* value = member(name);
    if (value == nullptr) return;
    std::uint64_t whole = 0;
    bool good = value->is_number_unsigned();
    if (good) whole = value->get<std::uint64_t>();
    if (value->is_string()) {  // Beyond 2^53.
      const auto& digits = value->get_ref<const std::string&>();
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), whole);
      good = error == std::errc{} && end == digits.data() + digits.size();
    }
    if (!good || whole > std::numeric_limits<Number>::max()) {
      return fail(name,
                  "a whole number up to " + std::to_string(std::numeric_limits<Number>::max()));
    }
    into = static_cast<Number>(whole);
  }
  template <typename Tag>
  void id(const char* name, Id<Tag>& into) {
    std::string digits;
    text(name, digits);
    const auto id = parse_id<Tag>(digits);
    if (!id) return fail(name, "an id of 32 hexadecimal digits");
    into = *id;
  }
  void link(const char* name, Link& into) {
    std::string digits;
    text(name, digits);
    const auto link = parse_digest(digits);
    if (!link) return fail(name, "a link of 64 hexadecimal digits");
    into = *link;
  }
  void time(const char* name, Timestamp& into) {
    std::string words;
    text(name, words);
    const auto time = parse_timestamp(words);
    if (!time) return fail(name, "a time such as 2024-02-29T12:34:56.000001Z");
    into = *time;
  }
  void optional_time(const char* name, std::optional<Timestamp>& into) {
    if (object_.contains(name)) time(name, into.emplace());
  }
  void flag(const char* name, bool& into) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) return fail(name, "true or false");
    into = value->get<bool>();
  }
  const Json* array(const char* name) {
    const Json* value = member(name);
    if (value == nullptr) return nullptr;
    if (value->is_array()) return value;
    fail(name, "a list");
    return nullptr;
  }
  const Json* object(const char* name) {
    const Json* value = member(name);
    if (value == nullptr) return nullptr;
    if (value->is_object()) return value;
    fail(name, "an object");
    return nullptr;
  }
  std::string path(const std::string& name) const {
    return where_.empty() ? name : where_ + "." + name;
  }
  void fail(const char* name, const std::string& what) {
    if (!problem_) problem_ = expected(path(name) + ": expected " + what);
  }
  void fail(Error error) {
    if (!problem_) problem_ = std::move(error);
  }
  /// What was wrong; a member that nobody asked for is, too.
  Result<void> finish() {
    if (!problem_ && taken_ != object_.size()) {
      fail(expected((where_.empty() ? "the line" : where_) +
                    ": has a member that this version does not know"));
    }
    if (problem_) return *problem_;
    return {};
  }

 private:
  const Json* member(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      fail(name, "it to be there");
      return nullptr;
    }
    ++taken_;
    return &*found;
  }

  const Json& object_;
  const std::string where_;
  std::optional<Error> problem_;
  std::size_t taken_ = 0;
};

Result<ExportLine> read_header(const Json& json) {
  Members line(json, "");
  ExportHeader header;
  std::uint64_t version = 0;
  line.number("annals_export", version);
  if (version != export_version) {
    return Error{ErrorCode::unsupported, "annals_export: version " + std::to_string(version) +
                                             "; this annals reads version 1"};
  }
  std::string hash;
  line.text("hash", hash);
  if (hash != "sha-256") line.fail("hash", "\"sha-256\"");
  line.id("store", header.store);
  if (const Json* eras = line.array("eras")) {
    for (const Json& entry : *eras) {
      if (!entry.is_object()) return expected("eras: expected a list of objects");
      Members era(entry, "eras");
      EraBegin begin;
      era.number("era", begin.era.value);
      era.number("begins_after", begin.begins_after.value);
      if (auto good = era.finish(); !good) return std::move(good).error();
      header.eras.push_back(begin);
    }
    if (header.eras.empty()) line.fail("eras", "one era at least");
  }
  line.number("first", header.first.value);
  line.link("link_before", header.link_before);
  line.number("last", header.last.value);
  line.link("link", header.link);
  line.flag("filtered", header.filtered);
  if (header.first.value == 0) line.fail("first", "a position");
  if (auto good = line.finish(); !good) return std::move(good).error();
  return ExportLine(std::move(header));
}

Result<ExportedEvent> read_event(const Json& json, const std::string& where) {
  if (!json.is_object()) return expected(where + ": expected an object");
  Members members(json, where);
  ExportedEvent exported;
  NewEvent& event = exported.event;
  members.number("position", exported.position.value);
  members.text("stream", event.stream);
  members.number("version", exported.version.value);
  members.text("type", event.type);
  if (json.contains("schema_version")) members.number("schema_version", event.schema_version);
  if (json.contains("content_type")) {
    std::string type;
    members.text("content_type", type);
    if (type == to_string(ContentType::binary)) {
      event.content_type = ContentType::binary;
    } else if (type != to_string(ContentType::json)) {
      members.fail("content_type", "\"json\" or \"binary\"");
    }
  }
  if (json.contains("id")) members.id("id", event.id.emplace());
  if (!members.bytes("data", event.data)) members.fail("data", "it, or data_base64, to be there");
  members.bytes("metadata", event.metadata);
  if (json.contains("tags")) {
    if (const Json* tags = members.array("tags")) {
      for (const Json& tag : *tags) {
        if (!tag.is_string()) return expected(members.path("tags") + ": expected a list of texts");
        event.tags.push_back(tag.get<std::string>());
      }
    }
  }
  members.optional_text("correlation_id", event.correlation_id);
  members.optional_text("causation_id", event.causation_id);
  members.optional_text("actor", event.actor);
  members.optional_text("traceparent", event.traceparent);
  members.optional_time("known_at", event.known_at);
  members.optional_time("effective_at", event.effective_at);
  if (json.contains("origin")) {
    if (const Json* object = members.object("origin")) {
      Members origin(*object, members.path("origin"));
      event.origin.emplace();
      origin.id("store", event.origin->store);
      origin.number("position", event.origin->position.value);
      if (auto good = origin.finish(); !good) members.fail(std::move(good).error());
    }
  }
  if (auto good = members.finish(); !good) return std::move(good).error();
  return exported;
}

Result<ExportLine> read_append(const Json& json) {
  Members line(json, "");
  ExportedAppend exported;
  RecordedAppend& append = exported.append;
  AppendId digest;
  line.id("append", append.id);
  line.id("digest", digest);
  append.digest.bytes = digest.bytes;
  line.number("position", append.first.value);
  line.number("count", append.count);
  line.time("recorded_at", append.recorded_at);
  line.link("link", append.link);
  if (append.first.value == 0) line.fail("position", "a position");
  if (append.count == 0 || append.count > Limits::append_events_max ||
      append.first.value > std::numeric_limits<std::uint64_t>::max() - append.count) {
    line.fail("count", "a number of events from 1 to " + std::to_string(Limits::append_events_max));
  }
  const Json* events = line.array("events");
  if (auto good = line.finish(); !good) return std::move(good).error();
  if (events->empty() || events->size() > append.count) {
    return expected("events: expected 1 to " + std::to_string(append.count) +
                    " of them, as count says");
  }
  GlobalPosition next = append.first;
  for (const Json& entry : *events) {
    const std::string where = "events[" + std::to_string(exported.events.size()) + "]";
    auto event = read_event(entry, where);
    if (!event) return std::move(event).error();
    if (event->position < next || event->position > append.last()) {
      return expected(where + ".position: expected one from " + to_string(next) + " to " +
                      to_string(append.last()));
    }
    next = {event->position.value + 1};
    exported.events.push_back(*std::move(event));
  }
  return ExportLine(std::move(exported));
}

Result<ExportLine> read_end(const Json& json) {
  Members line(json, "");
  ExportEnd end;
  bool ended = false;
  line.flag("end", ended);
  line.number("appends", end.appends);
  line.number("events", end.events);
  if (!ended) line.fail("end", "true");
  if (auto good = line.finish(); !good) return std::move(good).error();
  return ExportLine(end);
}

}  // namespace

Result<ExportLine> parse_export_line(std::string_view line) {
  auto json = parse_json(line);
  if (!json) return std::move(json).error();
  if (!json->is_object()) return expected("expected an object");
  if (json->contains("annals_export")) return read_header(*json);
  if (json->contains("append")) return read_append(*json);
  if (json->contains("end")) return read_end(*json);
  return expected("expected a header (annals_export), an append or an end");
}

}  // namespace annals::cli
