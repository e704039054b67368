/// @file
/// A metric by its name, as Prometheus knows it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace annals {

enum class MetricType : std::uint8_t {
  counter,    ///< Only grows while the process lives; its name ends in _total.
  gauge,      ///< Goes up and down.
  histogram,  ///< How often a time fell into each of some buckets; its name ends in _seconds.
};
std::string_view to_string(MetricType type) noexcept;

namespace detail {

constexpr bool is_metric_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace detail

/// What all series of one name have in common. Made of literals, when the program is compiled; a
/// name that Prometheus does not take, or that does not fit the type, does not compile.
template <std::size_t Labels>
struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view help;  ///< One sentence without a full stop.
  std::array<std::string_view, Labels> labels;

  // NOLINTBEGIN(hicpp-exception-baseclass): it never runs; throwing is how a consteval refuses.
  consteval MetricFamily(std::string_view family, MetricType kind, std::string_view what,
                         std::array<std::string_view, Labels> label_names)
      : name(family), type(kind), help(what), labels(label_names) {
    if (!detail::is_metric_name(name)) throw "a metric's name is of letters, digits and _";
    if (help.empty()) throw "a metric's help says what it is";
    if (name.ends_with("_total") != (type == MetricType::counter)) {
      throw "counters, and only they, end in _total";
    }
    if (type == MetricType::histogram && !name.ends_with("_seconds")) {
      throw "histograms are of times, and end in _seconds";
    }
    for (const std::string_view label : labels) {
      if (!detail::is_metric_name(label) || label.starts_with("__") || label == "le") {
        throw "a label's name is of letters, digits and _, and not le";
      }
    }
  }
  // NOLINTEND(hicpp-exception-baseclass)
};

}  // namespace annals
