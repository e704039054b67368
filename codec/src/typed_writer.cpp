// Writes values as JSON by their tables.

#include <array>
#include <chrono>
#include <cstring>
#include <exception>

#include <annals/codec/json.hpp>
#include <annals/codec/value_type.hpp>
#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/time.hpp>

#include "json_writer.hpp"
#include "money_text.hpp"
#include "time_text.hpp"

namespace annals::detail {

namespace {

template <typename T>
T load(const void* value) noexcept {
  T result;
  std::memcpy(&result, value, sizeof result);
  return result;
}

void write_integer(JsonWriter& writer, ValueKind kind, const void* value) {
  switch (kind) {
    case ValueKind::int8: writer.integer(std::int64_t{load<std::int8_t>(value)}); break;
    case ValueKind::int16: writer.integer(std::int64_t{load<std::int16_t>(value)}); break;
    case ValueKind::int32: writer.integer(std::int64_t{load<std::int32_t>(value)}); break;
    case ValueKind::int64: writer.integer(load<std::int64_t>(value)); break;
    case ValueKind::uint8: writer.integer(std::uint64_t{load<std::uint8_t>(value)}); break;
    case ValueKind::uint16: writer.integer(std::uint64_t{load<std::uint16_t>(value)}); break;
    case ValueKind::uint32: writer.integer(std::uint64_t{load<std::uint32_t>(value)}); break;
    default: writer.integer(load<std::uint64_t>(value)); break;
  }
}

// The enumerator's bits, whatever the sign of the underlying type.
std::uint64_t bits_of(const EnumShape& shape, const void* value) noexcept {
  switch (shape.size) {
    case 1: return load<std::uint8_t>(value);
    case 2: return load<std::uint16_t>(value);
    case 4: return load<std::uint32_t>(value);
    default: return load<std::uint64_t>(value);
  }
}

bool write_enum(JsonWriter& writer, const EnumShape& shape, const void* value) {
  const std::uint64_t bits = bits_of(shape, value);
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - 8 * shape.size);
  for (std::size_t i = 0; i < shape.count; ++i) {
    if ((static_cast<std::uint64_t>(shape.enumerators[i].value) & mask) == bits) {
      writer.raw('"');
      writer.raw(shape.enumerators[i].name);
      writer.raw('"');
      return true;
    }
  }
  return writer.fail("has the value " + std::to_string(bits) + ", which ANNALS_ENUM does not name");
}

bool write_user_text(JsonWriter& writer, const TextShape& shape, const void* value) {
  std::string reason;
  try {
    return writer.string(shape.format(value));
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "an exception that is not a std::exception";
  }
  return writer.fail("could not be formatted: " + reason);
}

void write_id(JsonWriter& writer, const void* value) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto bytes = load<std::array<std::uint8_t, 16>>(value);
  std::array<char, 38> text;
  std::size_t at = 0;
  text[at++] = '"';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = digits[bytes[i] >> 4];
    text[at++] = digits[bytes[i] & 0xF];
  }
  text[at++] = '"';
  writer.raw({text.data(), at});
}

bool write_quoted(JsonWriter& writer, std::string_view text, std::string_view why_not) {
  if (text.empty()) return writer.fail(std::string(why_not));
  writer.raw('"');
  writer.raw(text);
  writer.raw('"');
  return true;
}

bool write_struct(JsonWriter& writer, const StructTable& table, const void* object) {
  if (!writer.descend()) return false;
  char before = '{';
  for (std::size_t i = 0; i < table.count; ++i) {
    const FieldEntry& field = table.fields[i];
    // Tables have one accessor for reading and writing; this side only reads.
    const void* value = field.get(const_cast<void*>(object));
    const ValueType* type = &field.type;
    if (type->kind == ValueKind::optional) {
      const auto& optional = type->shape_as<OptionalShape>();
      value = optional.get(value);
      if (value == nullptr) continue;
      type = optional.value;
    }
    writer.raw(before);
    before = ',';
    writer.raw(field.key);
    if (!write_typed(writer, *type, value)) {
      writer.inside_field(field.name);
      return false;
    }
  }
  if (before == '{') writer.raw('{');
  writer.raw('}');
  writer.ascend();
  return true;
}

class ListWriter final : public ElementVisitor {
 public:
  ListWriter(JsonWriter& writer, const ValueType& type) : writer_(writer), type_(type) {}
  bool visit(const void* /*key*/, const void* value) override {
    if (index_ > 0) writer_.raw(',');
    if (!write_typed(writer_, type_, value)) {
      writer_.inside_index(index_);
      return false;
    }
    ++index_;
    return true;
  }

 private:
  JsonWriter& writer_;
  const ValueType& type_;
  std::size_t index_ = 0;
};

bool write_list(JsonWriter& writer, const ListShape& shape, const void* list) {
  if (!writer.descend()) return false;
  writer.raw('[');
  ListWriter elements(writer, *shape.element);
  if (!shape.each(list, elements)) return false;
  writer.raw(']');
  writer.ascend();
  return true;
}

bool write_array(JsonWriter& writer, const ArrayShape& shape, const void* array) {
  if (!writer.descend()) return false;
  writer.raw('[');
  ListWriter elements(writer, *shape.element);
  for (std::size_t i = 0; i < shape.count; ++i) {
    if (!elements.visit(nullptr, static_cast<const char*>(array) + i * shape.stride)) return false;
  }
  writer.raw(']');
  writer.ascend();
  return true;
}

class MapWriter final : public ElementVisitor {
 public:
  MapWriter(JsonWriter& writer, const MapShape& shape) : writer_(writer), shape_(shape) {}
  bool visit(const void* key, const void* value) override {
    if (!first_) writer_.raw(',');
    first_ = false;
    if (!write_key(key)) return false;
    writer_.raw(':');
    if (write_typed(writer_, *shape_.value, value)) return true;
    add_key_to_path(key);
    return false;
  }

 private:
  bool write_key(const void* key) {
    if (shape_.key->kind >= ValueKind::int8 && shape_.key->kind <= ValueKind::uint64) {
      writer_.raw('"');
      write_integer(writer_, shape_.key->kind, key);
      writer_.raw('"');
      return true;
    }
    return write_typed(writer_, *shape_.key, key);
  }
  void add_key_to_path(const void* key) {
    std::string text;
    JsonWriter quoted(text);
    if (MapWriter(quoted, shape_).write_key(key)) {
      writer_.inside_field(std::string_view(text).substr(1, text.size() - 2));
    }
  }

  JsonWriter& writer_;
  const MapShape& shape_;
  bool first_ = true;
};

bool write_map(JsonWriter& writer, const MapShape& shape, const void* map) {
  if (!writer.descend()) return false;
  writer.raw('{');
  MapWriter entries(writer, shape);
  if (!shape.each(map, entries)) return false;
  writer.raw('}');
  writer.ascend();
  return true;
}

bool write_optional(JsonWriter& writer, const OptionalShape& shape, const void* optional) {
  const void* value = shape.get(optional);
  if (value != nullptr) return write_typed(writer, *shape.value, value);
  writer.raw("null");
  return true;
}

}  // namespace

bool write_typed(JsonWriter& writer, const ValueType& type, const void* value) {
  switch (type.kind) {
    case ValueKind::boolean:
      writer.raw(*static_cast<const bool*>(value) ? "true" : "false");
      return true;
    case ValueKind::int8:
    case ValueKind::int16:
    case ValueKind::int32:
    case ValueKind::int64:
    case ValueKind::uint8:
    case ValueKind::uint16:
    case ValueKind::uint32:
    case ValueKind::uint64: write_integer(writer, type.kind, value); return true;
    case ValueKind::float64: return writer.real(*static_cast<const double*>(value));
    case ValueKind::string: return writer.string(*static_cast<const std::string*>(value));
    case ValueKind::timestamp: {
      TimeText text;
      return write_quoted(writer, format_time(*static_cast<const Timestamp*>(value), text),
                          "is a time outside the years 0000 to 9999");
    }
    case ValueKind::date: {
      TimeText text;
      const auto& date = *static_cast<const std::chrono::year_month_day*>(value);
      return write_quoted(writer, format_date(date, text),
                          "is a date that does not exist or is outside the years 0000 to 9999");
    }
    case ValueKind::money: {
      MoneyText text;
      return write_quoted(writer, format_money(*static_cast<const Money*>(value), text), {});
    }
    case ValueKind::id: write_id(writer, value); return true;
    case ValueKind::text: return write_user_text(writer, type.shape_as<TextShape>(), value);
    case ValueKind::enumeration: return write_enum(writer, type.shape_as<EnumShape>(), value);
    case ValueKind::optional: return write_optional(writer, type.shape_as<OptionalShape>(), value);
    case ValueKind::list: return write_list(writer, type.shape_as<ListShape>(), value);
    case ValueKind::array: return write_array(writer, type.shape_as<ArrayShape>(), value);
    case ValueKind::map: return write_map(writer, type.shape_as<MapShape>(), value);
    case ValueKind::structure: return write_struct(writer, type.shape_as<StructTable>(), value);
    case ValueKind::json: return type.shape_as<JsonShape>().write(writer, value);
  }
  ANNALS_ASSERT(false, "a value of no kind");
  return false;
}

Result<void> write_value(const ValueType& type, const void* value, std::string_view label,
                         std::string& out) {
  const std::size_t before = out.size();
  JsonWriter writer(out);
  if (write_typed(writer, type, value)) return {};
  out.resize(before);
  return writer.take_error(label);
}

}  // namespace annals::detail
