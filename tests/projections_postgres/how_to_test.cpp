// The program of docs/how-to/postgres.md.

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/program.hpp"
#include "postgres/database.hpp"

namespace annals {
namespace {

// What the page says that the program prints.
std::string output_on_the_page() {
  std::ifstream file(ANNALS_SOURCE_DIR "/docs/how-to/postgres.md");
  std::ostringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const std::string mark = "<!-- output of the program above -->\n```text\n";
  const std::size_t begin = text.find(mark);
  if (begin == std::string::npos) return "the page has none";
  return text.substr(begin + mark.size(),
                     text.find("```", begin + mark.size()) - begin - mark.size());
}

TEST(HowToPostgres, ItsProgramPrintsWhatThePageSays) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const auto ended = test::run({DOCS_POSTGRES, database.url()});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(ended.out, output_on_the_page());
}

}  // namespace
}  // namespace annals
