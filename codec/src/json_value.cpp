#include <annals/codec/json.hpp>
#include <annals/codec/json_value.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace annals {

namespace detail {

namespace {

using Json = nlohmann::json;

bool read_any(JsonReader& reader, Json& out);

bool read_object(JsonReader& reader, Json& out) {
  if (!reader.enter('{', "an object")) return false;
  out = Json::object();
  if (reader.leave_if_empty('}')) return true;
  for (bool another = true; another;) {
    std::string_view key;
    if (!reader.read_key(key)) return false;
    const std::string_view raw_key = reader.raw_key();
    const auto [place, fresh] = out.emplace(std::string(key), nullptr);
    if (!(fresh ? read_any(reader, *place) : reader.fail("is given twice"))) {
      reader.inside_field(raw_key);
      return false;
    }
    if (!reader.more('}', another)) return false;
  }
  return true;
}

bool read_elements(JsonReader& reader, Json& out) {
  if (!reader.enter('[', "an array")) return false;
  out = Json::array();
  if (reader.leave_if_empty(']')) return true;
  for (bool another = true; another;) {
    out.push_back(nullptr);
    if (!read_any(reader, out.back())) {
      reader.inside_index(out.size() - 1);
      return false;
    }
    if (!reader.more(']', another)) return false;
  }
  return true;
}

bool read_number(JsonReader& reader, Json& out) {
  bool is_integer = false;
  JsonReader::Integer integer;
  double real = 0;
  if (!reader.read_number(is_integer, integer, real)) return false;
  if (!is_integer) {
    out = real;
  } else if (integer.negative) {
    out = static_cast<std::int64_t>(0 - integer.magnitude);
  } else {
    out = integer.magnitude;
  }
  return true;
}

bool read_any(JsonReader& reader, Json& out) {
  switch (reader.next()) {
    case JsonReader::Token::object: return read_object(reader, out);
    case JsonReader::Token::array: return read_elements(reader, out);
    case JsonReader::Token::string: {
      std::string_view text;
      if (!reader.read_string(text, "a string")) return false;
      out = std::string(text);
      return true;
    }
    case JsonReader::Token::number: return read_number(reader, out);
    case JsonReader::Token::boolean: {
      bool flag = false;
      if (!reader.read_boolean(flag)) return false;
      out = flag;
      return true;
    }
    case JsonReader::Token::null:
      out = nullptr;
      return reader.take_null() || reader.malformed("null");
    case JsonReader::Token::none: break;
  }
  return reader.malformed("a value");
}

bool write_any(JsonWriter& writer, const Json& value);

bool write_object(JsonWriter& writer, const Json& value) {
  if (!writer.descend()) return false;
  char before = '{';
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    writer.raw(before);
    before = ',';
    if (!writer.string(entry.key())) return false;
    writer.raw(':');
    if (!write_any(writer, entry.value())) {
      writer.inside_field(entry.key());
      return false;
    }
  }
  if (before == '{') writer.raw('{');
  writer.raw('}');
  writer.ascend();
  return true;
}

bool write_elements(JsonWriter& writer, const Json& value) {
  if (!writer.descend()) return false;
  writer.raw('[');
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i > 0) writer.raw(',');
    if (!write_any(writer, value[i])) {
      writer.inside_index(i);
      return false;
    }
  }
  writer.raw(']');
  writer.ascend();
  return true;
}

bool write_any(JsonWriter& writer, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: writer.raw("null"); return true;
    case Json::value_t::boolean: writer.raw(value.get<bool>() ? "true" : "false"); return true;
    case Json::value_t::number_integer: writer.integer(value.get<std::int64_t>()); return true;
    case Json::value_t::number_unsigned: writer.integer(value.get<std::uint64_t>()); return true;
    case Json::value_t::number_float: return writer.real(value.get<double>());
    case Json::value_t::string: return writer.string(value.get_ref<const std::string&>());
    case Json::value_t::array: return write_elements(writer, value);
    case Json::value_t::object: return write_object(writer, value);
    case Json::value_t::binary:
    case Json::value_t::discarded: break;
  }
  return writer.fail("is a nlohmann::json that JSON text cannot hold (binary or discarded)");
}

bool read_shape(JsonReader& reader, void* value) {
  return read_any(reader, *static_cast<Json*>(value));
}

bool write_shape(JsonWriter& writer, const void* value) {
  return write_any(writer, *static_cast<const Json*>(value));
}

}  // namespace

const JsonShape json_value_shape{&read_shape, &write_shape};

}  // namespace detail

Result<nlohmann::json> parse_json(std::string_view text) { return from_json<nlohmann::json>(text); }

}  // namespace annals
