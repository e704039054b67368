#include "received_record.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "plain_text.hpp"
#include "refused_record.hpp"

namespace annals::internal {

namespace {

constexpr std::string_view watermark_type = "annals.watermark";

std::optional<std::vector<std::string_view>> lines_in(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (lines.back().empty()) return std::nullopt;
    if (lines.size() > 1 && lines[lines.size() - 2] >= lines.back()) return std::nullopt;
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

/// Reads the members of an event that are more than text, in turn; remembers the first that cannot
/// be read.
class Members {
 public:
  explicit Members(const HeaderTable& headers) : headers_(headers) {}

  std::string_view text(std::string_view name) {
    const auto value = headers_.find(name);
    if (!value || value->empty()) fail(name, value);
    return value.value_or(std::string_view());
  }
  std::optional<std::string_view> perhaps_text(std::string_view name) {
    const auto value = headers_.find(name);
    if (value && value->empty()) fail(name, value);
    return value;
  }
  /// `parse` gives an optional.
  template <typename Parse>
  auto value(std::string_view name, Parse parse) {
    const auto text = headers_.find(name);
    auto value = text ? parse(*text) : std::nullopt;
    if (!value) fail(name, text);
    return value.value_or(typename decltype(value)::value_type{});
  }
  template <typename Parse>
  auto perhaps(std::string_view name, Parse parse) -> decltype(parse(std::string_view())) {
    if (!headers_.find(name)) return std::nullopt;
    return value(name, parse);
  }
  void fail(std::string_view name, const std::optional<std::string_view>& value) {
    if (!failure_) failure_ = refused_header(name, value);
  }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const HeaderTable& headers_;
  std::optional<Error> failure_;
};

std::optional<ContentType> content_type_in(std::string_view text) {
  if (text == "application/json") return ContentType::json;
  if (text == "application/octet-stream") return ContentType::binary;
  return std::nullopt;
}

std::optional<Origin> origin_in(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto store = parse_id<struct StoreIdTag>(text.substr(0, dot));
  const auto position = number_in<std::uint64_t>(text.substr(dot + 1));
  if (!store || !position) return std::nullopt;
  return Origin{StoreId{store->bytes}, {*position}};
}

std::optional<RecordedEvent::Given> given_in(std::string_view text) {
  if (text == "id") return RecordedEvent::Given{.id = true};
  if (text == "effective_at") return RecordedEvent::Given{.effective_at = true};
  if (text == "id effective_at") return RecordedEvent::Given{.id = true, .effective_at = true};
  return std::nullopt;
}

/// Moves everything that the event points to into one block of bytes.
std::shared_ptr<const void> own(RecordedEvent& event) {
  std::size_t size = event.tags.size() * sizeof(std::string_view);
  const auto each_text = [&](const auto& visit) {
    for (std::string_view* text : {&event.stream, &event.type, &event.data, &event.metadata}) {
      visit(*text);
    }
    for (auto* text :
         {&event.correlation_id, &event.causation_id, &event.actor, &event.traceparent}) {
      if (*text) visit(**text);
    }
  };
  each_text([&](std::string_view text) { size += text.size(); });
  for (const std::string_view tag : event.tags) size += tag.size();
  std::shared_ptr<char[]> block(new char[size]);
  char* at = block.get() + event.tags.size() * sizeof(std::string_view);
  const auto move_text = [&](std::string_view& text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    text = {at, text.size()};
    at += text.size();
  };
  each_text(move_text);
  // The block begins where any type may.
  auto* const tags = reinterpret_cast<std::string_view*>(block.get());
  for (std::size_t i = 0; i < event.tags.size(); ++i) {
    move_text(*new (tags + i) std::string_view(event.tags[i]));
  }
  event.tags = {tags, event.tags.size()};
  return block;
}

Result<RecordedEvent> read_event(const HeaderTable& headers, const RecordPlace& place,
                                 std::vector<std::string_view>& tags) {
  const auto time = [](std::string_view text) { return parse_timestamp(text); };
  const auto number32 = [](std::string_view text) { return number_in<std::uint32_t>(text); };
  const auto number64 = [](std::string_view text) { return number_in<std::uint64_t>(text); };
  Members from(headers);
  RecordedEvent event{};
  event.position = place.position;
  const auto id =
      from.value("ce_id", [](std::string_view text) { return parse_id<struct EventIdTag>(text); });
  event.id = EventId{id.bytes};
  event.type = from.text("ce_type");
  event.effective_at = from.value("ce_time", time);
  event.recorded_at = from.value("ce_recordedtime", time);
  event.content_type = from.value("content-type", content_type_in);
  event.correlation_id = from.perhaps_text("ce_correlationid");
  event.causation_id = from.perhaps_text("ce_causationid");
  event.traceparent = from.perhaps_text("ce_traceparent");
  event.stream = from.text("annals-stream");
  event.version = {from.value("annals-version", number64)};
  event.schema_version = from.value("annals-schema", number32);
  event.actor = from.perhaps_text("annals-actor");
  if (auto lines = from.perhaps("annals-tags", lines_in)) {
    tags = *std::move(lines);
    event.tags = tags;
  }
  event.metadata = from.perhaps_text("annals-metadata").value_or(std::string_view());
  const auto known_at = from.perhaps("annals-known-at", time);
  event.known_at = known_at.value_or(event.recorded_at);
  if (const auto given = from.perhaps("annals-given", given_in)) event.given = *given;
  event.given.known_at = known_at.has_value();
  event.origin = from.perhaps("annals-origin", origin_in);
  // What the record says twice must agree.
  for (const auto& [name, value] : {std::pair{"ce_subject", std::optional(event.stream)},
                                    std::pair{"traceparent", event.traceparent}}) {
    if (headers.find(name) != value) from.fail(name, headers.find(name));
  }
  if (!event.given.effective_at && event.effective_at != event.known_at) {
    from.fail("ce_time", headers.find("ce_time"));
  }
  if (from.failure()) return *from.failure();
  return event;
}

}  // namespace

Result<ReceivedRecord> read_record(const HeaderTable& headers, std::optional<std::string_view> key,
                                   std::optional<std::string_view> value) {
  auto place = read_place([&](std::string_view name) { return headers.find(name); });
  if (!place) return std::move(place).error();
  ReceivedRecord record{.place = *place};
  const std::string at = " at position " + to_string(place->position);
  const auto type = headers.find("ce_type");
  if (!type || headers.find("ce_specversion") != "1.0") {
    return refused_header(type ? "ce_specversion" : "ce_type", headers.find("ce_specversion"));
  }
  // An event may have that type, too; but an event has a stream.
  if (type == watermark_type && !headers.find("annals-stream")) {
    if (key || value) return refused_record("a watermark has a key or a value" + at);
    if (!place->link) return refused_record("header annals-link is missing" + at);
    return record;
  }
  std::vector<std::string_view> tags;
  auto event = read_event(headers, *place, tags);
  if (!event) {
    Error error = std::move(event).error();
    error.message += at;
    return error;
  }
  if (key != event->stream) return refused_record("its key is not its stream" + at);
  if (!value) return refused_record("it has no value" + at);
  event->data = *value;
  record.bytes = own(*event);
  record.event = *event;
  return record;
}

}  // namespace annals::internal
