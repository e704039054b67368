#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <annals/codec/fingerprint.hpp>

namespace annals {

namespace {

class ShapeText {
 public:
  void add(const StructTable& table) {
    // A type that contains itself is written as how many levels out it stands: ^1 is the nearest.
    const auto open = std::find(open_.rbegin(), open_.rend(), &table);
    if (open != open_.rend()) {
      text_ += '^' + std::to_string(open - open_.rbegin() + 1);
      return;
    }
    open_.push_back(&table);
    text_ += '{';
    for (std::size_t i = 0; i < table.count; ++i) {
      if (i > 0) text_ += ',';
      text_ += table.fields[i].name;
      text_ += ':';
      add(table.fields[i].type);
    }
    text_ += '}';
    open_.pop_back();
  }

  std::string take() { return std::move(text_); }

 private:
  void add(const ValueType& type) {
    switch (type.kind) {
      case ValueKind::boolean: text_ += "boolean"; return;
      case ValueKind::int8: text_ += "int8"; return;
      case ValueKind::int16: text_ += "int16"; return;
      case ValueKind::int32: text_ += "int32"; return;
      case ValueKind::int64: text_ += "int64"; return;
      case ValueKind::uint8: text_ += "uint8"; return;
      case ValueKind::uint16: text_ += "uint16"; return;
      case ValueKind::uint32: text_ += "uint32"; return;
      case ValueKind::uint64: text_ += "uint64"; return;
      case ValueKind::float64: text_ += "float64"; return;
      case ValueKind::string: text_ += "string"; return;
      case ValueKind::timestamp: text_ += "timestamp"; return;
      case ValueKind::date: text_ += "date"; return;
      case ValueKind::money: text_ += "money"; return;
      case ValueKind::id: text_ += "id"; return;
      case ValueKind::text:
        text_ += "text(" + std::string(type.shape_as<TextShape>().expected) + ')';
        return;
      case ValueKind::json: text_ += "json"; return;
      case ValueKind::enumeration: {
        const auto& shape = type.shape_as<EnumShape>();
        text_ += "enum(";
        for (std::size_t i = 0; i < shape.count; ++i) {
          if (i > 0) text_ += ',';
          text_ += shape.enumerators[i].name;
        }
        text_ += ')';
        return;
      }
      case ValueKind::optional:
        text_ += "optional<";
        add(*type.shape_as<OptionalShape>().value);
        text_ += '>';
        return;
      case ValueKind::list:
        text_ += "list<";
        add(*type.shape_as<ListShape>().element);
        text_ += '>';
        return;
      case ValueKind::array:
        text_ += "array<";
        add(*type.shape_as<ArrayShape>().element);
        text_ += ',' + std::to_string(type.shape_as<ArrayShape>().count) + '>';
        return;
      case ValueKind::map:
        text_ += "map<";
        add(*type.shape_as<MapShape>().key);
        text_ += ',';
        add(*type.shape_as<MapShape>().value);
        text_ += '>';
        return;
      case ValueKind::structure: add(type.shape_as<StructTable>()); return;
    }
  }

  std::string text_;
  std::vector<const StructTable*> open_;
};

}  // namespace

std::string shape_of(const StructTable& table) {
  ShapeText text;
  text.add(table);
  return text.take();
}

std::uint64_t fingerprint_of(const StructTable& table) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : shape_of(table)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3U;
  }
  return hash;
}

}  // namespace annals
