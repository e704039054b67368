// A program that needs only the log: appends to a durable store, reads it back, proves it whole.
#include <cstdio>
#include <filesystem>

#include <annals/eventstore/log_event_store.hpp>

namespace {

int fail(const annals::Error& error) {
  std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 1;
}

}  // namespace

int main() {
  std::filesystem::remove_all("consumer-log");
  auto store = annals::open_log_event_store({.path = "consumer-log"});
  if (!store) return fail(store.error());
  const auto receipt =
      (*store)->append({.events = {{.stream = "account-1", .type = "account_opened", .data = "{}"}},
                        .checks = {{"account-1", annals::ExpectedVersion::no_stream()}}});
  if (!receipt) return fail(receipt.error());
  const auto events = annals::read_all(**store, {.query = annals::Query::stream("account-1")});
  if (!events) return fail(events.error());
  const auto report = (*store)->verify({});
  if (!report) return fail(report.error());
  return events->size() == 1 && events->front().type == "account_opened" &&
                 report->outcome == annals::VerifyReport::Outcome::whole && report->events == 1
             ? 0
             : 1;
}
