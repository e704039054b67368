#include "transcript.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "child_process.hpp"

namespace bank {

const std::string transcript_file =
    std::string(ANNALS_SOURCE_DIR) + "/samples/bank/tests/transcript.txt";

namespace {

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
std::string run(const std::string& line, const TranscriptPlaces& places) {
  std::vector<std::string> words = words_of(line);
  words.front() = BANK_PROGRAM;
  const bool admin = words.size() > 1 && words[1] == "admin";
  const bool projections = admin && words.size() > 2 && words[2] == "projections";
  for (std::string& word : words) {
    if (word.rfind("SOURCE", 0) == 0) word.replace(0, 6, ANNALS_SOURCE_DIR);
    if (word == "DATA") word = places.admins_store.empty() ? places.data : places.admins_store;
  }
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  if (words.size() > 1 && !admin) {
    add({"--data", places.data});
    add(places.options);
  }
  if (projections) add(places.admins_tables);
  ChildProcess bank(words, true);
  const int code = bank.wait();
  std::string shown = "$ " + line + '\n' + settled(bank.output(), places.data);
  std::istringstream errors(settled(bank.errors(), places.data));
  for (std::string text; std::getline(errors, text);) shown += "! " + text + '\n';
  if (code != 0) shown += "[exit code " + std::to_string(code) + "]\n";
  return shown + '\n';
}

}  // namespace

std::string read_transcript() {
  std::ifstream in(transcript_file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string run_transcript(const std::string& transcript, const TranscriptPlaces& places) {
  std::string actual;
  std::istringstream lines(transcript);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) actual += line + '\n';
    if (line.rfind("$ ", 0) == 0) actual += run(line.substr(2), places);
  }
  return actual;
}

}  // namespace bank
