// The text that a scrape is answered with.

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <annals/observability/metrics_text.hpp>

#include "exposition.hpp"

namespace annals::observability_test {
namespace {

constexpr MetricFamily<0> plain{"tests_run_total", MetricType::counter, "How many were run", {}};
constexpr MetricFamily<2> rooms{
    "room_temperature", MetricType::gauge, "In degrees", {"room", "floor"}};
constexpr MetricFamily<1> waits{"wait_seconds", MetricType::histogram, "How long", {"door"}};

TEST(MetricsText, IsFamiliesByNameEachWithItsHelpAndType) {
  MetricsText text;
  text.add(plain, {}, std::uint64_t{3});
  text.add(rooms, {"hall", "2"}, 21.5);
  text.add(rooms, {"attic", "3"}, -4.0);
  EXPECT_EQ(text.text(),
            "# HELP room_temperature In degrees\n"
            "# TYPE room_temperature gauge\n"
            "room_temperature{room=\"attic\",floor=\"3\"} -4\n"
            "room_temperature{room=\"hall\",floor=\"2\"} 21.5\n"
            "# HELP tests_run_total How many were run\n"
            "# TYPE tests_run_total counter\n"
            "tests_run_total 3\n");
}

TEST(MetricsText, OfAHistogramAreAllBucketsUpToEachBoundItsSumAndItsCount) {
  LatencyHistogram histogram;
  histogram.count(std::chrono::microseconds(50));  // A bound belongs to its bucket.
  histogram.count(std::chrono::microseconds(51));
  histogram.count(std::chrono::minutes(1));
  MetricsText text;
  text.add(waits, {"front"}, histogram.counts());
  const Exposition read(text.text());
  EXPECT_EQ(read.families().at("wait_seconds").samples.at("wait_seconds_bucket").size(), 19U);
  EXPECT_EQ(read.value("wait_seconds_bucket", {{"door", "front"}, {"le", "0.00005"}}), 1);
  EXPECT_EQ(read.value("wait_seconds_bucket", {{"door", "front"}, {"le", "0.0001"}}), 2);
  EXPECT_EQ(read.value("wait_seconds_bucket", {{"door", "front"}, {"le", "30"}}), 2);
  EXPECT_EQ(read.value("wait_seconds_bucket", {{"door", "front"}, {"le", "+Inf"}}), 3);
  EXPECT_EQ(read.value("wait_seconds_count", {{"door", "front"}}), 3);
  EXPECT_DOUBLE_EQ(read.value("wait_seconds_sum", {{"door", "front"}}), 60.000101);
}

TEST(MetricsText, EscapesWhatWouldEndAValueOrALine) {
  const std::string nasty = "a\"b\\c\nd{},=";
  MetricsText text;
  text.add(rooms, {nasty, ""}, 1.0);
  EXPECT_NE(text.text().find("room=\"a\\\"b\\\\c\\nd{},=\""), std::string::npos) << text.text();
  EXPECT_EQ(Exposition(text.text()).value("room_temperature", {{"room", nasty}, {"floor", ""}}), 1);
}

TEST(MetricsText, ReplacesBytesThatAreNoUtf8) {
  MetricsText text;
  for (const auto& [given, shown] : std::vector<std::pair<std::string, std::string>>{
           {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "café € 😀"},
           {"\xC3", "\uFFFD"},
           {"\xFF!", "\uFFFD!"},
           {"\xC0\x80", "\uFFFD\uFFFD"},
           {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
           {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"}}) {
    text.add(rooms, {given, "1"}, 7.0);
    EXPECT_EQ(Exposition(text.text()).value("room_temperature", {{"room", shown}, {"floor", "1"}}),
              7);
  }
}

TEST(MetricsText, WritesNumbersThatAreNoneAsPrometheusReadsThem) {
  using Limits = std::numeric_limits<double>;
  MetricsText text;
  text.add(rooms, {"a", "1"}, Limits::quiet_NaN());
  text.add(rooms, {"b", "1"}, Limits::infinity());
  text.add(rooms, {"c", "1"}, -Limits::infinity());
  text.add(rooms, {"d", "1"}, std::numeric_limits<std::uint64_t>::max());
  text.add(rooms, {"e", "1"}, 1e-300);
  const std::string written = text.text();
  for (const char* part :
       {"} NaN\n", "} +Inf\n", "} -Inf\n", "} 18446744073709551615\n", "} 1e-300\n"}) {
    EXPECT_NE(written.find(part), std::string::npos) << part;
  }
  const Exposition read(written);
}

TEST(MetricsText, OfTwoSamplesOfOneSeriesTheFirstCounts) {
  MetricsText text;
  text.add(rooms, {"hall", "2"}, 1.0);
  text.add(rooms, {"hall", "2"}, 2.0);
  MetricsText more;
  more.add(rooms, {"hall", "2"}, 3.0);
  more.add(rooms, {"hall", "3"}, 4.0);
  more.add(plain, {}, std::uint64_t{9});
  text.add(std::move(more));
  const Exposition read(text.text());
  EXPECT_EQ(read.value("room_temperature", {{"room", "hall"}, {"floor", "2"}}), 1);
  EXPECT_EQ(read.value("room_temperature", {{"room", "hall"}, {"floor", "3"}}), 4);
  EXPECT_EQ(read.value("tests_run_total", {}), 9);
}

TEST(MetricsText, AFamilyOfAnotherTypeIsLeftOut) {
  constexpr MetricFamily<1> again{"room_temperature", MetricType::gauge, "In kelvin", {"room"}};
  constexpr MetricFamily<1> other{"wait_seconds", MetricType::gauge, "How long", {"door"}};
  MetricsText text;
  text.add(waits, {"front"}, LatencyCounts{});
  text.add(other, {"front"}, 1.0);
  text.add(rooms, {"hall", "2"}, 1.0);
  text.add(again, {"hall"}, 294.0);
  const Exposition read(text.text());
  EXPECT_EQ(read.families().at("wait_seconds").type, "histogram");
  EXPECT_EQ(read.families().at("room_temperature").help, "In degrees");
}

}  // namespace
}  // namespace annals::observability_test
