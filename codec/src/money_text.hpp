/// @file
/// Amounts as text, without allocation.

#pragma once

#include <array>
#include <string>
#include <string_view>

#include <annals/codec/money.hpp>

namespace annals::detail {

using MoneyText = std::array<char, 32>;

/// The amount as to_string writes it; points into `text` or is static.
std::string_view format_money(const Money& money, MoneyText& text) noexcept;

/// What is wrong with the text beyond its form: "EUR has 2 digits after the point"; may be empty.
std::string describe_fault(MoneyFault fault, std::string_view text);

}  // namespace annals::detail
