#include "event_row.hpp"

#include <string_view>

#include "json_text.hpp"

namespace annals::cli {

namespace {

/// Adds bytes that a writer gave as `name`, `name`_text or `name`_base64.
void add_bytes(JsonObject& object, const std::string& name, std::string_view bytes, bool json) {
  if (json) {
    if (const auto compact = compact_json(bytes)) {
      object.value(name, *compact);
      return;
    }
  }
  if (json && is_utf8(bytes)) {
    object.text(name + "_text", bytes);
  } else {
    object.text(name + "_base64", base64(bytes));
  }
}

std::string shown_data(const RecordedEvent& event) {
  if (event.content_type == ContentType::json) {
    return compact_json(event.data).value_or(std::string(event.data));
  }
  return std::to_string(event.data.size()) + " bytes: " + base64(event.data);
}

}  // namespace

std::string event_json(const RecordedEvent& event) {
  JsonObject object;
  object.number("position", event.position.value)
      .text("stream", event.stream)
      .number("version", event.version.value)
      .text("id", to_string(event.id))
      .text("type", event.type)
      .number("schema_version", event.schema_version)
      .text("content_type", to_string(event.content_type))
      .text("recorded_at", to_string(event.recorded_at))
      .text("known_at", to_string(event.known_at))
      .text("effective_at", to_string(event.effective_at));
  if (event.correlation_id) object.text("correlation_id", *event.correlation_id);
  if (event.causation_id) object.text("causation_id", *event.causation_id);
  if (event.actor) object.text("actor", *event.actor);
  if (event.traceparent) object.text("traceparent", *event.traceparent);
  if (!event.tags.empty()) {
    std::string tags = "[";
    for (const std::string_view tag : event.tags) {
      if (tags.size() > 1) tags += ',';
      append_json_string(tags, tag);
    }
    object.value("tags", tags + "]");
  }
  add_bytes(object, "data", event.data, event.content_type == ContentType::json);
  if (!event.metadata.empty()) add_bytes(object, "metadata", event.metadata, true);
  return object.finish();
}

EventPrinter::EventPrinter(Output& output, Format format)
    : output_(output),
      format_(format),
      table_(output, {{"position", Table::Align::right},
                      {"recorded at"},
                      {"stream"},
                      {"version", Table::Align::right},
                      {"type"},
                      {"data"}}) {}

void EventPrinter::print(const RecordedEvent& event) {
  if (format_ == Format::json) {
    output_.line(event_json(event));
    return;
  }
  table_.row({std::to_string(event.position.value), to_string(event.recorded_at),
              std::string(event.stream), std::to_string(event.version.value),
              std::string(event.type), shown_data(event)});
}

void EventPrinter::flush() {
  if (format_ == Format::table) table_.flush();
  output_.flush();
}

}  // namespace annals::cli
