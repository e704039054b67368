// The commands on a store in PostgreSQL: its URL stands where a folder would.

#include "postgres/database.hpp"

#include <fstream>

#include <gtest/gtest.h>

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
