/// @file
/// Structs with every type that can be stored.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <annals/codec/describe.hpp>
#include <annals/codec/json_value.hpp>
#include <annals/codec/money.hpp>
#include <annals/codec/storable.hpp>
#include <annals/eventstore/id.hpp>
#include <annals/eventstore/time.hpp>

namespace shapes {

enum class Channel : std::int8_t { branch = -1, web = 2, atm = 3 };
ANNALS_ENUM(Channel, branch, web, atm);

struct Integers {
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  long long other = 0;
  bool operator==(const Integers&) const = default;
  ANNALS_FIELDS(Integers, i8, i16, i32, i64, u8, u16, u32, u64, other);
};

/// A user's own type, stored as a string.
struct Iban {
  std::string text;
  auto operator<=>(const Iban&) const = default;
};

struct Line {
  std::string text;
  annals::Money price{};
  std::optional<int> quantity;
  bool operator==(const Line&) const = default;
  ANNALS_FIELDS(Line, text, price, quantity);
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
  ANNALS_FIELDS(Tree, name, children);
};

struct Everything {
  enum class Mood { calm, tense };
  friend ANNALS_ENUM(Mood, calm, tense);

  bool flag = false;
  Integers integers{};
  double ratio = 0;
  std::string text;
  annals::Timestamp at{};
  std::chrono::year_month_day day{std::chrono::year{2000}, std::chrono::month{1},
                                  std::chrono::day{1}};
  annals::Money amount{};
  annals::EventId id{};
  Iban iban{"DE00"};
  Channel channel = Channel::web;
  Mood mood{};
  std::optional<std::string> note;
  std::optional<Line> extra;
  std::vector<Line> lines;
  std::vector<bool> bits;
  std::vector<std::vector<int>> matrix;
  std::vector<std::optional<int>> gaps;
  std::set<std::string> names;
  std::array<int, 3> triple{};
  std::map<std::string, annals::Money> balances;
  std::map<int, std::string> by_number;
  std::map<Channel, bool> by_channel;
  std::map<std::chrono::year_month_day, double> by_day;
  Tree tree{};
  nlohmann::json any;
  bool operator==(const Everything&) const = default;
  ANNALS_EVENT(Everything, "everything", flag, integers, ratio, text, at, day, amount, id, iban,
               channel, mood, note, extra, lines, bits, matrix, gaps, names, triple, balances,
               by_number, by_channel, by_day, tree, any);
};

struct Withdrawn {
  annals::Money amount{};
  bool operator==(const Withdrawn&) const = default;
  ANNALS_EVENT(Withdrawn, "money_withdrawn", amount);
};

struct Empty {
  bool operator==(const Empty&) const = default;
  ANNALS_EVENT(Empty, "nothing_happened");
};

}  // namespace shapes

template <>
struct annals::StoredText<shapes::Iban> {
  static constexpr std::string_view expected = "an IBAN such as \"DE75512108001245126199\"";
  static std::optional<shapes::Iban> parse(std::string_view text) {
    if (text == "throw") throw std::runtime_error("the bank is closed");
    if (text.size() < 4) return std::nullopt;
    return shapes::Iban{std::string(text)};
  }
  static std::string format(const shapes::Iban& iban) {
    if (iban.text == "throw") throw std::runtime_error("the bank is closed");
    return iban.text;
  }
};
