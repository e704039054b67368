#include "killed_import.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "account.hpp"
#include "child_process.hpp"
#include "read_models.hpp"
#include "row_oracle.hpp"

namespace bank {
namespace {

/// What a kill left behind.
struct Landing {
  std::size_t acknowledged = 0;
  std::size_t durable = 0;  ///< Rows in the log, those not acknowledged included.
};

class KilledImports {
 public:
  KilledImports(std::string file, std::uint64_t seed) : file_(std::move(file)), random_(seed) {}

  void run(int kills) {
    auto rows = berka::read_rows(file_);
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = std::move(*rows);
    for (int i = 0; i < kills; ++i) {
      kill_once();
      if (testing::Test::HasFatalFailure()) return;
    }
    report();
  }

 private:
  void kill_once() {
    const annals::testkit::TemporaryFolder folder;
    const std::string store = folder.file("bank");
    const std::size_t kill_at = 1 + random_() % rows_.size();
    SCOPED_TRACE("kill after " + std::to_string(kill_at) + " acknowledged rows");

    std::set<std::int64_t> acknowledged;
    {
      ChildProcess import(
          {BANK_PROGRAM, "import", "--data", store, "--format", "berka", "--acks", file_});
      std::string line;
      while (acknowledged.size() < kill_at && import.read_line(line)) {
        add_row(line, acknowledged);
      }
      ASSERT_EQ(acknowledged.size(), kill_at) << import.output();
      import.kill();
      // What it had written to the pipe by then is acknowledged too.
      while (import.read_line(line)) add_row(line, acknowledged);
    }

    Landing landing{.acknowledged = acknowledged.size()};
    check_log(store, acknowledged, landing);
    if (testing::Test::HasFatalFailure()) return;
    landings_.push_back(landing);

    if (landings_.size() % 10 == 1) check_resumed(store, landing);
  }

  /// Lines that are no row's number are the report of an import that came to its end.
  static void add_row(const std::string& line, std::set<std::int64_t>& rows) {
    const std::int64_t row = std::atoll(line.c_str());
    if (row > 0 && line == std::to_string(row)) rows.insert(row);
  }

  void check_log(const std::string& folder, const std::set<std::int64_t>& acknowledged,
                 Landing& landing) {
    auto store = annals::open_log_event_store(
        {.path = folder, .access = annals::LogOptions::Access::must_exist});
    ASSERT_TRUE(store) << annals::to_string(store.error());
    const auto events = annals::read_all(**store, {});
    ASSERT_TRUE(events) << annals::to_string(events.error());

    std::map<std::string, std::vector<const annals::RecordedEvent*>> streams;
    for (const auto& event : *events) streams[annals::id_of(event.stream)].push_back(&event);
    const RowOracle oracle(rows_);
    std::set<std::int64_t> durable;
    for (const auto& [account, stream] : streams) {
      ASSERT_TRUE(oracle.accounts().contains(account)) << account;
      const auto& expected = oracle.accounts().at(account);
      ASSERT_LE(stream.size(), expected.size() + 1) << "account " << account << " has rows twice";
      ASSERT_EQ(stream.front()->type, annals::event_name<AccountOpened>());
      for (std::size_t i = 1; i < stream.size(); ++i) {
        ASSERT_EQ(text_of(*stream[i]), text_of(expected[i - 1])) << "row " << expected[i - 1].seq;
        durable.insert(expected[i - 1].seq);
      }
    }
    landing.durable = durable.size();
    std::vector<std::int64_t> lost;
    std::set_difference(acknowledged.begin(), acknowledged.end(), durable.begin(), durable.end(),
                        std::back_inserter(lost));
    ASSERT_TRUE(lost.empty()) << lost.size() << " acknowledged rows lost, the first is row "
                              << lost.front();
  }

  /// The import run again completes what the kill broke off.
  void check_resumed(const std::string& folder, const Landing& landing) {
    ChildProcess again({BANK_PROGRAM, "import", "--data", folder, "--format", "berka", file_});
    ASSERT_EQ(again.wait(), 0) << again.output();
    Landing whole;
    std::set<std::int64_t> all;
    for (const berka::Row& row : rows_) all.insert(row.seq);
    check_log(folder, all, whole);
    ASSERT_EQ(whole.durable, rows_.size());
    resumed_ += whole.durable - landing.durable;
  }

  static std::string text_of(const annals::RecordedEvent& event) {
    const auto read = [&]<typename E>(const E&) {
      const auto value = annals::from_json<E>(event.data);
      return value ? value->text + " " + annals::to_string(value->amount)
                   : annals::to_string(value.error());
    };
    std::string text(event.type);
    if (event.type == "money_deposited") return text + read(MoneyDeposited{});
    if (event.type == "money_withdrawn") return text + read(MoneyWithdrawn{});
    return text + read(AccountCharged{});
  }

  static std::string text_of(const berka::Row& row) {
    constexpr std::array names = {"money_deposited", "money_withdrawn", "account_charged"};
    return names[static_cast<std::size_t>(row.kind)] + row.text + " " +
           annals::to_string(Money::of_minor(row.hellers, "CZK"));
  }

  void report() const {
    std::array<int, 10> landed{};
    std::size_t ahead = 0;
    for (const Landing& landing : landings_) {
      landed[std::min<std::size_t>(9, landing.durable * 10 / rows_.size())] += 1;
      ahead = std::max(ahead, landing.durable - landing.acknowledged);
    }
    std::cout << landings_.size() << " kills, by tenths of " << rows_.size() << " rows in the log:";
    for (const int count : landed) std::cout << ' ' << count;
    std::cout << "\nat most " << ahead << " rows durable and not yet acknowledged; " << resumed_
              << " rows added by importing again\n";
  }

  const std::string file_;
  std::mt19937_64 random_;
  std::vector<berka::Row> rows_;
  std::vector<Landing> landings_;
  std::size_t resumed_ = 0;
};

}  // namespace

void killed_imports_lose_and_double_nothing(const std::string& file, int kills,
                                            std::uint64_t seed) {
  KilledImports(file, seed).run(kills);
}

}  // namespace bank
