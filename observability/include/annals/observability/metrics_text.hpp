/// @file
/// What one scrape gathers, and its text.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include <annals/observability/latency_histogram.hpp>
#include <annals/observability/metric_family.hpp>

namespace annals {

/// Gathers samples in any order, and writes them in the text format of Prometheus, version 0.0.4:
/// families by name, and series by their labels. Label values may be any text; bytes that are no
/// UTF-8 are replaced. Of two samples of one series the first counts, and so does the first family
/// of a name. Belongs to one thread.
class MetricsText {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// `values` are those of the family's labels, in their order.
  template <std::size_t N>
  void add(const MetricFamily<N>& family, const std::array<std::string_view, N>& values,
           std::uint64_t value) {
    add_number(shape_of(family), values, std::to_string(value));
  }
  template <std::size_t N>
  void add(const MetricFamily<N>& family, const std::array<std::string_view, N>& values,
           double value) {
    add_number(shape_of(family), values, number_text(value));
  }
  template <std::size_t N>
  void add(const MetricFamily<N>& family, const std::array<std::string_view, N>& values,
           const LatencyCounts& counts) {
    add_histogram(shape_of(family), values, counts);
  }

  /// What another one has gathered.
  void add(MetricsText&& gathered);

  std::string text() const;

 private:
  struct Shape {
    std::string_view name;
    MetricType type;
    std::string_view help;
    std::span<const std::string_view> labels;
  };
  struct Family {
    MetricType type;
    std::string help;
    std::map<std::string, std::string> series;  // Labels → lines.
  };

  template <std::size_t N>
  static Shape shape_of(const MetricFamily<N>& family) {
    return {family.name, family.type, family.help, family.labels};
  }
  static std::string number_text(double value);
  static std::string labels_text(const Shape& shape, std::span<const std::string_view> values);
  std::map<std::string, std::string>* series_of(const Shape& shape);
  void add_number(const Shape& shape, std::span<const std::string_view> values,
                  const std::string& number);
  void add_histogram(const Shape& shape, std::span<const std::string_view> values,
                     const LatencyCounts& counts);

  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace annals
