// What the program prints, word for word: transcript.txt holds commands, what they print and their
// exit codes. ANNALS_UPDATE_GOLDEN=1 writes it anew; look at the difference before it is committed.

#include "transcript.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"

namespace bank {
namespace {

TEST(Transcript, TheProgramPrintsWhatTheTranscriptSays) {
  const std::string expected = read_transcript();
  const annals::testkit::TemporaryFolder folder;
  const std::string actual = run_transcript(expected, {.data = folder.file("bank")});
  if (std::getenv("ANNALS_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(transcript_file) << actual;
  } else {
    EXPECT_EQ(actual, expected);
  }
  EXPECT_NE(actual.find("$ bank"), std::string::npos) << transcript_file << " holds no command";
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
