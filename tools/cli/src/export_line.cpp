#include "export_format.hpp"
#include "json_text.hpp"

namespace annals::cli {

namespace {

/// Bytes as `name`, or as `name`_base64 if they are no UTF-8.
void add_bytes(JsonObject& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object.text(name, bytes);
  } else {
    object.text(name + "_base64", base64(bytes));
  }
}

std::string hex(const RequestDigest& digest) { return to_string(AppendId{digest.bytes}); }

std::string event_object(const RecordedEvent& event) {
  JsonObject object;
  object.number("position", event.position.value)
      .text("stream", event.stream)
      .number("version", event.version.value)
      .text("type", event.type);
  if (event.schema_version != 1) object.number("schema_version", event.schema_version);
  if (event.content_type != ContentType::json) {
    object.text("content_type", to_string(event.content_type));
  }
  if (event.given.id) object.text("id", to_string(event.id));
  add_bytes(object, "data", event.data);
  if (!event.metadata.empty()) add_bytes(object, "metadata", event.metadata);
  if (!event.tags.empty()) {
    std::string tags = "[";
    for (const std::string_view tag : event.tags) {
      if (tags.size() > 1) tags += ',';
      append_json_string(tags, tag);
    }
    object.value("tags", tags + "]");
  }
  if (event.correlation_id) object.text("correlation_id", *event.correlation_id);
  if (event.causation_id) object.text("causation_id", *event.causation_id);
  if (event.actor) object.text("actor", *event.actor);
  if (event.traceparent) object.text("traceparent", *event.traceparent);
  if (event.given.known_at) object.text("known_at", to_string(event.known_at));
  if (event.given.effective_at) object.text("effective_at", to_string(event.effective_at));
  if (event.origin) {
    object.value("origin", JsonObject()
                               .text("store", to_string(event.origin->store))
                               .number("position", event.origin->position.value)
                               .finish());
  }
  return object.finish();
}

}  // namespace

std::string export_line(const ExportHeader& header) {
  std::string eras = "[";
  for (const EraBegin& era : header.eras) {
    if (eras.size() > 1) eras += ',';
    eras += JsonObject()
                .number("era", era.era.value)
                .number("begins_after", era.begins_after.value)
                .finish();
  }
  return JsonObject()
      .number("annals_export", export_version)
      .text("store", to_string(header.store))
      .value("eras", eras + "]")
      .text("hash", "sha-256")
      .number("first", header.first.value)
      .text("link_before", to_string(header.link_before))
      .number("last", header.last.value)
      .text("link", to_string(header.link))
      .flag("filtered", header.filtered)
      .finish();
}

std::string export_line(const RecordedAppend& append, const std::vector<RecordedEvent>& events) {
  std::string list = "[";
  for (const RecordedEvent& event : events) {
    if (list.size() > 1) list += ',';
    list += event_object(event);
  }
  return JsonObject()
      .text("append", to_string(append.id))
      .text("digest", hex(append.digest))
      .number("position", append.first.value)
      .number("count", append.count)
      .text("recorded_at", to_string(append.recorded_at))
      .text("link", to_string(append.link))
      .value("events", list + "]")
      .finish();
}

std::string export_line(const ExportEnd& end) {
  return JsonObject()
      .flag("end", true)
      .number("appends", end.appends)
      .number("events", end.events)
      .finish();
}

}  // namespace annals::cli
