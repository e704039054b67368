// A log's history, exported and imported exactly into PostgreSQL and back, is the same history: the
// heads have the same link, and a link is made of the content hashes of all events before it.

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "child_process.hpp"
#include "hackclub.hpp"
#include "import.hpp"
#include "oxford.hpp"
#include "postgres/database.hpp"
#include "road_fines.hpp"
#include "session.hpp"
#include "test_data.hpp"

namespace bank {
namespace {

class ExactCopies : public testing::Test {
 protected:
  void SetUp() override { ANNALS_NEEDS_POSTGRES(); }

  std::unique_ptr<annals::EventStore> log() {
    auto store = annals::open_log_event_store(
        {.path = session_.data, .durability = annals::Durability::survives_process_only});
    EXPECT_TRUE(store) << annals::to_string(store.error());
    return store ? *std::move(store) : nullptr;
  }

  void admin(std::vector<std::string> words) {
    words.insert(words.begin(), {BANK_PROGRAM, "admin"});
    ChildProcess program(words, true);
    EXPECT_EQ(program.wait(), 0) << program.errors();
  }
  void copy(const std::string& from, const std::string& to) {
    const std::string file = folder_.file("export.jsonl");
    std::filesystem::remove(file);
    admin({"export", from, "--output", file});
    admin({"import", to, file, "--exact"});
  }

  /// What verify finds at a place, which must be whole.
  annals::VerifyReport proved(const Session& session) {
    auto report = session.verify({});
    EXPECT_TRUE(report) << annals::to_string(report.error());
    if (!report) return {};
    EXPECT_EQ(report->outcome, annals::VerifyReport::Outcome::whole);
    return *report;
  }

  void copies_are_the_same(std::uint64_t events_at_least) {
    const annals::postgres_test::Database database;
    copy(session_.data, database.url() + "#bank");
    copy(database.url() + "#bank", folder_.file("back"));
    const auto here = proved(session_);
    EXPECT_GE(here.events, events_at_least);
    const Session there{.store = database.url()};
    const Session back{.data = folder_.file("back")};
    for (const Session& session : {there, back}) {
      const auto copied = proved(session);
      EXPECT_EQ(copied.position, here.position);
      EXPECT_EQ(copied.link, here.link);
    }
  }

  const annals::testkit::TemporaryFolder folder_;
  const Session session_{.data = folder_.file("log")};
};

TEST_F(ExactCopies, TheBooksOfHackClub) {
  const auto entries = hackclub::read_entries(sample_data("bitemporal.csv.gz"));
  ASSERT_TRUE(entries);
  {
    Bank bank(log());
    ASSERT_TRUE(import_books(bank.bus(), *entries));
  }
  copies_are_the_same(9'101);
}

TEST_F(ExactCopies, TheCzechBank) {
  BANK_EXTERNAL_DATA(file, "berka/transactions.csv.gz");
  auto rows = berka::read_rows(file);
  ASSERT_TRUE(rows);
  if (!soak()) rows->resize(5'000);
  {
    Bank bank(log());
    ASSERT_TRUE(import_berka(bank.bus(), *rows));
  }
  copies_are_the_same(rows->size());
}

TEST_F(ExactCopies, OxfordsPayments) {
  BANK_EXTERNAL_DATA(file, "oxford-spend/payments.csv.gz");
  {
    HistoryStore store(log());
    const std::size_t wanted = soak() ? SIZE_MAX : 5'000;
    std::size_t added = 0;
    oxford::for_each_payment(
        file, [&](std::string stream, const oxford::SupplierPaid& event, annals::Timestamp on) {
          if (added++ < wanted) store.add(std::move(stream), event, on);
        });
    store.flush();
  }
  copies_are_the_same(5'000);
}

TEST_F(ExactCopies, TheRoadFines) {
  BANK_EXTERNAL_DATA(file, "road-fines/events.csv.gz");
  {
    HistoryStore store(log());
    fines::import(file, store, soak() ? "9999-12-31" : "2000-03-31");
  }
  copies_are_the_same(5'015);
}

}  // namespace
}  // namespace bank
