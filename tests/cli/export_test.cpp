// `annals export` and `annals import`, run as a user would, and the parser of their lines.

#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/seed.hpp>

#include "export_format.hpp"
#include "sample_store.hpp"

namespace annals::test {
namespace {

class Export : public testing::Test {
 protected:
  void SetUp() override {
    make_sample_store(store_);
    const Ended ended = annals({"export", store_, "--output", file_});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }
  nlohmann::json stats(const std::string& folder) {
    return json_lines(annals({"stats", folder}).out).at(0);
  }
  std::vector<nlohmann::json> events(const std::string& folder) {
    return json_lines(annals({"read", folder}).out);
  }
  std::vector<std::string> lines() {
    std::ifstream in(file_);
    return split_lines(std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  std::string written(const std::vector<std::string>& lines) {
    const std::string path = folder_.file("changed.jsonl");
    std::ofstream out(path);
    for (const std::string& line : lines) out << line << '\n';
    return path;
  }

  /// Appends so much that neither a pipe nor a buffer holds the export, in appends that batches of
  /// a read do not end with.
  void append_more_than_a_pipe_holds() {
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
    const NewEvent noted{.stream = "big-1", .type = "noted", .data = std::string(300, 'x')};
    for (int i = 0; i < 300; ++i) append(*store, std::vector<NewEvent>(10, noted));
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
  std::string other_ = folder_.file("other");
  std::string file_ = folder_.file("history.jsonl");
};

TEST_F(Export, IsAHeaderALineForEachAppendAndAnEnd) {
  const Ended ended = annals({"export", store_});
  const auto values = json_lines(ended.out);
  ASSERT_EQ(values.size(), 7U);
  EXPECT_EQ(values[0]["annals_export"], 1);
  EXPECT_EQ(values[0]["store"], stats(store_)["store"]);
  EXPECT_EQ(values[0]["link"], stats(store_)["link"]);
  EXPECT_EQ(values[1]["events"][1]["data"], "{ \"amount\" :\n  \"10.00 EUR\" }") << "every blank";
  EXPECT_EQ(values[3]["events"][0]["data_base64"], "AP8b");
  EXPECT_FALSE(values[2]["events"][0].contains("id")) << "it is derived";
  EXPECT_EQ(values[6], (nlohmann::json{{"end", true}, {"appends", 5}, {"events", 7}}));
  EXPECT_EQ(annals({"export", store_, "-o", file_}).exit_code, 1) << "a file that exists";
}

TEST_F(Export, NeverWritesOverAFile) {
  const auto before = lines();
  const Ended ended = annals({"export", store_, "--output", file_, "--to", "2"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find(file_), std::string::npos) << ended.err;
  EXPECT_EQ(lines(), before);
}

TEST_F(Export, AReaderThatHasSeenEnoughEndsItWithoutAComplaint) {
  append_more_than_a_pipe_holds();
  Program program({ANNALS_PROGRAM, "export", store_});
  EXPECT_GE(program.lines(3, std::chrono::seconds(20)).size(), 3U);
  program.close_output();
  const Ended ended = program.wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err, "");
}

TEST_F(Export, OutputThatIsCutOffIsSaidToBeSoWhateverAppendItStoppedIn) {
  append_more_than_a_pipe_holds();
  const std::string export_it = std::string(ANNALS_PROGRAM) + " export '" + store_ + "'";
  // /dev/full fails every write as a full disk does.
  const Ended full = run({"/bin/sh", "-c", export_it + " > /dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_EQ(full.err, "annals: unavailable: cannot write the output: No space left on device\n");
  // A file that may not grow any more fails as well.
  const Ended large = run({"/bin/sh", "-c",
                           "trap '' XFSZ; ulimit -f 100; exec " + export_it + " --output '" +
                               folder_.file("large.jsonl") + "'"});
  EXPECT_EQ(large.exit_code, 1);
  EXPECT_EQ(large.err, "annals: unavailable: cannot write the output: File too large\n");
}

TEST_F(Export, ExactImportGivesTheSameStoreInANewEra) {
  const Ended ended = annals({"import", other_, file_, "--exact"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(stats(other_)["store"], stats(store_)["store"]);
  EXPECT_EQ(stats(other_)["link"], stats(store_)["link"]);
  EXPECT_EQ(stats(other_)["eras"].back(), (nlohmann::json{{"era", 2}, {"begins_after", 7}}));
  EXPECT_EQ(events(other_), events(store_));
  EXPECT_EQ(annals({"verify", other_, "--expect", "7:" + stats(store_)["link"].get<std::string>()})
                .exit_code,
            0);
  const auto again = json_lines(annals({"import", other_, file_, "--exact"}).out);
  EXPECT_EQ(again.at(0)["appends"], 0);
  EXPECT_EQ(annals({"import", store_, file_, "--exact"}).exit_code, 1) << "a store of its own";
}

TEST_F(Export, ExactImportIntoAStoreOfTheSameIdIsToldThatTheErasDiffer) {
  const Ended ended = annals({"import", store_, file_, "--exact"});
  EXPECT_EQ(ended.exit_code, 1);
  const std::string id = stats(store_)["store"];
  EXPECT_NE(ended.err.find("is the same store (" + id +
                           ") with other eras (1 after 0) than those asked for (1 after 0, 2 after "
                           "7): an exact import makes a store of its own, in a new folder"),
            std::string::npos)
      << ended.err;
}

TEST_F(Export, ExactImportThatWasCutShortGoesOnAndIsNoStoreUntilThen) {
  auto some = lines();
  some.resize(4);
  const Ended cut = annals({"import", other_, written(some), "--exact"});
  EXPECT_EQ(cut.exit_code, 1);
  EXPECT_NE(cut.err.find("cut short"), std::string::npos) << cut.err;
  EXPECT_NE(annals({"read", other_}).err.find("exact import"), std::string::npos);
  const Ended rest = annals({"import", other_, file_, "--exact"});
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(json_lines(rest.out).at(0)["repeated"], 3);
  EXPECT_EQ(stats(other_)["link"], stats(store_)["link"]);
}

TEST_F(Export, ExactImportFailsAtTheFirstLinkThatDiffersAndNamesLineAndPosition) {
  auto changed = lines();
  changed[2].replace(changed[2].find("5.00 EUR"), 8, "9.00 EUR");
  const Ended ended = annals({"import", other_, written(changed), "--exact"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("line 3: positions 3 to 4: the link comes out as"), std::string::npos)
      << ended.err;
  EXPECT_NE(ended.err.find("goes on from here"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("backup"), std::string::npos) << "the store is whole: " << ended.err;
  ASSERT_EQ(annals({"import", other_, file_, "--exact"}).exit_code, 0);
  EXPECT_EQ(stats(other_)["link"], stats(store_)["link"]);
}

TEST_F(Export, AnAppendThatLacksAnEventIsNotImported) {
  auto cut = lines();
  nlohmann::json second = nlohmann::json::parse(cut[2]);
  second["events"].erase(1);
  cut[2] = second.dump();
  const Ended ended = annals({"import", other_, written(cut)});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("line 3: expected all 2 events of the append, not 1"), std::string::npos)
      << ended.err;
}

TEST_F(Export, AnEmptyFileIsNoExportAndAByteOrderMarkDoesNoHarm) {
  const Ended empty = annals({"import", other_, written({})});
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_NE(empty.err.find("nothing was read"), std::string::npos) << empty.err;
  auto marked = lines();
  marked[0] = "\xEF\xBB\xBF" + marked[0];
  EXPECT_EQ(annals({"import", other_, written(marked)}).exit_code, 0);
}

TEST_F(Export, ImportIsANewHistoryThatKeepsWhereItCameFrom) {
  const Ended ended = annals({"import", other_, file_});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(stats(other_)["store"], stats(store_)["store"]);
  const auto before = events(store_);
  const auto after = events(other_);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    for (const char* same :
         {"id", "stream", "version", "type", "data", "known_at", "effective_at"}) {
      EXPECT_EQ(after[i].value(same, nlohmann::json()), before[i].value(same, nlohmann::json()))
          << same;
    }
    EXPECT_GT(after[i]["recorded_at"], before[i]["recorded_at"]);
  }
  const auto exported = json_lines(annals({"export", other_}).out);
  EXPECT_EQ(exported[2]["events"][0]["origin"],
            (nlohmann::json{{"store", stats(store_)["store"]}, {"position", 3}}));
  const auto again = json_lines(annals({"import", other_, file_}).out);
  EXPECT_EQ(again.at(0)["appends"], 0);
  EXPECT_EQ(again.at(0)["repeated"], 5);
  EXPECT_EQ(events(other_).size(), before.size());
  EXPECT_EQ(annals({"import", store_, file_}).exit_code, 1) << "its own export";
}

TEST_F(Export, ImportIntoStreamsThatHoldSomethingElseWantsMerge) {
  {
    const auto store = open_for_writing(other_, *parse_timestamp("2024-03-01T12:00:00Z"));
    append(*store, {{.stream = "account-1", .type = "t", .data = "{}"}});
  }
  const Ended refused = annals({"import", other_, file_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("line 2"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--merge"), std::string::npos) << refused.err;
  EXPECT_EQ(annals({"import", other_, file_, "--merge"}).exit_code, 0);
  EXPECT_EQ(events(other_).size(), 8U);
}

TEST_F(Export, APartCanBeExportedButNotImportedExactly) {
  for (const std::vector<std::string>& part : {std::vector<std::string>{"--stream", "account-1"},
                                               std::vector<std::string>{"--from", "4"}}) {
    std::vector<std::string> words{"export", store_};
    words.insert(words.end(), part.begin(), part.end());
    const Ended exported = annals(words);
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    const std::string path = written(split_lines(exported.out));
    const Ended exact = annals({"import", other_, path, "--exact"});
    EXPECT_NE(exact.err.find("whole export"), std::string::npos) << exact.err;
  }
  const Ended one = annals({"export", store_, "--stream", "account-1"});
  ASSERT_EQ(annals({"import", other_, written(split_lines(one.out))}).exit_code, 0);
  EXPECT_EQ(events(other_).size(), 3U);
}

TEST_F(Export, IntoTheStoreIsRefusedWhateverThePathLooksLike) {
  std::filesystem::create_directory_symlink(store_, folder_.file("link"));
  for (const std::string& to : {store_ + "/x.jsonl", store_ + "/../store/x.jsonl",
                                folder_.file("link/x.jsonl"), folder_.file("link/../store/x")}) {
    const Ended ended = annals({"export", store_, "-o", to});
    EXPECT_EQ(ended.exit_code, 1) << to;
    EXPECT_NE(ended.err.find("lies inside"), std::string::npos) << ended.err;
    EXPECT_FALSE(std::filesystem::exists(to)) << to;
  }
}

TEST_F(Export, TwoPartsThatShareAnAppendAreImportedByOneExportOfBoth) {
  {
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
    const auto receipt = store->append(
        {.events = {{.stream = "a", .type = "t", .data = "{}"},
                    {.stream = "b", .type = "t", .data = "{}"}},
         .checks = {{"a", ExpectedVersion::no_stream()}, {"b", ExpectedVersion::no_stream()}}});
    ASSERT_TRUE(receipt) << to_string(receipt.error());
  }
  const std::string a = folder_.file("a.jsonl");
  const std::string b = folder_.file("b.jsonl");
  const std::string both = folder_.file("both.jsonl");
  ASSERT_EQ(annals({"export", store_, "--stream", "a", "-o", a}).exit_code, 0);
  ASSERT_EQ(annals({"export", store_, "--stream", "b", "-o", b}).exit_code, 0);
  ASSERT_EQ(annals({"export", store_, "--stream", "a", "--stream", "b", "-o", both}).exit_code, 0);
  ASSERT_EQ(annals({"import", other_, a}).exit_code, 0);
  EXPECT_EQ(annals({"import", other_, a}).exit_code, 0) << "the same again";
  const Ended refused = annals({"import", other_, b});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("with one query, such as --stream a --stream b"), std::string::npos)
      << refused.err;
  const std::string fresh = folder_.file("fresh");
  EXPECT_EQ(annals({"import", fresh, both}).exit_code, 0) << "what the message says to do";
  EXPECT_EQ(events(fresh).size(), 2U);
}

TEST_F(Export, EventsKnownAheadOfTheClockAreImportedWithMoreClockSkew) {
  auto changed = lines();
  const std::string given = "2024-02-28T00:00:00";
  const std::size_t at = changed[1].find(given);
  ASSERT_NE(at, std::string::npos) << changed[1];
  // A day ahead, of whatever day it is.
  const std::string ahead = to_string(system_clock()->now() + std::chrono::hours(24));
  changed[1].replace(at, given.size(), ahead.substr(0, given.size()));
  const std::string file = written(changed);
  const Ended refused = annals({"import", other_, file});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("--max-clock-skew SECONDS"), std::string::npos) << refused.err;
  const Ended taken = annals({"import", other_, file, "--max-clock-skew", "90000"});
  EXPECT_EQ(taken.exit_code, 0) << taken.err;
  EXPECT_EQ(events(other_).size(), 7U);
  EXPECT_EQ(annals({"import", other_, file, "--max-clock-skew", "soon"}).exit_code, 2);
  EXPECT_EQ(annals({"import", other_, file, "--exact", "--max-clock-skew", "5"}).exit_code, 2);
}

TEST_F(Export, RestoreRefusesTheHighestEra) {
  const std::string backup = folder_.file("backup");
  ASSERT_EQ(annals({"backup", store_, backup}).exit_code, 0);
  const Ended refused = annals({"restore", backup, other_, "--era", "4294967295"});
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_NE(refused.err.find("--era"), std::string::npos) << refused.err;
  EXPECT_EQ(annals({"restore", backup, other_, "--era", "4294967294"}).exit_code, 0);
}

TEST_F(Export, ExactImportOfTheHighestEraIsRefused) {
  auto changed = lines();
  const std::size_t at = changed[0].find("\"era\":1");
  ASSERT_NE(at, std::string::npos) << changed[0];
  changed[0].replace(at, 7, "\"era\":4294967295");
  const Ended refused = annals({"import", other_, written(changed), "--exact"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("highest era"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(other_));
}

TEST_F(Export, AMalformedLineIsNamedWithWhatWasExpectedAndARerunGoesOn) {
  auto changed = lines();
  const auto good = changed[3];
  const std::pair<std::string, std::string> cases[] = {
      {"{", "line 4"},
      {"[]", "line 4: expected an object"},
      {"{}", "line 4: expected a header"},
      {changed[0], "line 4: expected an append or the end"},
      {R"({"end":true,"appends":9,"events":9})", "counts 9 appends, not 2"}};
  for (const auto& [line, complaint] : cases) {
    changed[3] = line;
    const Ended ended = annals({"import", other_, written(changed)});
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_NE(ended.err.find(complaint), std::string::npos) << ended.err;
  }
  EXPECT_EQ(events(other_).size(), 4U) << "the lines before";
  ASSERT_EQ(annals({"import", other_, file_}).exit_code, 0);
  EXPECT_EQ(events(other_).size(), 7U);
  const Ended piped = run({"/bin/sh", "-c",
                           std::string(ANNALS_PROGRAM) + " export '" + store_ + "' | " +
                               ANNALS_PROGRAM + " import '" + folder_.file("piped") + "'"});
  EXPECT_EQ(piped.exit_code, 0) << piped.err;
}

TEST_F(Export, EventsThatAreMissingLinesOutOfOrderAndAnUnknownVersionAreNoticed) {
  const auto refused = [&](const std::vector<std::string>& changed) {
    const Ended ended = annals({"import", other_, written(changed)});
    EXPECT_EQ(ended.exit_code, 1);
    return ended.err;
  };
  auto changed = lines();
  changed.back() = R"({"end":true,"appends":5,"events":8})";
  EXPECT_NE(refused(changed).find("the end counts 8 events, not 7"), std::string::npos);
  changed = lines();
  std::swap(changed[2], changed[3]);
  EXPECT_NE(refused(changed).find("line 4: the append begins at position"), std::string::npos);
  changed = lines();
  changed[0].replace(changed[0].find(R"("annals_export":1)"), 17, R"("annals_export":0)");
  EXPECT_NE(refused(changed).find("annals_export: version 0"), std::string::npos);
}

TEST_F(Export, WhatCannotBeReadIsNamedWithTheReason) {
  const Ended folder = annals({"import", other_, "/"});
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_EQ(folder.err, "annals: unavailable: cannot read /: Is a directory\n");
  const Ended input =
      run({"/bin/sh", "-c", std::string(ANNALS_PROGRAM) + " import '" + other_ + "' < /"});
  EXPECT_EQ(input.exit_code, 1);
  EXPECT_EQ(input.err, "annals: unavailable: cannot read standard input: Is a directory\n");
  EXPECT_FALSE(std::filesystem::exists(other_));
}

TEST_F(Export, BackupAndRestoreSayWhatTheyHold) {
  const std::string backup = folder_.file("backup");
  const Ended made = annals({"backup", store_, backup});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(json_lines(made.out).at(0)["link"], stats(store_)["link"]);
  EXPECT_EQ(json_lines(made.out).at(0)["verified"], true);
  const Ended again = annals({"backup", store_, backup});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.err.find("not empty"), std::string::npos) << again.err;
  const Ended restored = annals({"restore", backup, other_, "--era", "5"});
  ASSERT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_EQ(json_lines(restored.out).at(0)["era"], 5);
  EXPECT_EQ(events(other_), events(store_));
  const Ended front = annals({"restore", backup, folder_.file("front"), "--to", "4"});
  ASSERT_EQ(front.exit_code, 0) << front.err;
  EXPECT_EQ(json_lines(front.out).at(0)["position"], 4);
  EXPECT_EQ(annals({"restore", backup, folder_.file("none"), "--to", "8"}).exit_code, 1);
  EXPECT_EQ(annals({"restore", backup, folder_.file("none"), "--to", "0"}).exit_code, 2);
  EXPECT_EQ(annals({"backup", folder_.file("missing"), folder_.file("x")}).exit_code, 1);
  EXPECT_EQ(annals({"backup", store_}).exit_code, 2);
}

TEST_F(Export, CompressSaysHowMuchSmallerItIsAndEventsStayTheSame) {
  const auto before = events(store_);
  {
    LogOptions options;
    options.path = store_;
    options.segment_bytes = 64 * 1024;
    const auto store = open_log_event_store(options);
    ASSERT_TRUE(store) << to_string(store.error());
    const Ended refused = annals({"compress", store_});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.err.find("LOCK"), std::string::npos) << refused.err;
  }
  const Ended none = annals({"compress", store_});
  ASSERT_EQ(none.exit_code, 0) << none.err;
  EXPECT_EQ(json_lines(none.out).at(0)["segments"], 0);
  const std::string imported = folder_.file("imported");
  const Ended ended = annals({"import", imported, file_, "--compress"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(json_lines(ended.out).at(1)["complete"], true);
  EXPECT_EQ(events(store_), before);
  const Ended table = annals({"compress", store_, "--table"});
  EXPECT_NE(table.out.find("ratio"), std::string::npos) << table.out;
  EXPECT_EQ(annals({"compress", folder_.file("missing")}).exit_code, 1);
}

// What a complete segment is packed into is the log itself, and never to be moved away.
TEST_F(Export, ADamagedPackedSegmentIsToBeRestored) {
  const std::string large = folder_.file("large");
  LogOptions options;
  options.path = large;
  options.segment_bytes = 64 * 1024;
  {
    const auto store = open_log_event_store(options);
    ASSERT_TRUE(store) << to_string(store.error());
    for (int i = 0; i < 400; ++i) {
      ASSERT_TRUE((*store)->append(
          {.events = {{.stream = "account-1", .type = "noted", .data = std::string(500, 'x')}},
           .checks = {{"account-1", ExpectedVersion::any()}}}));
    }
  }
  ASSERT_EQ(annals({"compress", large}).exit_code, 0);
  const std::string packed = large + "/segment-00000001.packed";
  std::filesystem::resize_file(packed, std::filesystem::file_size(packed) - 1);
  for (const char* command : {"read", "verify", "export"}) {
    const Ended ended = annals({command, large});
    EXPECT_NE(ended.exit_code, 0) << command;
    EXPECT_NE((ended.err + ended.out).find(".packed"), std::string::npos) << ended.err;
    EXPECT_EQ(ended.err.find("move it away"), std::string::npos) << ended.err;
  }
  EXPECT_NE(annals({"read", large}).err.find("restore it from a backup"), std::string::npos);
}

// Valid lines with random bytes changed, cut out, doubled and swapped between lines.
TEST_F(Export, NoLineBreaksTheParser) {
  std::mt19937_64 random(testkit::seed(1));
  const auto valid = lines();
  for (const std::string& line : valid) ASSERT_TRUE(cli::parse_export_line(line)) << line;
  const auto pick = [&](std::size_t below) { return below == 0 ? 0 : random() % below; };
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line = valid[pick(valid.size())];
    for (std::size_t changes = 1 + pick(3); changes > 0 && !line.empty(); --changes) {
      const std::size_t at = pick(line.size());
      const std::string& other = valid[pick(valid.size())];
      switch (pick(5)) {
        case 0: line[at] = static_cast<char>(random()); break;
        case 1: line.erase(at, 1 + pick(20)); break;
        case 2: line.insert(at, other.substr(pick(other.size()), pick(40))); break;
        case 3: line[at] = "0123456789{}[]\",:\\-"[pick(19)]; break;
        default: line.insert(at, line.substr(at, pick(60))); break;
      }
    }
    const auto parsed = cli::parse_export_line(line);
    accepted += parsed.has_value() ? 1 : 0;
    if (parsed) continue;
    EXPECT_TRUE(parsed.error().code == ErrorCode::invalid_argument ||
                parsed.error().code == ErrorCode::unsupported)
        << to_string(parsed.error());
    EXPECT_FALSE(parsed.error().message.empty());
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace annals::test
