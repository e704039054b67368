/// @file
/// Other people's histories as events: a store filled in bulk.

#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "csv.hpp"

namespace bank {

/// A store that is written in appends of many events.
class HistoryStore {
 public:
  /// A log in a folder.
  explicit HistoryStore(const std::string& path) {
    auto opened = annals::open_log_event_store(
        {.path = path, .durability = annals::Durability::survives_process_only});
    EXPECT_TRUE(opened) << annals::to_string(opened.error());
    if (opened) store_ = std::move(*opened);
  }
  explicit HistoryStore(std::unique_ptr<annals::EventStore> store) : store_(std::move(store)) {}

  template <typename E>
  void add(std::string stream, const E& event, annals::Timestamp effective_at) {
    auto text = annals::to_json(event);
    ASSERT_TRUE(text) << annals::to_string(text.error());
    if (request_.events.size() == 5'000) flush();
    request_.events.push_back({.stream = std::move(stream),
                               .type = std::string(annals::event_name<E>()),
                               .data = *std::move(text),
                               .effective_at = effective_at});
  }
  void flush() {
    if (request_.events.empty()) return;
    for (const auto& event : request_.events) {
      if (streams_.insert(event.stream).second) {
        request_.checks.push_back({event.stream, annals::ExpectedVersion::any()});
      }
    }
    auto receipt = store_->append(std::exchange(request_, {}));
    streams_.clear();
    ASSERT_TRUE(receipt) << annals::to_string(receipt.error());
  }

  annals::EventStore& operator*() { return *store_; }
  annals::EventStore* operator->() { return store_.get(); }

 private:
  std::unique_ptr<annals::EventStore> store_;
  annals::AppendRequest request_;
  std::set<std::string> streams_;
};

/// Calls `row` with each record of a CSV file.
template <typename Row>
void for_each_record(const std::string& file, Row row) {
  auto csv = CsvReader::open(file);
  ASSERT_TRUE(csv) << annals::to_string(csv.error());
  while (true) {
    auto record = csv->next();
    ASSERT_TRUE(record) << annals::to_string(record.error());
    if (*record == nullptr) return;
    row(**record);
    ASSERT_FALSE((*record)->error()) << annals::to_string(*(*record)->error());
  }
}

}  // namespace bank
