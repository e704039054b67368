// What the fuzzers begin with, put through the same functions in every build: each file of the
// corpus is handled without harm. clang's fuzzer starts from the same folders.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

TEST(Corpus, EachFileIsHandledWithoutHarm) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ANNALS_CORPUS)) {
    SCOPED_TRACE(entry.path());
    std::ifstream in(entry.path(), std::ios::binary);
    ASSERT_TRUE(in);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    // A copy of its own size, so that a sanitizer sees one byte too far.
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
    ++files;
  }
  EXPECT_GE(files, 10) << ANNALS_CORPUS;
}

}  // namespace
