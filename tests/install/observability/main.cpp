// A program that tells what its store holds, to a scraper that it serves itself.
#include <cstdio>
#include <string>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/observability/observability.hpp>

constexpr annals::MetricFamily<1> pages{"book_pages", annals::MetricType::gauge, "Pages", {"book"}};

int main() {
  const auto store = annals::make_memory_event_store();
  annals::Observability observability;
  const auto measured = observability.measured(*store);
  observability.watch(*measured);
  observability.add([](annals::MetricsText& text) { text.add(pages, {"emma"}, 474.0); });
  if (!measured->append({.events = {{.stream = "book-emma", .type = "opened", .data = "{}"}},
                         .checks = {{"book-emma", annals::ExpectedVersion::no_stream()}}})) {
    return 1;
  }
  const std::string text = observability.metrics();
  std::printf("%s%s\n", text.c_str(), readiness_json(observability.readiness()).c_str());
  const bool told =
      text.find("annals_store_head_position{store=\"main\"} 1\n") != std::string::npos &&
      text.find("book_pages{book=\"emma\"} 474\n") != std::string::npos;
  return told && observability.readiness().ready() ? 0 : 2;
}
