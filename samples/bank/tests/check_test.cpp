// `bank check`: tables as the log has them pass; one row that is not is named.

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"

namespace bank {
namespace {

class CheckOfTables : public testing::Test {
 protected:
  int bank(std::vector<std::string> words) const {
    words.insert(words.begin(), BANK_PROGRAM);
    words.insert(words.end(), {"--data", folder_.path()});
    ChildProcess child(std::move(words), true);
    return child.wait();
  }
  void change(const std::string& sql) const {
    ChildProcess python({"/usr/bin/env", "python3", "-c",
                         "import sqlite3, sys\n"
                         "with sqlite3.connect(sys.argv[1]) as tables:\n"
                         "  assert tables.execute(sys.argv[2]).rowcount == 1",
                         folder_.path() + "/read-models.db", sql});
    ASSERT_EQ(python.wait(), 0) << sql;
  }

  annals::testkit::TemporaryFolder folder_;
};

TEST_F(CheckOfTables, PassesAsTheyAreAndFailsAtAnyRowThatIsNotTheLogs) {
  ASSERT_EQ(bank({"open", "42", "--owner", "Ada"}), 0);
  ASSERT_EQ(bank({"deposit", "42", "100"}), 0);
  EXPECT_EQ(bank({"check"}), 0);
  for (const char* sql : {"UPDATE balances SET movements = movements + 1",
                          "UPDATE customer_accounts SET owner = 'Bob'",
                          "DELETE FROM statement_lines WHERE number = 1",
                          "UPDATE daily_totals SET in_minor = in_minor + 1"}) {
    change(sql);
    EXPECT_EQ(bank({"check"}), 1) << sql;
    ASSERT_EQ(bank({"admin", "projections", "rebuild"}), 0);
  }
}

}  // namespace
}  // namespace bank
