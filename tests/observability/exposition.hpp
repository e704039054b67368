/// @file
/// Reads the text format of Prometheus, version 0.0.4, strictly: what a scraper might forgive fails
/// here.

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace annals::observability_test {

using Labels = std::map<std::string, std::string>;

struct ExposedFamily {
  std::string type;
  std::string help;
  /// Of a histogram by the name of each line, such as x_bucket; otherwise by the family's name.
  std::map<std::string, std::map<Labels, double>> samples;
};

class Exposition {
 public:
  /// Adds a failure to the running test for each thing that is not as the format wants it.
  explicit Exposition(std::string_view text);

  const std::map<std::string, ExposedFamily>& families() const { return families_; }
  bool has(const std::string& name, const Labels& labels) const;
  /// NaN, and a failure of the test, if there is no such sample.
  double value(const std::string& name, const Labels& labels) const;

 private:
  void read_line(std::string_view line);
  void read_sample(std::string_view line);
  void check_histograms() const;
  const ExposedFamily* family_of(const std::string& sample) const;
  void complain(const std::string& what) const;

  std::map<std::string, ExposedFamily> families_;
  std::string open_;  // The family whose lines are being read.
  std::size_t line_ = 0;
};

}  // namespace annals::observability_test
