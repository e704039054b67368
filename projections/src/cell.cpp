// Fields as cells: scalars directly, everything else through the codec.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include <annals/codec/json.hpp>
#include <annals/codec/money.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/projections/cell.hpp>

namespace annals {

namespace {

template <typename T>
T load(const void* value) noexcept {
  T result;
  std::memcpy(&result, value, sizeof result);
  return result;
}

Error invalid(std::string message) {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message)};
}

bool is_integer(ValueKind kind) noexcept {
  return kind >= ValueKind::int8 && kind <= ValueKind::uint64;
}

std::int64_t load_integer(ValueKind kind, const void* value) noexcept {
  switch (kind) {
    case ValueKind::int8: return load<std::int8_t>(value);
    case ValueKind::int16: return load<std::int16_t>(value);
    case ValueKind::int32: return load<std::int32_t>(value);
    case ValueKind::uint8: return load<std::uint8_t>(value);
    case ValueKind::uint16: return load<std::uint16_t>(value);
    case ValueKind::uint32: return load<std::uint32_t>(value);
    default: return load<std::int64_t>(value);
  }
}

template <typename T>
bool store_integer(std::int64_t number, void* value) noexcept {
  if (!std::in_range<T>(number)) return false;
  const T narrowed = static_cast<T>(number);
  std::memcpy(value, &narrowed, sizeof narrowed);
  return true;
}

bool store_integer(std::int64_t number, ValueKind kind, void* value) noexcept {
  switch (kind) {
    case ValueKind::int8: return store_integer<std::int8_t>(number, value);
    case ValueKind::int16: return store_integer<std::int16_t>(number, value);
    case ValueKind::int32: return store_integer<std::int32_t>(number, value);
    case ValueKind::uint8: return store_integer<std::uint8_t>(number, value);
    case ValueKind::uint16: return store_integer<std::uint16_t>(number, value);
    case ValueKind::uint32: return store_integer<std::uint32_t>(number, value);
    case ValueKind::uint64: return store_integer<std::uint64_t>(number, value);
    default: return store_integer<std::int64_t>(number, value);
  }
}

// Keeps the memory that the cell's text has.
std::string& text_of(Cell& cell) {
  if (auto* text = std::get_if<std::string>(&cell)) {
    text->clear();
    return *text;
  }
  return cell.emplace<std::string>();
}

bool is_plain_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<void> write_as_json(const ValueType& type, const void* value, Cell& cell) {
  return detail::write_value(type, value, "value", text_of(cell));
}

// A kind whose JSON is a string without escapes.
Result<void> write_unquoted(const ValueType& type, const void* value, Cell& cell) {
  if (auto written = write_as_json(type, value, cell); !written) return written;
  auto& text = std::get<std::string>(cell);
  text = text.substr(1, text.size() - 2);
  return {};
}

Result<void> write_user_text(const TextShape& shape, const void* value, Cell& cell) {
  std::string reason;
  try {
    cell = shape.format(value);
    return {};
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "an exception that is not a std::exception";
  }
  return invalid("could not be formatted: " + reason);
}

Result<void> read_quoted(std::string_view text, const ValueType& type, void* value,
                         std::string_view label) {
  for (const char c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) {
      return invalid(std::string(label) + ": '" + std::string(text) + "' is no such value");
    }
  }
  return detail::read_value('"' + std::string(text) + '"', type, value, label,
                            UnknownFields::ignore);
}

Result<void> read_user_text(const TextShape& shape, std::string_view text, void* value,
                            std::string_view label) {
  std::string reason = "is not " + std::string(shape.expected);
  try {
    if (shape.parse(text, value)) return {};
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "could not be read: an exception that is not a std::exception";
  }
  return invalid(std::string(label) + ": '" + std::string(text) + "' " + reason);
}

Result<void> read_text(std::string_view text, const ValueType& type, void* value,
                       std::string_view label) {
  switch (type.kind) {
    case ValueKind::string: static_cast<std::string*>(value)->assign(text); return {};
    case ValueKind::money: {
      auto money = parse_money(text);
      if (!money) return invalid(std::string(label) + ": " + money.error().message);
      *static_cast<Money*>(value) = *money;
      return {};
    }
    case ValueKind::timestamp: {
      const auto time = parse_timestamp(text);
      if (!time) return invalid(std::string(label) + ": '" + std::string(text) + "' is no time");
      *static_cast<Timestamp*>(value) = *time;
      return {};
    }
    case ValueKind::date:
    case ValueKind::id:
    case ValueKind::enumeration: return read_quoted(text, type, value, label);
    case ValueKind::text: return read_user_text(type.shape_as<TextShape>(), text, value, label);
    default: return detail::read_value(text, type, value, label, UnknownFields::ignore);
  }
}

std::string describe(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&cell)) return std::to_string(*real);
  if (const auto* text = std::get_if<std::string>(&cell)) return "'" + *text + "'";
  return "NULL";
}

}  // namespace

ColumnType column_type(const ValueType& type) {
  if (type.kind == ValueKind::optional) {
    ColumnType column = column_type(*type.shape_as<OptionalShape>().value);
    column.nullable = true;
    return column;
  }
  if (type.kind == ValueKind::boolean || is_integer(type.kind)) return {.kind = CellKind::integer};
  if (type.kind == ValueKind::float64) return {.kind = CellKind::real};
  return {.kind = CellKind::text, .money = type.kind == ValueKind::money};
}

Result<void> write_cell(const ValueType& type, const void* value, Cell& cell) {
  switch (type.kind) {
    case ValueKind::boolean: cell = std::int64_t{load<bool>(value) ? 1 : 0}; return {};
    case ValueKind::uint64:
      if (load<std::uint64_t>(value) >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return invalid(std::to_string(load<std::uint64_t>(value)) +
                       " is more than a column holds (2^63 - 1)");
      }
      [[fallthrough]];
    case ValueKind::int8:
    case ValueKind::int16:
    case ValueKind::int32:
    case ValueKind::int64:
    case ValueKind::uint8:
    case ValueKind::uint16:
    case ValueKind::uint32: cell = load_integer(type.kind, value); return {};
    case ValueKind::float64:
      if (!std::isfinite(load<double>(value))) return invalid("a number that is not finite");
      cell = load<double>(value);
      return {};
    case ValueKind::string: {
      const auto& text = *static_cast<const std::string*>(value);
      // The codec knows what is UTF-8.
      if (!is_plain_ascii(text)) {
        if (auto valid = write_as_json(type, value, cell); !valid) return valid;
      }
      text_of(cell).assign(text);
      return {};
    }
    case ValueKind::money: text_of(cell) = to_string(*static_cast<const Money*>(value)); return {};
    case ValueKind::timestamp:
    case ValueKind::date:
    case ValueKind::id:
    case ValueKind::enumeration: return write_unquoted(type, value, cell);
    case ValueKind::text: return write_user_text(type.shape_as<TextShape>(), value, cell);
    case ValueKind::optional: {
      const auto& optional = type.shape_as<OptionalShape>();
      if (const void* inside = optional.get(value)) {
        return write_cell(*optional.value, inside, cell);
      }
      cell = std::monostate{};
      return {};
    }
    default: return write_as_json(type, value, cell);
  }
}

Result<void> read_cell(const Cell& cell, const ValueType& type, void* value,
                       std::string_view label) {
  if (type.kind == ValueKind::optional) {
    const auto& optional = type.shape_as<OptionalShape>();
    if (std::holds_alternative<std::monostate>(cell)) {
      optional.reset(value);
      return {};
    }
    return read_cell(cell, *optional.value, optional.engage(value), label);
  }
  const auto misfit = [&] {
    return invalid(std::string(label) + ": " + describe(cell) + " does not fit the field");
  };
  const auto* number = std::get_if<std::int64_t>(&cell);
  if (type.kind == ValueKind::boolean) {
    if (number == nullptr || (*number != 0 && *number != 1)) return misfit();
    *static_cast<bool*>(value) = *number == 1;
    return {};
  }
  if (is_integer(type.kind)) {
    if (number == nullptr || !store_integer(*number, type.kind, value)) return misfit();
    return {};
  }
  if (type.kind == ValueKind::float64) {
    const auto* real = std::get_if<double>(&cell);
    if (real == nullptr && number == nullptr) return misfit();
    *static_cast<double*>(value) = real != nullptr ? *real : static_cast<double>(*number);
    return {};
  }
  const auto* text = std::get_if<std::string>(&cell);
  if (text == nullptr) return misfit();
  return read_text(*text, type, value, label);
}

}  // namespace annals
