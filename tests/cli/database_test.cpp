// The commands on a store in PostgreSQL: its URL stands where a folder would.

#include "postgres/database.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class DatabaseStore : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    schema_.emplace();
    url_ = schema_->url() + "#" + schema_->name();
    make_sample_store(folder_.file("log"));
  }
  std::string exported(const std::string& store) {
    const Ended ended = annals({"export", store});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out;
  }
  void import_exactly(const std::string& text, const std::string& store) {
    const std::string file = folder_.file("export.jsonl");
    std::ofstream(file) << text;
    const Ended ended = annals({"import", store, file, "--exact"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }
  static std::string events(const std::string& store) { return annals({"read", store}).out; }

  testkit::TemporaryFolder folder_;
  std::optional<postgres_test::Schema> schema_;
  std::string url_;
};

TEST_F(DatabaseStore, AnExactImportAndBackGivesTheSameEventsAndLinks) {
  import_exactly(exported(folder_.file("log")), url_);
  import_exactly(exported(url_), folder_.file("back"));
  EXPECT_EQ(events(url_), events(folder_.file("log")));
  EXPECT_EQ(events(folder_.file("back")), events(folder_.file("log")));
  const auto stats = [](const std::string& store) {
    return json_lines(annals({"stats", store}).out).at(0);
  };
  EXPECT_EQ(stats(url_)["link"], stats(folder_.file("log"))["link"]);
  EXPECT_EQ(stats(url_)["store"], stats(folder_.file("log"))["store"]);
  EXPECT_EQ(stats(url_)["engine"], "postgres");
}

TEST_F(DatabaseStore, EveryCommandTakesIt) {
  import_exactly(exported(folder_.file("log")), url_);
  EXPECT_EQ(annals({"verify", url_}).exit_code, 0);
  EXPECT_EQ(json_lines(annals({"streams", url_}).out).size(), 3U);
  EXPECT_EQ(json_lines(annals({"read", url_, "--tag", "vip"}).out).size(), 2U);
  EXPECT_EQ(json_lines(annals({"tail", url_, "--after", "5", "--limit", "2"}).out).size(), 2U);
  EXPECT_EQ(annals({"migrate", url_}).exit_code, 0);
  EXPECT_EQ(annals({"backup", url_, folder_.file("copy")}).exit_code, 1);
}

TEST_F(DatabaseStore, ADatabaseWithoutAStoreIsRefused) {
  const Ended refused = annals({"read", url_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("annals migrate"), std::string::npos) << refused.err;
  EXPECT_EQ(annals({"migrate", url_}).exit_code, 0);
  EXPECT_EQ(annals({"read", url_}).exit_code, 0);
  EXPECT_EQ(annals({"migrate", folder_.file("log")}).exit_code, 1) << "a folder has no tables";
}

TEST_F(DatabaseStore, MigrateSaysWhatItHasDone) {
  const auto made = json_lines(annals({"migrate", url_}).out).at(0);
  EXPECT_EQ(made["outcome"], "made");
  EXPECT_EQ(made.count("from_version"), 0U);
  const auto again = json_lines(annals({"migrate", url_}).out).at(0);
  EXPECT_EQ(again["outcome"], "up to date");
  EXPECT_EQ(again["from_version"], made["version"]);
  const Ended table = annals({"migrate", url_, "--table"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(table.out.rfind("up to date: postgres://", 0), 0U) << table.out;
}

TEST_F(DatabaseStore, StatsTellsNothingOfFilesThatADatabaseDoesNotHave) {
  import_exactly(exported(folder_.file("log")), url_);
  const auto stats = json_lines(annals({"stats", url_}).out).at(0);
  EXPECT_EQ(stats["appends"], 5);
  for (const char* word : {"segments", "segments_packed", "packed_bytes", "unsettled_events"}) {
    EXPECT_EQ(stats.count(word), 0U) << word;
    EXPECT_EQ(json_lines(annals({"stats", folder_.file("log")}).out).at(0).count(word), 1U) << word;
  }
  EXPECT_EQ(annals({"stats", url_, "--table"}).out.find("segments"), std::string::npos);
}

// Whatever of a log's end is lost, it is told where.
TEST_F(DatabaseStore, VerifySaysWhereADatabaseEndsThatHasLostItsTail) {
  import_exactly(exported(folder_.file("log")), url_);
  const auto whole = json_lines(annals({"verify", url_}).out).at(0);
  const std::string schema = schema_->name();
  const auto run = [&](const std::string& sql) {
    auto connection = postgres::Connection::open({.url = schema_->url()});
    ASSERT_TRUE(connection);
    const auto done = (*connection)->run(sql);
    ASSERT_TRUE(done) << done.error().message;
  };
  const auto first_bad = [&](int exit_code) {
    const Ended ended = annals({"verify", url_});
    EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
    const auto lines = json_lines(ended.out);
    if (lines.empty()) return nlohmann::json();
    const nlohmann::json& report = lines.front();
    EXPECT_NE(report.count("first_bad"), 0U) << ended.out;
    return report.at("first_bad").at("first_position");
  };
  run("DELETE FROM " + schema + ".events WHERE position >= 7");
  EXPECT_EQ(first_bad(1), 7) << "an append that has lost its event";
  run("DELETE FROM " + schema + ".appends WHERE first_position >= 7");
  run("DELETE FROM " + schema +
      ".appends WHERE first_position = "
      "(SELECT max(first_position) FROM " +
      schema + ".appends)");
  const auto beyond = first_bad(1);
  const int head = beyond.get<int>() - 1;
  EXPECT_LT(head, 6) << "the era begins after 7";
  EXPECT_EQ(annals({"read", url_}).exit_code, 1) << "such a store is not read";
  run("DELETE FROM " + schema + ".eras WHERE era > 1");
  EXPECT_EQ(first_bad(1), head + 1) << "events that have lost their append";
  run("DELETE FROM " + schema + ".events WHERE position > " + std::to_string(head));
  run("DELETE FROM " + schema + ".event_tags WHERE position > " + std::to_string(head));
  EXPECT_EQ(annals({"verify", url_}).exit_code, 0) << "nothing in it tells of more";
  const Ended expected = annals({"verify", url_, "--expect", whole["expect"]});
  ASSERT_EQ(expected.exit_code, 2) << expected.err;
  EXPECT_EQ(json_lines(expected.out).at(0)["position"], head);
}

TEST_F(DatabaseStore, SqlInWordsOfTheCommandLineIsData) {
  import_exactly(exported(folder_.file("log")), url_);
  const std::string bad = "'; DROP SCHEMA " + schema_->name() + " CASCADE; --";
  for (const char* option : {"--stream", "--category", "--type", "--tag"}) {
    const Ended ended = annals({"read", url_, option, bad});
    EXPECT_EQ(ended.out, "") << option;
  }
  EXPECT_NE(annals({"read", schema_->url() + "#" + bad}).exit_code, 0);
  EXPECT_EQ(json_lines(annals({"read", url_}).out).size(), 7U);
}

TEST(DatabaseAddress, WhatIsWrongWithItIsSaid) {
  const struct {
    const char* address;
    const char* why;
  } cases[] = {{"postgres://ann@[::1/x", "IPv6"},
               {"postgres://ann@127.0.0.1:1/x?sslmod=require", "invalid URI query parameter"},
               {"postgres://ann@127.0.0.1:1/x?sslmode", "missing key/value separator \"=\""},
               {"postgres://ann:%zz@127.0.0.1:1/x", "invalid percent-encoded token"},
               {"postgres://ann:a@b@127.0.0.1:1/x", "write it %40"}};
  for (const auto& [address, why] : cases) {
    const Ended refused = annals({"read", address});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find(why), std::string::npos) << address << ": " << refused.err;
  }
}

TEST(DatabaseAddress, APasswordIsNeverShown) {
  for (const char* command : {"read", "verify", "migrate", "stats"}) {
    const Ended refused = annals({command, "postgres://ann:s3cret@127.0.0.1:1/x"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_EQ((refused.err + refused.out).find("s3cret"), std::string::npos) << refused.err;
  }
  // Mistyped: another scheme, a slash too few, an @ in it, libpq's other form.
  for (const char* address :
       {"Postgres://ann:s3cret@127.0.0.1:1/x", "postgres:/ann:s3cret@127.0.0.1:1/x",
        "postgres://ann:a@s3cret@127.0.0.1:1/x", "host=127.0.0.1 port=1 password=s3cret"}) {
    for (const char* command : {"read", "migrate", "import"}) {
      const Ended refused = annals({command, address});
      EXPECT_NE(refused.exit_code, 0);
      EXPECT_EQ((refused.err + refused.out).find("s3cret"), std::string::npos) << refused.err;
    }
  }
}

}  // namespace
}  // namespace annals::test
