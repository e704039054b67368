#include "exposition.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

namespace annals::observability_test {

namespace {

bool is_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

// What backslashes stand for; nothing if one stands for nothing.
std::optional<std::string> unescaped(std::string_view text, bool quotes) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'n') {
      plain += '\n';
    } else if (text[i] == '\\' || (text[i] == '"' && quotes)) {
      plain += text[i];
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

std::optional<double> number(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string base_of(const std::string& sample) {
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (sample.ends_with(suffix)) return sample.substr(0, sample.size() - suffix.size());
  }
  return sample;
}

}  // namespace

Exposition::Exposition(std::string_view text) {
  if (!text.empty() && text.back() != '\n') complain("the last line is not ended");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    ++line_;
    read_line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  check_histograms();
}

void Exposition::complain(const std::string& what) const {
  ADD_FAILURE() << "line " << line_ << ": " << what;
}

void Exposition::read_line(std::string_view line) {
  const bool help = line.starts_with("# HELP ");
  if (!help && !line.starts_with("# TYPE ")) return read_sample(line);
  line.remove_prefix(7);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return complain("a name and no more");
  const std::string name(line.substr(0, blank));
  const std::string_view rest = line.substr(blank + 1);
  if (!is_name(name)) complain("'" + name + "' is no name");
  if (help) {
    if (!families_.try_emplace(name).second) complain(name + " comes twice");
    const auto plain = unescaped(rest, false);
    if (!plain || plain->empty()) complain("no help, or a backslash that means nothing");
    families_[name].help = plain.value_or("");
    open_ = name;
  } else {
    if (name != open_ || !families_[name].type.empty()) complain("TYPE does not follow HELP");
    if (rest != "counter" && rest != "gauge" && rest != "histogram") complain("no such type");
    families_[name].type = rest;
  }
}

void Exposition::read_sample(std::string_view line) {
  const std::size_t name_end = line.find_first_of("{ ");
  if (name_end == std::string_view::npos) return complain("no sample: " + std::string(line));
  const std::string name(line.substr(0, name_end));
  const bool histogram = families_[open_].type == "histogram";
  if ((histogram ? base_of(name) : name) != open_ || (histogram && name == open_)) {
    return complain(name + " stands among the lines of " + open_);
  }
  Labels labels;
  std::size_t at = name_end;
  if (line[at] == '{') {
    ++at;
    while (at < line.size() && line[at] != '}') {
      const std::size_t equals = line.find("=\"", at);
      if (equals == std::string_view::npos) return complain("a label without a value");
      const std::string label(line.substr(at, equals - at));
      if (!is_name(label)) complain("'" + label + "' is no label");
      std::size_t end = equals + 2;
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
      if (end >= line.size()) return complain("a label's value is not ended");
      const auto plain = unescaped(line.substr(equals + 2, end - equals - 2), true);
      if (!plain) return complain("a backslash that means nothing");
      if (!labels.emplace(label, *plain).second) complain(label + " comes twice");
      at = end + 1;
      if (at < line.size() && line[at] == ',') ++at;
    }
    ++at;
  }
  if (at >= line.size() || line[at] != ' ') return complain("no blank before the number");
  const auto value = number(line.substr(at + 1));
  if (!value) return complain("no number: " + std::string(line.substr(at + 1)));
  if (!families_[open_].samples[name].emplace(labels, *value).second) {
    complain("the series comes twice: " + std::string(line));
  }
}

void Exposition::check_histograms() const {
  for (const auto& [name, family] : families_) {
    EXPECT_FALSE(family.type.empty()) << name << " has no type";
    EXPECT_EQ(name.ends_with("_total"), family.type == "counter") << name;
    if (family.type != "histogram" || family.samples.empty()) continue;
    // By the labels without le: the buckets by their upper ends.
    std::map<Labels, std::map<double, double>> buckets;
    for (const auto& [labels, count] : family.samples.at(name + "_bucket")) {
      Labels others = labels;
      const auto bound = number(others["le"]);
      ASSERT_TRUE(bound) << name << " has a bucket without le";
      others.erase("le");
      buckets[others][*bound] = count;
    }
    const auto& counts = family.samples.at(name + "_count");
    EXPECT_EQ(buckets.size(), counts.size()) << name;
    EXPECT_EQ(family.samples.at(name + "_sum").size(), counts.size()) << name;
    for (const auto& [labels, by_bound] : buckets) {
      double before = 0;
      for (const auto& [bound, count] : by_bound) {
        EXPECT_GE(count, before) << name << " has fewer up to " << bound;
        before = count;
      }
      ASSERT_TRUE(std::isinf(by_bound.rbegin()->first)) << name << " has no bucket for the rest";
      ASSERT_TRUE(counts.contains(labels)) << name;
      EXPECT_EQ(by_bound.rbegin()->second, counts.at(labels)) << name;
    }
  }
}

const ExposedFamily* Exposition::family_of(const std::string& sample) const {
  for (const std::string& name : {sample, base_of(sample)}) {
    if (const auto found = families_.find(name); found != families_.end()) return &found->second;
  }
  return nullptr;
}

bool Exposition::has(const std::string& name, const Labels& labels) const {
  const ExposedFamily* const family = family_of(name);
  const auto found = family == nullptr
                         ? std::map<std::string, std::map<Labels, double>>::const_iterator{}
                         : family->samples.find(name);
  return family != nullptr && found != family->samples.end() && found->second.contains(labels);
}

double Exposition::value(const std::string& name, const Labels& labels) const {
  if (has(name, labels)) return family_of(name)->samples.at(name).at(labels);
  std::string wanted = name;
  for (const auto& [label, value] : labels) wanted += ' ' + label + '=' + value;
  ADD_FAILURE() << "there is no " << wanted;
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace annals::observability_test
