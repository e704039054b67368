#include "row_rules.hpp"

#include <iostream>
#include <memory>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <annals/aggregates/repository.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "import.hpp"
#include "row_oracle.hpp"
#include "statement.hpp"

namespace bank {

using annals::GlobalPosition;
using annals::Repository;
using namespace annals::literals;

namespace {

annals::Result<annals::CommandReceipt> send_row(annals::CommandBus& bus, const berka::Row& row) {
  const Money amount = Money::of_minor(row.hellers, "CZK");
  const annals::CommandOptions options{.effective_at = row.date};
  switch (row.kind) {
    case berka::Kind::deposit: return bus.send(row.account, Deposit{amount, row.text}, options);
    case berka::Kind::withdraw: return bus.send(row.account, Withdraw{amount, row.text}, options);
    case berka::Kind::charge: return bus.send(row.account, Charge{amount, row.text}, options);
  }
  return annals::Error{annals::ErrorCode::invalid_argument, "no such kind"};
}

/// Sends all rows one after the other and returns the position of each.
std::vector<GlobalPosition> send_rows(
    annals::CommandBus& bus, const std::vector<berka::Row>& rows,
    const std::function<void(const berka::Row&)>& after_each = {}) {
  std::vector<GlobalPosition> positions;
  std::set<std::string> opened;
  for (const berka::Row& row : rows) {
    if (opened.insert(row.account).second) {
      const auto answer = bus.send(row.account, OpenAccount{"account", 10'000.00_czk});
      EXPECT_TRUE(answer) << to_string(answer.error());
    }
    const auto answer = send_row(bus, row);
    if (!answer) {
      ADD_FAILURE() << "row " << row.seq << ": " << to_string(answer.error());
      break;
    }
    positions.push_back(answer->receipt.last_position);
    if (after_each) after_each(row);
    if (testing::Test::HasFailure()) break;
  }
  return positions;
}

Money czk(std::int64_t hellers) { return Money::of_minor(hellers, "CZK"); }

}  // namespace

// In memory: waiting for the device after each of so many commands would take a minute, and is what
// the test of send_async does.
void every_row_by_send_gives_its_balance(const std::vector<berka::Row>& rows) {
  Bank bank(annals::make_memory_event_store());
  const Repository<Account> accounts(bank.store());
  const auto positions = send_rows(bank.bus(), rows, [&](const berka::Row& row) {
    const auto account = accounts.load(row.account);
    ASSERT_TRUE(account) << to_string(account.error());
    ASSERT_EQ(account->state.balance, czk(row.balance)) << "row " << row.seq;
  });
  EXPECT_EQ(positions.size(), rows.size());
}

void every_row_by_send_async_gives_its_balance(const std::vector<berka::Row>& rows) {
  const annals::testkit::TemporaryFolder folder;
  const RowOracle oracle(rows);
  auto opened = open_bank({.path = folder.path()});
  ASSERT_TRUE(opened) << to_string(opened.error());
  Bank& bank = **opened;

  const auto imported = import_berka(bank.bus(), rows);
  ASSERT_TRUE(imported) << to_string(imported.error());
  EXPECT_EQ(imported->new_events, rows.size() + oracle.accounts().size());

  std::size_t compared = 0;
  for (const auto& [account, expected] : oracle.accounts()) {
    const auto statement = fold<Statement>(
        bank.store(), annals::Query::stream(annals::stream_name(Account::category, account)));
    ASSERT_TRUE(statement) << to_string(statement.error());
    ASSERT_EQ(statement->lines.size(), expected.size() + 1) << "account " << account;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Statement::Line& line = statement->lines[i + 1];
      ASSERT_EQ(line.version, i + 1);
      ASSERT_EQ(line.balance, czk(expected[i].balance)) << "row " << expected[i].seq;
      ASSERT_EQ(line.effective_at, expected[i].date) << "row " << expected[i].seq;
      ++compared;
    }
  }
  EXPECT_EQ(compared, rows.size());

  const auto again = import_berka(bank.bus(), rows);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->new_events, 0U);
}

void accounts_as_of_positions_are_what_the_file_says(const std::vector<berka::Row>& rows,
                                                     const std::vector<std::int64_t>& after_rows,
                                                     int pairs, std::uint64_t seed) {
  const RowOracle oracle(rows);
  annals::BusOptions options;
  options.loader.snapshots.every = 10;
  Bank bank(annals::make_memory_event_store(), options);
  const std::vector<GlobalPosition> positions = send_rows(bank.bus(), rows);
  ASSERT_EQ(positions.size(), rows.size());
  bank.bus().loader().flush_snapshots();

  std::vector<std::string> names;
  for (const auto& [account, expected] : oracle.accounts()) names.push_back(account);

  for (const std::uint64_t every : {10, 0}) {
    annals::LoaderOptions loader;
    loader.snapshots.every = every;
    const Repository<Account> accounts(bank.store(), loader);
    std::uint64_t loads_by_snapshot = 0;
    const auto compare = [&](const std::string& name, std::int64_t seq) {
      const GlobalPosition position = positions[static_cast<std::size_t>(seq) - 1];
      const auto account = accounts.load(name, annals::AsOf::position(position));
      ASSERT_TRUE(account) << to_string(account.error());
      const berka::Row* last = oracle.last_row(name, seq);
      ASSERT_EQ(account->exists(), last != nullptr) << name << " after row " << seq;
      if (last != nullptr) {
        ASSERT_EQ(account->state.balance, czk(last->balance)) << name << " after row " << seq;
      }
      ASSERT_EQ(account->cut.position, position);
      loads_by_snapshot += account->snapshot_used ? 1 : 0;
    };

    for (const std::int64_t seq : after_rows) {
      for (const std::string& name : names) {
        compare(name, seq);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
    std::mt19937_64 random(seed);
    for (int i = 0; i < pairs; ++i) {
      compare(names[random() % names.size()],
              1 + static_cast<std::int64_t>(random() % rows.size()));
      if (testing::Test::HasFatalFailure()) return;
    }

    std::cout << "snapshot every " << every << " events: " << loads_by_snapshot << " of "
              << after_rows.size() * names.size() + static_cast<std::size_t>(pairs)
              << " loads began at one\n";
    if (every == 0) {
      EXPECT_EQ(loads_by_snapshot, 0U);
      EXPECT_EQ(accounts.stats().snapshot_hits, 0U);
    } else {
      EXPECT_GT(loads_by_snapshot, 0U);
      EXPECT_EQ(accounts.stats().snapshot_hits, loads_by_snapshot);
    }
  }
}

}  // namespace bank
