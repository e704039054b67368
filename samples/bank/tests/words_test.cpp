// Words of the command line beyond the transcript: addresses, partitions, compression.

#include <fstream>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"

namespace bank {
namespace {

struct Said {
  int code = 0;
  std::string out;
  std::string err;
};

class BankWords : public testing::Test {
 protected:
  Said bank(std::vector<std::string> words) const {
    words.insert(words.begin(), BANK_PROGRAM);
    if (words[1] != "admin") words.insert(words.end(), {"--data", data_});
    ChildProcess child(std::move(words), true);
    const int code = child.wait();
    return {code, child.output(), child.errors()};
  }

  annals::testkit::TemporaryFolder folder_;
  std::string data_ = folder_.file("data");
};

TEST_F(BankWords, AnAddressThatIsNoDatabaseIsRefusedWithoutShowingIt) {
  for (const char* option : {"--store", "--read-models"}) {
    const Said said = bank({"accounts", option, "mysql://me:secret@host/bank"});
    EXPECT_EQ(said.code, 2);
    EXPECT_EQ(said.err, "bank: " + std::string(option) +
                            ": expects a database as postgres://USER@HOST/DATABASE; bank --help "
                            "says more\n");
  }
}

TEST_F(BankWords, HelpOfACommandSaysWhereTheRestIs) {
  const Said help = bank({"deposit", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("--data, --store and --json: bank --help"), std::string::npos)
      << help.out;
  const Said version = bank({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out.find("bank (annals 0."), 0U) << version.out;
}

TEST_F(BankWords, TheDemoTakesNoOtherStore) {
  const Said said = bank({"demo", "--store", "postgres://host/bank"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, "bank: the demo has a store of its own, and takes no other\n");
  EXPECT_EQ(said.out, "");
}

TEST_F(BankWords, ReadModelsThatARebuildHasSplitServeAsBefore) {
  ASSERT_EQ(bank({"open", "42", "--owner", "Ada"}).code, 0);
  ASSERT_EQ(bank({"deposit", "42", "100"}).code, 0);
  const Said whole = bank({"accounts", "--json"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  const Said rebuilt =
      bank({"admin", "projections", "rebuild", data_, "balances", "--partitions", "2"});
  ASSERT_EQ(rebuilt.code, 0) << rebuilt.err;
  ASSERT_EQ(bank({"deposit", "42", "1"}).code, 0);
  const Said split = bank({"balances", "--json"});
  EXPECT_EQ(split.code, 0) << split.err;
  EXPECT_EQ(split.out, "{\"account\":\"42\",\"balance\":10100}\n");
  const Said other = bank({"balances", "--partitions", "3"});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("partition"), std::string::npos) << other.err;
}

TEST_F(BankWords, PartitionsAreMadeAsAskedForWhereTheyCanBe) {
  ASSERT_EQ(bank({"open", "42", "--owner", "Ada"}).code, 0);
  ASSERT_EQ(bank({"project", "--partitions", "2"}).code, 0);
  const Said listed = bank({"admin", "projections", "list", data_, "--json"});
  EXPECT_NE(listed.out.find("\"projection\":\"balances\",\"partition\":1,\"partitions\":2"),
            std::string::npos)
      << listed.out;
  EXPECT_EQ(bank({"accounts"}).code, 0) << "from then on without saying so";
  EXPECT_EQ(bank({"project", "--partitions", "0"}).code, 2);
}

TEST_F(BankWords, AnImportMayCompressTheLog) {
  const std::string rows = folder_.file("rows.csv");
  std::ofstream(rows) << "seq,account,date,amount,rounding,operation,k_symbol,bank_balance\n"
                         "1,7,1993-01-01,10000,0,VKLAD,,10000\n";
  const auto features = [&] {
    std::ifstream manifest(data_ + "/MANIFEST");
    std::string line;
    while (std::getline(manifest, line) && !line.starts_with("incompatible ")) continue;
    return line;
  };
  ASSERT_EQ(bank({"import", "--format", "berka", rows}).code, 0);
  EXPECT_EQ(features(), "incompatible 0");
  ASSERT_EQ(bank({"import", "--format", "berka", rows, "--compress"}).code, 0);
  EXPECT_EQ(features(), "incompatible 1") << "an older annals is to refuse it";
  const Said refused = bank({"import", "--compress", "--store", "postgres://host/bank"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("only the segments of a log can be compressed"), std::string::npos)
      << refused.err;
}

}  // namespace
}  // namespace bank
