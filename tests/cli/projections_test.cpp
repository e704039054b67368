// `projections`, `diff` and `check`: read models looked after from outside.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class Projections : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  static Ended own(std::vector<std::string> words) {
    words.insert(words.begin(), OWN_TYPES_PROGRAM);
    return run(words);
  }
  static Ended plain(std::vector<std::string> words) {
    words.insert(words.begin(), ANNALS_PROGRAM);
    return run(words);
  }
  void make_read_models() {
    // The first rebuild makes them; the file is made by opening it for writing.
    const Ended missing = own({"projections", "rebuild", store_});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_NE(missing.err.find("there is no such file"), std::string::npos) << missing.err;
    const Ended made = own({"projections", "rebuild", store_, "--create"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(json_lines(made.out)[0]["projection"], "balances") << made.out;
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(Projections, AreListedPausedResumedAndRebuilt) {
  make_read_models();
  Ended ended = plain({"projections", "list", store_});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["projection"], "balances");
  EXPECT_EQ(lines[0]["tables"], "balances");
  EXPECT_EQ(lines[0]["state"], "at rest");

  ended = plain({"projections", "lag", store_, "balances"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["events_behind"], 0);

  EXPECT_EQ(plain({"projections", "pause", store_, "balances"}).exit_code, 0);
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out)[0]["state"], "paused");
  EXPECT_EQ(plain({"projections", "resume", store_}).exit_code, 0);
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out)[0]["state"], "at rest");

  EXPECT_EQ(own({"projections", "rebuild", store_, "balances"}).exit_code, 0);
}

TEST_F(Projections, AreSplitByARebuildAndListedAsAWholeAndByPartition) {
  make_read_models();
  const Ended rebuilt = own({"projections", "rebuild", store_, "balances", "--partitions", "3"});
  ASSERT_EQ(rebuilt.exit_code, 0) << rebuilt.err;
  const auto lines = json_lines(plain({"projections", "list", store_}).out);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_FALSE(lines[0].contains("partition"));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i]["projection"], "balances");
    EXPECT_EQ(lines[i]["partitions"], 3);
    EXPECT_EQ(lines[i]["position"], lines[0]["position"]);
    if (i > 0) {
      EXPECT_EQ(lines[i]["partition"], i - 1);
    }
  }
  const Ended table = plain({"projections", "list", store_, "--table"});
  EXPECT_NE(table.out.find("3 in all"), std::string::npos) << table.out;
  EXPECT_EQ(json_lines(plain({"projections", "lag", store_}).out).size(), 1U);
  EXPECT_EQ(plain({"projections", "pause", store_}).out,
            "{\"projection\":\"balances\",\"paused\":true}\n");
  EXPECT_EQ(plain({"projections", "pause", store_, "--table"}).out, "balances is paused\n");
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out)[3]["state"], "paused");
  // A rebuild leaves the number as it is, unless another is asked for.
  EXPECT_EQ(own({"projections", "rebuild", store_}).exit_code, 0);
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out).size(), 4U);
  EXPECT_EQ(own({"projections", "rebuild", store_, "--partitions", "1"}).exit_code, 0);
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out).size(), 1U);
  EXPECT_EQ(own({"projections", "rebuild", store_, "--partitions", "0"}).exit_code, 2);
}

TEST_F(Projections, WhatIsParkedIsListedRetriedAndSkipped) {
  ::setenv("BROKEN_ACCOUNT", "account-1", 1);
  make_read_models();
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out)[0]["parked_keys"], 1);
  Ended ended = plain({"projections", "parked", "list", store_});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["projection"], "balances");
  EXPECT_EQ(lines[0]["table"], "balances");
  EXPECT_EQ(lines[0]["key"], "account-1");
  EXPECT_EQ(lines[0]["events"], 2);
  EXPECT_EQ(lines[0]["first_position"], 2);
  EXPECT_EQ(lines[0]["wish"], "");
  EXPECT_NE(lines[0]["failure"].get<std::string>().find("the fold is broken"), std::string::npos);
  ended = plain({"projections", "parked", "list", store_, "--table"});
  EXPECT_NE(ended.out.find("account-1"), std::string::npos) << ended.out;

  // The plain program has no folds: it notes the wish.
  ended = plain({"projections", "parked", "retry", store_, "balances", "--key", "account-1"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["wish"], "retry") << ended.out;
  EXPECT_EQ(json_lines(ended.out)[0]["done"], false);
  ended = plain({"projections", "parked", "retry", store_, "--table"});
  EXPECT_NE(ended.out.find("1 key to be retried by whoever projects"), std::string::npos)
      << ended.out;
  ended = plain({"projections", "parked", "list", store_});
  EXPECT_EQ(json_lines(ended.out)[0]["wish"], "retry");

  // With its own types a program does it, since nobody projects.
  ended = own({"projections", "parked", "retry", store_});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["done"], true) << ended.out;
  EXPECT_EQ(json_lines(ended.out)[1]["first_position"], 2) << ended.out;
  ended = own({"projections", "parked", "retry", store_, "--table"});
  EXPECT_NE(ended.out.find("stays parked from position 2 on"), std::string::npos) << ended.out;
  ended = own({"projections", "parked", "skip", store_, "--key", "account-1", "--all"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err << ended.out;
  EXPECT_EQ(plain({"projections", "parked", "list", store_}).out, "");
  lines = json_lines(plain({"projections", "parked", "list", store_, "--skipped"}).out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["key"], "account-1");
  EXPECT_EQ(lines[0]["position"], 2);
  EXPECT_EQ(lines[1]["position"], 7);
  EXPECT_EQ(own({"projections", "parked", "retry", store_}).out, "");
  EXPECT_EQ(own({"projections", "parked", "retry", store_, "--table"}).out, "nothing is parked\n");

  // A rebuild folds all of it again; then the fold is mended.
  EXPECT_EQ(own({"projections", "rebuild", store_}).exit_code, 0);
  ::unsetenv("BROKEN_ACCOUNT");
  ended = own({"projections", "parked", "retry", store_, "balances"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(json_lines(ended.out).size(), 1U) << "nothing of it is parked: " << ended.out;
  EXPECT_EQ(json_lines(plain({"projections", "list", store_}).out)[0]["parked_keys"], 0);
}

TEST_F(Projections, ASecondSkipOfAKeyWaitsForTheFirstAndIsNotLost) {
  ::setenv("BROKEN_ACCOUNT", "account-1", 1);
  make_read_models();
  const std::vector<std::string> skip{"projections", "parked", "skip",
                                      store_,        "--key",  "account-1"};
  EXPECT_EQ(plain(skip).exit_code, 0);
  const Ended again = plain(skip);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.err.find("is to be skipped already"), std::string::npos) << again.err;
  EXPECT_EQ(json_lines(plain({"projections", "parked", "list", store_}).out)[0]["events"], 2);
  // Who has the types does the first one, then this one.
  EXPECT_EQ(own(skip).exit_code, 0);
  ::unsetenv("BROKEN_ACCOUNT");
  EXPECT_EQ(json_lines(plain({"projections", "parked", "list", store_, "--skipped"}).out).size(),
            2U);
}

TEST_F(Projections, WordsThatMakeNoSenseArePointedToTheHelpOfTheirCommand) {
  const auto said = [](std::vector<std::string> words) {
    const Ended ended = plain(std::move(words));
    EXPECT_EQ(ended.exit_code, 2);
    return ended.err;
  };
  EXPECT_EQ(said({"projections"}),
            "annals: usage: expects a command: list lag pause resume rebuild parked (see annals "
            "projections --help)\n");
  EXPECT_EQ(said({"projections", "parkd", "list"}),
            "annals: usage: expects a command: list lag pause resume rebuild parked; not 'parkd' "
            "(see annals projections --help)\n");
  EXPECT_EQ(said({"projections", "parked"}),
            "annals: usage: expects a command: list retry skip (see annals projections parked "
            "--help)\n");
  EXPECT_NE(said({"projections", "parked", "skip", store_})
                .find("--key is required (see annals "
                      "projections parked skip --help)"),
            std::string::npos);
  EXPECT_NE(said({"projections", "lag", "--colour"}).find("(see annals projections lag --help)"),
            std::string::npos);
  EXPECT_NE(
      plain({"projections", "parked", "skip", "--help"}).out.find("annals projections parked skip"),
      std::string::npos);
}

TEST_F(Projections, ThoseOfAnotherStoreAreListedAndSaidToBe) {
  make_read_models();
  EXPECT_EQ(plain({"projections", "list", store_}).err, "");
  const std::string other = folder_.file("other");
  make_sample_store(other);
  const Ended listed =
      plain({"projections", "list", other, "--read-models", store_ + "/read-models.db"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_EQ(json_lines(listed.out).size(), 1U);
  const std::string owner = json_lines(listed.out)[0]["store"];
  EXPECT_NE(listed.err.find("projection balances in SQLite file " + store_ +
                            "/read-models.db belongs to store " + owner + ", and " + other +
                            " is store "),
            std::string::npos)
      << listed.err;
}

TEST_F(Projections, WhatIsNotParkedIsNotSkipped) {
  make_read_models();
  Ended ended = plain({"projections", "parked", "skip", store_, "--key", "account-9"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("nothing is parked for key 'account-9'"), std::string::npos)
      << ended.err;
  EXPECT_EQ(plain({"projections", "parked", "skip", store_}).exit_code, 2) << "which?";
  EXPECT_EQ(plain({"projections", "parked"}).exit_code, 2);
  ended = plain({"projections", "parked", "--help"});
  EXPECT_EQ(ended.exit_code, 0);
  for (const char* word : {"list", "retry", "skip"}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << ended.out;
  }
}

TEST_F(Projections, ThatAreNotThereAreNamedAmongThoseThatAre) {
  make_read_models();
  const Ended ended = plain({"projections", "pause", store_, "blances"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("which has balances"), std::string::npos) << ended.err;
  const Ended unknown = own({"projections", "rebuild", store_, "blances"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("it has balances"), std::string::npos) << unknown.err;
}

TEST_F(Projections, NeedOwnTypesToBeRebuilt) {
  make_read_models();
  const Ended ended = plain({"projections", "rebuild", store_});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("needs a program's own types"), std::string::npos) << ended.err;
  EXPECT_EQ(plain({"projections"}).exit_code, 2);
  EXPECT_EQ(plain({"projections", "lists", store_}).exit_code, 2);
}

TEST_F(Projections, DiffShowsTheFieldsThatDifferBetweenTwoCuts) {
  const Ended ended = own({"diff", store_, "account-1", "--from-position", "4"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["field"], "balance");
  EXPECT_EQ(lines[0]["before"], "10.00 EUR");
  EXPECT_EQ(lines[0]["after"], "12.50 EUR");
  EXPECT_EQ(own({"diff", store_, "account-1"}).exit_code, 2) << "with what?";
  EXPECT_EQ(own({"diff", store_, "account-99", "--from-position", "1"}).exit_code, 1);
  EXPECT_NE(plain({"diff", store_, "account-1", "--from-position", "4"}).err.find("own types"),
            std::string::npos);
}

TEST_F(Projections, CheckNamesStoredEventsThatTheProgramCannotRead) {
  const Ended ended = own({"check", store_});
  ASSERT_EQ(ended.exit_code, 1) << ended.out;
  const auto lines = json_lines(ended.out);
  ASSERT_FALSE(lines.empty());
  for (const auto& line : lines) {
    EXPECT_NE(line["event"], "account_opened");
    EXPECT_EQ(line["problem"], "the program has no such event");
  }
  EXPECT_NE(plain({"check", store_}).err.find("own types"), std::string::npos);
}

TEST_F(Projections, CheckFindsDataThatIsNotWhatItsTypeSays) {
  const std::string other = folder_.file("other");
  {
    const auto store = open_for_writing(other, *parse_timestamp("2024-03-01T12:00:00Z"));
    append(*store,
           {{.stream = "account-1", .type = "money_deposited", .data = R"({"amount":"1.00 EUR"})"},
            {.stream = "account-1", .type = "money_deposited", .data = "garbage"},
            {.stream = "account-1", .type = "money_deposited", .data = R"({"amount":7})"}});
  }
  const Ended ended = own({"check", other});
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
  const auto line = json_lines(ended.out).at(0);
  EXPECT_EQ(line["event"], "money_deposited");
  EXPECT_EQ(line["events"], 2);
  EXPECT_EQ(line["first_position"], 2);
  EXPECT_NE(line["problem"].get<std::string>().find("not JSON"), std::string::npos) << line;
}

TEST_F(Projections, CheckNamesReadModelsOfAnotherStore) {
  make_read_models();
  const std::string other = folder_.file("other");
  make_sample_store(other);
  std::filesystem::copy(store_ + "/read-models.db", other + "/read-models.db");
  const Ended ended = own({"check", other});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.out.find("another history"), std::string::npos) << ended.out;
  EXPECT_EQ(own({"check", store_}).out.find("another history"), std::string::npos);
}

TEST_F(Projections, AWrongFolderIsSaidToHaveNoStore) {
  const std::string nowhere = folder_.file("nowhere");
  for (const char* action : {"list", "lag", "pause", "resume"}) {
    const Ended ended = plain({"projections", action, nowhere});
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_NE(ended.err.find("there is no store in"), std::string::npos) << ended.err;
  }
  const Ended made = own({"projections", "rebuild", nowhere, "--create"});
  EXPECT_NE(made.err.find("there is no store in"), std::string::npos) << made.err;
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  const Ended missing = plain({"projections", "list", store_});
  EXPECT_NE(missing.err.find("projections rebuild --create"), std::string::npos) << missing.err;
}

TEST_F(Projections, ADamagedDatabaseIsMadeAnewAndNotRestoredFromABackup) {
  std::ofstream(store_ + "/read-models.db") << "this is no database";
  const Ended ended = plain({"projections", "list", store_});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("backup"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("projections rebuild --create"), std::string::npos) << ended.err;
}

TEST_F(Projections, ProgressIsShownOnceForEachStateOfThings) {
  make_read_models();
  const Ended ended = own({"projections", "rebuild", store_, "--progress"});
  const auto first = ended.err.find("(100%)");
  ASSERT_NE(first, std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("(100%)", first + 1), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace annals::test
