// `annals verify`: what it says and the exit codes that scripts rely on.

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>

#include "fuzz/checksums.hpp"
#include "sample_store.hpp"

namespace annals::test {
namespace {

class Verify : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  /// Flips one bit of an event's stored data, wherever in the store's files it lies.
  void flip_bit_of(const std::string& data) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), {});
      const std::size_t at = bytes.find(data);
      if (at == std::string::npos) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(bytes[at] ^ 1));
      return;
    }
    FAIL() << "no file of the store holds " << data;
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(Verify, AWholeStoreIs0WithAPositionAndALinkToWriteDown) {
  const Ended ended = annals({"verify", store_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["outcome"], "whole");
  EXPECT_EQ(lines[0]["events"], 7);
  EXPECT_EQ(lines[0]["appends"], 5);
  EXPECT_EQ(lines[0]["position"], 7);
  EXPECT_EQ(lines[0]["link"], json_lines(annals({"stats", store_}).out)[0]["link"]);
  EXPECT_EQ(lines[0]["expect"], "7:" + lines[0]["link"].get<std::string>());

  const Ended table = annals({"verify", store_, "--table"});
  EXPECT_EQ(table.exit_code, 0);
  EXPECT_NE(table.out.find("outcome   whole\n"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("--expect 7:" + lines[0]["link"].get<std::string>()), std::string::npos)
      << table.out;
}

TEST_F(Verify, WhatWasWrittenDownHoldsAfterMoreWasAppended) {
  const std::string expect = json_lines(annals({"verify", store_}).out)[0]["expect"];
  {
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
    append(*store, {{.stream = "account-3", .type = "account_opened", .data = "{}"}});
  }
  const Ended ended = annals({"verify", store_, "--expect", expect});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["position"], 8);
}

TEST_F(Verify, ARewrittenHistoryIs1) {
  // The same events in another store: whole in itself, but with other links.
  const std::string other = folder_.file("other");
  make_sample_store(other);
  const std::string expect = json_lines(annals({"verify", other}).out)[0]["expect"];
  const Ended ended = annals({"verify", store_, "--expect", expect});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["outcome"], "changed");
}

TEST_F(Verify, AFlippedBitIs1AndThePlaceIsNamed) {
  flip_bit_of("Grace");
  const Ended ended = annals({"verify", store_});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["outcome"], "changed");
  EXPECT_EQ(lines[0]["position"], 2) << "the append before the bad one is good";
  EXPECT_EQ(lines[0]["first_bad"]["first_position"], 3);
  EXPECT_NE(lines[0]["first_bad"]["file"].get<std::string>().find(store_), std::string::npos);
  EXPECT_GT(lines[0]["first_bad"]["offset"], 0);

  const Ended table = annals({"verify", store_, "--table"});
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_NE(table.out.find("outcome    changed\n"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find(", offset "), std::string::npos) << table.out;
}

TEST_F(Verify, AnIndexThatHidesEventsIs1AndNamedWithWhatToDo) {
  const std::string large = folder_.file("large");
  StoreId id;
  {
    const auto store = open_for_writing(large, *parse_timestamp("2024-03-01T12:00:00Z"));
    id = store->stats().store;
    const std::string data = '"' + std::string(20'000, 'x') + '"';
    for (int i = 0; i < 8; ++i) append(*store, {{.stream = "blob", .type = "noted", .data = data}});
  }
  const std::string whole = annals({"verify", large}).out;
  const std::string index = large + "/segment-00000001.index";
  std::ifstream in(index, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::size_t key = bytes.find(
      "\x01\x04"
      "blob");
  ASSERT_NE(key, std::string::npos);
  bytes[key + 5] = 'c';
  fuzz::sum_index(bytes, id, 1);
  std::ofstream(index, std::ios::binary) << bytes;

  const Ended ended = annals({"verify", large});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  const auto line = json_lines(ended.out).at(0);
  EXPECT_EQ(line["outcome"], "changed");
  EXPECT_EQ(line["wrong_indexes"], nlohmann::json::array({index}));
  EXPECT_EQ(line["expect"], json_lines(whole).at(0)["expect"]) << "the log is whole";
  EXPECT_NE(annals({"verify", large, "--table"}).out.find("wrong index"), std::string::npos);

  std::filesystem::remove(index);
  EXPECT_EQ(annals({"verify", large}).out, whole) << "what the report says to do";
}

TEST_F(Verify, OtherCommandsRefuseADamagedStoreWithPlaceAndRemedy) {
  flip_bit_of("Grace");
  const Ended ended = annals({"read", store_});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("annals: corrupt: "), 0U) << ended.err;
  EXPECT_NE(ended.err.find(store_ + "/segment-"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(" at byte "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("annals verify"), std::string::npos) << ended.err;
}

TEST_F(Verify, HistoryThatEndsBeforeWhatWasWrittenDownIs2) {
  const std::string link(64, 'a');
  const Ended ended = annals({"verify", store_, "--expect", "8:" + link});
  EXPECT_EQ(ended.exit_code, 2) << ended.out << ended.err;
  const auto line = json_lines(ended.out).at(0);
  EXPECT_EQ(line["outcome"], "incomplete");
  EXPECT_EQ(line["first_bad"]["what"], "the log ends at position 7, before the expected one");
  EXPECT_EQ(line["first_bad"]["last_position"], 8);
}

TEST_F(Verify, TheLinkOfTheEmptyLogTellsOneStoreFromAnother) {
  const std::string first = to_string(first_link(*parse_id<StoreIdTag>(
      json_lines(annals({"stats", store_}).out)[0]["store"].get<std::string>())));
  EXPECT_EQ(annals({"verify", store_, "--expect", "0:" + first}).exit_code, 0);
  EXPECT_EQ(annals({"verify", store_, "--expect", "0:" + std::string(64, 'a')}).exit_code, 1);
}

TEST_F(Verify, PrintsNoLinkToWriteDownIfNothingWasProved) {
  std::ofstream(store_ + "/MANIFEST") << "damaged";
  Ended ended = annals({"verify", store_});
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
  auto line = json_lines(ended.out).at(0);
  EXPECT_EQ(line["outcome"], "changed");
  EXPECT_FALSE(line.contains("expect")) << ended.out;
  EXPECT_FALSE(line.contains("link"));
  EXPECT_EQ(annals({"verify", store_, "--table"}).out.find("link"), std::string::npos);

  const std::string beyond = folder_.file("beyond");
  make_sample_store(beyond);
  ended = annals({"verify", beyond, "--from", "8"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_FALSE(json_lines(ended.out).at(0).contains("expect")) << ended.out;
}

TEST_F(Verify, WhatIsPrintedOfADamagedStoreHoldsOfAWholeOne) {
  const std::string whole = folder_.file("whole");
  std::filesystem::copy(store_, whole, std::filesystem::copy_options::recursive);
  for (const std::string bad : {"Grace", "Ada"}) {
    flip_bit_of(bad);
    const auto line = json_lines(annals({"verify", store_}).out).at(0);
    ASSERT_TRUE(line.contains("expect"));
    EXPECT_EQ(annals({"verify", whole, "--expect", line["expect"]}).exit_code, 0) << line;
  }
}

TEST_F(Verify, WhatEndsBeforeTheRangeAskedForSaysSo) {
  const Ended to = annals({"verify", store_, "--to", "9"});
  EXPECT_EQ(to.exit_code, 2);
  EXPECT_EQ(json_lines(to.out).at(0)["first_bad"]["what"],
            "the log ends at position 7, before position 9");
  const Ended from = annals({"verify", store_, "--from", "9"});
  EXPECT_EQ(from.exit_code, 2);
  EXPECT_EQ(json_lines(from.out).at(0)["first_bad"]["what"], "the log ends, before position 9");
}

TEST_F(Verify, WithoutItsMarkTheStoreIsNotSaidToHoldWhatWasNeverDurable) {
  std::filesystem::remove(store_ + "/mark");
  EXPECT_EQ(json_lines(annals({"stats", store_}).out).at(0)["mark_lost"], true);
  const Ended table = annals({"stats", store_, "--table"});
  EXPECT_NE(table.out.find("lost: whether events are missing"), std::string::npos) << table.out;
  EXPECT_EQ(table.out.find("unsettled"), std::string::npos) << table.out;
}

TEST_F(Verify, WithoutItsMarkTheStoreIsProvedAndIs2UntilItIsRecovered) {
  const auto before = json_lines(annals({"verify", store_}).out).at(0);
  std::filesystem::remove(store_ + "/mark");
  const Ended ended = annals({"verify", store_});
  EXPECT_EQ(ended.exit_code, 2) << ended.out << ended.err;
  const auto line = json_lines(ended.out).at(0);
  EXPECT_EQ(line["outcome"], "incomplete");
  EXPECT_EQ(line["events"], 7);
  EXPECT_EQ(line["expect"], before["expect"]);
  EXPECT_EQ(line["first_bad"]["file"], store_ + "/mark");

  const Ended refused = annals({"recover", store_});
  EXPECT_EQ(refused.exit_code, 1) << refused.out;
  EXPECT_NE(refused.err.find("annals recover --accept-lost-mark"), std::string::npos)
      << refused.err;
  EXPECT_FALSE(std::filesystem::exists(store_ + "/mark"));

  const Ended recovered = annals({"recover", store_, "--accept-lost-mark"});
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  EXPECT_NE(recovered.err.find("warning: the mark was lost"), std::string::npos) << recovered.err;
  EXPECT_NE(recovered.err.find("up to position 7"), std::string::npos) << recovered.err;
  const auto told = json_lines(recovered.out).at(0);
  EXPECT_EQ(told["mark_was_lost"], true);
  EXPECT_EQ(told["link"], before["link"]);
  EXPECT_EQ(annals({"verify", store_}).exit_code, 0);
}

TEST_F(Verify, RecoverOfAStoreThatLacksNothingChangesNoEventAndWarnsOfNothing) {
  const auto before = json_lines(annals({"verify", store_}).out).at(0);
  const Ended ended = annals({"recover", store_, "--accept-lost-mark"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(json_lines(ended.out).at(0)["mark_was_lost"], false);
  EXPECT_EQ(json_lines(annals({"verify", store_}).out).at(0), before);
  EXPECT_NE(annals({"recover", store_, "--table"}).out.find("was there"), std::string::npos);
  EXPECT_EQ(annals({"recover", folder_.file("missing")}).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("missing")));
  EXPECT_EQ(annals({"recover", "postgres://nobody@localhost/none"}).exit_code, 1);
}

TEST_F(Verify, RecoverDoesNotTakeDamageForALostMark) {
  std::ofstream(store_ + "/MANIFEST") << "damaged";
  const Ended ended = annals({"recover", store_, "--accept-lost-mark"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("warning"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("MANIFEST"), std::string::npos) << ended.err;
}

TEST_F(Verify, ARangeThatGoesBeyondTheEndIs2) {
  EXPECT_EQ(annals({"verify", store_, "--to", "8"}).exit_code, 2);
  EXPECT_EQ(annals({"verify", store_, "--from", "8"}).exit_code, 2);
}

TEST_F(Verify, ARangeCanBeChecked) {
  const Ended ended = annals({"verify", store_, "--from", "3", "--to", "5"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(json_lines(ended.out)[0]["events"], 3);
  EXPECT_EQ(json_lines(ended.out)[0]["position"], 5);
}

TEST_F(Verify, WhatCannotRunIs3) {
  EXPECT_EQ(annals({"verify", folder_.file("missing")}).exit_code, 3);
  EXPECT_EQ(annals({"verify"}).exit_code, 3);
  EXPECT_EQ(annals({"verify", store_, "--frobnicate"}).exit_code, 3);
  const Ended wrong = annals({"verify", store_, "--expect", "7"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_NE(wrong.err.find("POSITION:LINK"), std::string::npos) << wrong.err;
  EXPECT_EQ(annals({"verify", store_, "--expect", "x:" + std::string(64, 'a')}).exit_code, 3);
  EXPECT_EQ(annals({"verify", store_, "--from", "5", "--to", "4"}).exit_code, 3);
  const std::string link(64, 'a');
  EXPECT_EQ(annals({"verify", store_, "--from", "3", "--expect", "2:" + link}).exit_code, 3);
  EXPECT_EQ(annals({"verify", store_, "--to", "3", "--expect", "4:" + link}).exit_code, 3);
  const Ended full =
      run({"/bin/sh", "-c", std::string(ANNALS_PROGRAM) + " verify '" + store_ + "' > /dev/full"});
  EXPECT_EQ(full.exit_code, 3);
}

TEST_F(Verify, ProgressGoesToStandardErrorAndOnlyWhenAskedWithoutATerminal) {
  EXPECT_EQ(annals({"verify", store_}).err, "");
  const Ended ended = annals({"verify", store_, "--progress"});
  EXPECT_NE(ended.err.find("verifying positions 7 of 7 (100%)"), std::string::npos) << ended.err;
  EXPECT_EQ(json_lines(ended.out).size(), 1U);
}

}  // namespace
}  // namespace annals::test
