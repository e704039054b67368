// What the program prints, word for word: transcript.txt holds commands, what they print and their
// exit codes. ANNALS_UPDATE_GOLDEN=1 writes it anew; look at the difference before it is committed.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"
#include "test_data.hpp"

namespace bank {
namespace {

const std::string file = std::string(ANNALS_SOURCE_DIR) + "/samples/bank/tests/transcript.txt";

/// Words between blanks; "several words" in quotes.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; (in >> std::ws).peek() != EOF;) {
    if (in.peek() == '"') {
      in.get();
      std::getline(in, word, '"');
    } else {
      in >> word;
    }
    words.push_back(word);
  }
  return words;
}

/// What differs from run to run, by name.
std::string settled(std::string text, const std::string& data) {
  for (std::size_t at = 0; (at = text.find(data, at)) != std::string::npos;) {
    text.replace(at, data.size(), "DATA");
  }
  const std::string source = ANNALS_SOURCE_DIR;
  for (std::size_t at = 0; (at = text.find(source, at)) != std::string::npos;) {
    text.replace(at, source.size(), "SOURCE");
  }
  text = std::regex_replace(text, std::regex("[0-9a-f]{64}"), "LINK");
  text = std::regex_replace(text, std::regex("in [0-9.]+ s\n"), "in SECONDS s\n");
  return std::regex_replace(text, std::regex("in [0-9.]+ s \\([0-9,]+ events/s\\)"),
                            "in SECONDS s (RATE events/s)");
}

/// Runs `line` ("bank …") and returns what the transcript shows of it.
std::string run(const std::string& line, const std::string& data) {
  std::vector<std::string> words = words_of(line);
  words.front() = BANK_PROGRAM;
  for (std::string& word : words) {
    if (word.rfind("SOURCE", 0) == 0) word.replace(0, 6, ANNALS_SOURCE_DIR);
  }
  if (words.size() > 1 && words[1] != "admin") {
    words.push_back("--data");
    words.push_back(data);
  }
  for (std::string& word : words) {
    if (word == "DATA") word = data;
  }
  ChildProcess bank(words, true);
  const int code = bank.wait();
  std::string shown = "$ " + line + '\n' + settled(bank.output(), data);
  std::istringstream errors(settled(bank.errors(), data));
  for (std::string text; std::getline(errors, text);) shown += "! " + text + '\n';
  if (code != 0) shown += "[exit code " + std::to_string(code) + "]\n";
  return shown + '\n';
}

TEST(Transcript, TheProgramPrintsWhatTheTranscriptSays) {
  std::ifstream in(file);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  const annals::testkit::TemporaryFolder folder;
  std::string actual;
  std::istringstream lines(expected);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) actual += line + '\n';
    if (line.rfind("$ ", 0) == 0) actual += run(line.substr(2), folder.file("bank"));
  }
  if (std::getenv("ANNALS_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << actual;
  } else {
    EXPECT_EQ(actual, expected);
  }
  EXPECT_NE(actual.find("$ bank"), std::string::npos) << file << " holds no command";
}

TEST(Transcript, TheDemoDoesWhatItTells) {
  ChildProcess bank({BANK_PROGRAM, "demo"}, true);
  EXPECT_EQ(bank.wait(), 0) << bank.errors();
  for (const char* line : {"rejected: balance is 100.00 EUR, overdraft 50.00 EUR", "repeated",
                           "bob has 40.00 EUR", "verify: whole", "verify: changed"}) {
    EXPECT_NE(bank.output().find(line), std::string::npos) << line << "\n" << bank.output();
  }
}

}  // namespace
}  // namespace bank
