// `annals read`, run as a user would.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class Read : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  /// The positions of the events that `read` prints with these options.
  std::vector<std::uint64_t> positions(std::vector<std::string> options) {
    std::vector<std::string> words{"read", store_};
    words.insert(words.end(), options.begin(), options.end());
    const Ended ended = annals(words);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    std::vector<std::uint64_t> found;
    for (const auto& line : json_lines(ended.out)) found.push_back(line["position"]);
    return found;
  }

  using Positions = std::vector<std::uint64_t>;
  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(Read, PrintsEveryFieldOfAnEventAsAJsonLine) {
  const auto lines = json_lines(annals({"read", store_, "--limit", "1"}).out);
  ASSERT_EQ(lines.size(), 1U);
  const nlohmann::json& event = lines[0];
  EXPECT_EQ(event["position"], 1);
  EXPECT_EQ(event["stream"], "account-1");
  EXPECT_EQ(event["version"], 0);
  EXPECT_EQ(event["id"].get<std::string>().size(), 36U);
  EXPECT_EQ(event["type"], "account_opened");
  EXPECT_EQ(event["schema_version"], 1);
  EXPECT_EQ(event["content_type"], "json");
  EXPECT_EQ(event["recorded_at"], "2024-03-01T12:00:00.000000Z");
  EXPECT_EQ(event["known_at"], "2024-02-28T00:00:00.000000Z");
  EXPECT_EQ(event["effective_at"], "2024-02-27T00:00:00.000000Z");
  EXPECT_EQ(event["correlation_id"], "c-1");
  EXPECT_EQ(event["causation_id"], "k-1");
  EXPECT_EQ(event["actor"], "clerk 7");
  EXPECT_EQ(event["traceparent"], "00-11111111111111111111111111111111-2222222222222222-01");
  EXPECT_EQ(event["tags"], nlohmann::json::array({"region:eu", "vip"}));
  EXPECT_EQ(event["data"]["owner"], "Ada");
  EXPECT_EQ(event["metadata"]["channel"], "branch");
}

TEST_F(Read, AbsentFieldsAreLeftOut) {
  const auto lines = json_lines(annals({"read", store_, "--from-position", "2", "-n", "1"}).out);
  ASSERT_EQ(lines.size(), 1U);
  for (const char* name : {"correlation_id", "causation_id", "actor", "traceparent", "tags",
                           "metadata", "data_text", "data_base64"}) {
    EXPECT_FALSE(lines[0].contains(name)) << name;
  }
}

TEST_F(Read, DataThatIsJsonIsEmbeddedOnOneLine) {
  const Ended ended = annals({"read", store_, "--from-position", "2", "--limit", "1"});
  EXPECT_NE(ended.out.find(R"("data":{"amount":"10.00 EUR"})"), std::string::npos) << ended.out;
}

TEST_F(Read, DataThatIsNotJsonIsTextAndBinaryDataIsBase64) {
  const auto lines = json_lines(annals({"read", store_, "--stream", "blob"}).out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["content_type"], "binary");
  EXPECT_EQ(lines[0]["data_base64"], "AP8b");
  EXPECT_FALSE(lines[0].contains("data"));
  EXPECT_EQ(lines[1]["data_text"], "\x1B[31mred");
  EXPECT_FALSE(lines[1].contains("data"));
}

TEST_F(Read, SelectsByStreamCategoryTypeAndTag) {
  EXPECT_EQ(positions({}), (Positions{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(positions({"--stream", "account-1"}), (Positions{1, 2, 7}));
  EXPECT_EQ(positions({"--stream", "account-1", "--stream", "blob"}), (Positions{1, 2, 5, 6, 7}));
  EXPECT_EQ(positions({"--category", "account"}), (Positions{1, 2, 3, 4, 7}));
  EXPECT_EQ(positions({"--type", "account_opened", "--type", "scanned"}), (Positions{1, 3, 5}));
  EXPECT_EQ(positions({"--tag", "vip"}), (Positions{1, 7}));
  EXPECT_EQ(positions({"--tag", "vip", "--tag", "region:eu"}), (Positions{1}));
  EXPECT_EQ(positions({"--stream", "account-1", "--type", "money_deposited"}), (Positions{2, 7}));
}

TEST_F(Read, BeginsFromOrAfterAPlace) {
  EXPECT_EQ(positions({"--from-position", "5"}), (Positions{5, 6, 7}));
  EXPECT_EQ(positions({"--after-position", "5"}), (Positions{6, 7}));
  EXPECT_EQ(positions({"--backward"}), (Positions{7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(positions({"--backward", "--after-position", "3"}), (Positions{2, 1}));
  EXPECT_EQ(positions({"--stream", "account-1", "--from-version", "1"}), (Positions{2, 7}));
  EXPECT_EQ(positions({"--stream", "account-1", "--after-version", "1"}), (Positions{7}));
  EXPECT_EQ(positions({"--backward", "--limit", "2"}), (Positions{7, 6}));
}

TEST_F(Read, HistoryCanEndAtAPositionOrATime) {
  EXPECT_EQ(positions({"--as-of-position", "3"}), (Positions{1, 2, 3}));
  EXPECT_EQ(positions({"--as-of", "2024-03-01"}), (Positions{1, 2, 3, 4}));
  EXPECT_EQ(positions({"--as-of", "2024-03-02T11:59:59Z"}), (Positions{1, 2, 3, 4}));
  EXPECT_EQ(positions({"--as-of", "2024-03-02T12:00:00Z"}), (Positions{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(positions({"--as-of", "2023-12-31"}), (Positions{}));
}

TEST_F(Read, AnUnknownStreamReadsAsEmpty) {
  EXPECT_EQ(positions({"--stream", "account-99"}), (Positions{}));
  const Ended table = annals({"read", store_, "--stream", "account-99", "--table"});
  EXPECT_EQ(table.exit_code, 0);
  EXPECT_NE(table.out.find("0 events; history up to position 7"), std::string::npos) << table.out;
}

TEST_F(Read, TheTableHasATitleARowPerEventAndACountAndNoControlCharacters) {
  const Ended ended = annals({"read", store_, "--table"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = split_lines(ended.out);
  ASSERT_EQ(lines.size(), 9U) << ended.out;
  EXPECT_EQ(lines[0].find("position  recorded at"), 0U) << lines[0];
  EXPECT_NE(lines[1].find(R"(account_opened   {"owner":"Ada"})"), std::string::npos) << lines[1];
  EXPECT_NE(lines[5].find("3 bytes: AP8b"), std::string::npos) << lines[5];
  EXPECT_NE(lines[6].find("\\x1b[31mred"), std::string::npos) << lines[6];
  EXPECT_EQ(ended.out.find('\x1B'), std::string::npos);
  EXPECT_EQ(lines[8].find("7 events; history up to position 7"), 0U) << lines[8];
}

TEST_F(Read, OnATerminalItIsATableThatKeepsToTheScreen) {
  const Ended wide = run_on_terminal({ANNALS_PROGRAM, "read", store_}, 200);
  EXPECT_EQ(wide.exit_code, 0);
  const auto lines = split_lines(wide.out);
  ASSERT_EQ(lines.size(), 9U) << wide.out;
  EXPECT_EQ(lines[0].find("position  recorded at"), 0U) << lines[0];
  EXPECT_NE(lines[2].find(R"({"amount":"10.00 EUR"})"), std::string::npos) << lines[2];

  const auto narrow = split_lines(run_on_terminal({ANNALS_PROGRAM, "read", store_}, 95).out);
  ASSERT_EQ(narrow.size(), 9U);
  EXPECT_NE(narrow[2].find("{\"amount\""), std::string::npos) << narrow[2];
  EXPECT_EQ(narrow[2].find("EUR"), std::string::npos) << narrow[2];
  EXPECT_NE(narrow[2].find("…"), std::string::npos) << narrow[2];
  for (const std::string& line : narrow) {
    const auto columns =
        std::count_if(line.begin(), line.end(), [](char c) { return (c & '\xC0') != '\x80'; });
    EXPECT_LE(columns, 95) << line;
  }
}

TEST_F(Read, OnATerminalJsonCanBeForced) {
  const Ended ended = run_on_terminal({ANNALS_PROGRAM, "read", store_, "--json"}, 80);
  EXPECT_EQ(json_lines(ended.out).size(), 7U);
}

TEST_F(Read, APositionBeyondTheEndIsAnErrorThatNamesIt) {
  const Ended ended = annals({"read", store_, "--as-of-position", "8"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("annals: diverged: "), 0U) << ended.err;
  EXPECT_NE(ended.err.find('8'), std::string::npos) << ended.err;
  EXPECT_EQ(split_lines(ended.err).size(), 1U) << ended.err;
}

TEST_F(Read, AReaderThatHasSeenEnoughEndsItWithoutAComplaint) {
  {
    // More than a pipe holds, so that the program must meet the closed pipe.
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
    for (int i = 0; i < 20; ++i) {
      std::vector<NewEvent> events;
      for (int j = 0; j < 500; ++j) {
        events.push_back({.stream = "big-1", .type = "noted", .data = "{\"n\":1}"});
      }
      append(*store, std::move(events));
    }
  }
  Program program({ANNALS_PROGRAM, "read", store_});
  EXPECT_GE(program.lines(3, std::chrono::seconds(20)).size(), 3U);
  program.close_output();
  const Ended ended = program.wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err, "");
}

TEST_F(Read, AFullDiskIsAnError) {
  // /dev/full fails every write as a full disk does.
  const Ended ended =
      run({"/bin/sh", "-c", std::string(ANNALS_PROGRAM) + " read '" + store_ + "' > /dev/full"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("annals: unavailable: cannot write the output"), 0U) << ended.err;
}

TEST_F(Read, DoesNotChangeAFile) {
  const auto sizes = [&] {
    std::vector<std::pair<std::string, std::uintmax_t>> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store_)) {
      if (entry.is_regular_file()) found.emplace_back(entry.path(), entry.file_size());
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto before = sizes();
  EXPECT_EQ(annals({"read", store_}).exit_code, 0);
  EXPECT_EQ(annals({"stats", store_}).exit_code, 0);
  EXPECT_EQ(annals({"verify", store_}).exit_code, 0);
  EXPECT_EQ(sizes(), before);
}

TEST_F(Read, AVersionWithoutItsStreamIsAWrongCommandLine) {
  for (const char* option : {"--from-version", "--after-version"}) {
    const Ended ended = annals({"read", store_, option, "3"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("give one --stream"), std::string::npos) << ended.err;
  }
}

TEST_F(Read, AFileIsNoFolderOfAStore) {
  const std::string file = store_ + "/MANIFEST";
  for (const char* command : {"read", "stats", "import"}) {
    const Ended ended = annals({command, file});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("expects the store's folder, and " + file + " is a file"),
              std::string::npos)
        << ended.err;
  }
}

}  // namespace
}  // namespace annals::test
