#include <charconv>
#include <cmath>

#include <annals/codec/utf8_text.hpp>
#include <annals/observability/metrics_text.hpp>

namespace annals {

namespace {

void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      to += "\\\\";
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '"' && quotes) {
      to += "\\\"";
    } else {
      to += c;
    }
  }
}

std::string double_text(double value, std::chars_format format) {
  char text[64];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value, format);
  return error == std::errc{} ? std::string(text, end) : "NaN";
}

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view to_string(MetricType type) noexcept {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
  }
  return "untyped";
}

std::string MetricsText::number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return double_text(value, std::chars_format::general);
}

std::string MetricsText::labels_text(const Shape& shape, std::span<const std::string_view> values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ',';
    text += shape.labels[i];
    text += "=\"";
    append_escaped(text, internal::with_whole_characters(values[i]), true);
    text += '"';
  }
  return text;
}

std::map<std::string, std::string>* MetricsText::series_of(const Shape& shape) {
  const auto [place, fresh] = families_.try_emplace(
      std::string(shape.name), Family{shape.type, std::string(shape.help), {}});
  return place->second.type == shape.type ? &place->second.series : nullptr;
}

void MetricsText::add_number(const Shape& shape, std::span<const std::string_view> values,
                             const std::string& number) {
  auto* const series = series_of(shape);
  if (series == nullptr) return;
  const std::string labels = labels_text(shape, values);
  std::string line(shape.name);
  if (!labels.empty()) line += '{' + labels + '}';
  series->try_emplace(labels, line + ' ' + number + '\n');
}

void MetricsText::add_histogram(const Shape& shape, std::span<const std::string_view> values,
                                const LatencyCounts& counts) {
  auto* const series = series_of(shape);
  if (series == nullptr) return;
  const std::string labels = labels_text(shape, values);
  const std::string name(shape.name);
  const std::string before_le = name + "_bucket{" + labels + (labels.empty() ? "" : ",") + "le=\"";
  std::string lines;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
    all += counts.buckets[i];
    const std::string bound = i < latency_bounds.size() ? double_text(seconds_of(latency_bounds[i]),
                                                                      std::chars_format::fixed)
                                                        : "+Inf";
    lines += before_le + bound + "\"} " + std::to_string(all) + '\n';
  }
  const std::string braces = labels.empty() ? "" : '{' + labels + '}';
  lines += name + "_sum" + braces + ' ' + number_text(seconds_of(counts.sum)) + '\n';
  lines += name + "_count" + braces + ' ' + std::to_string(all) + '\n';
  series->try_emplace(labels, std::move(lines));
}

void MetricsText::add(MetricsText&& gathered) {
  for (auto& [name, family] : gathered.families_) {
    const auto [place, fresh] = families_.try_emplace(name, std::move(family));
    if (!fresh && place->second.type == family.type) place->second.series.merge(family.series);
  }
}

std::string MetricsText::text() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    text += "# HELP " + name + ' ';
    append_escaped(text, family.help, false);
    text += "\n# TYPE " + name + ' ';
    text += to_string(family.type);
    text += '\n';
    for (const auto& [labels, lines] : family.series) text += lines;
  }
  return text;
}

}  // namespace annals
