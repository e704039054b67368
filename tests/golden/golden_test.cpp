// The stored format never changes by accident: a store that was written when it was released is
// read, and writing the same again gives the same bytes.
//
// ANNALS_UPDATE_GOLDEN=1 writes the files anew. Only for a format that has not been released: a
// released one stays, and a new one gets a folder of its own beside it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "golden_store.hpp"

namespace annals::golden {
namespace {

const std::filesystem::path folder = ANNALS_SOURCE_DIR "/tests/golden/log-1";
const std::filesystem::path expected_dump = ANNALS_SOURCE_DIR "/tests/golden/log-1.txt";

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const std::filesystem::path& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

/// Name and bytes of each file that today's code writes.
std::map<std::string, std::string> written_today() {
  const auto disk = std::make_shared<testkit::FaultFileSystem>();
  EXPECT_EQ(write_golden_store(disk), "");
  std::map<std::string, std::string> files;
  for (const std::string& path : disk->files()) {
    const std::string name = std::filesystem::path(path).filename();
    // These name the process that wrote, and the file itself.
    if (name != "LOCK" && name != "heads") files[name] = disk->contents(path);
  }
  return files;
}

/// Each slot of the mark says which file it was written to, and has a checksum of that too.
std::string without_file_number(const std::string& name, std::string bytes) {
  if (name != "mark") return bytes;
  for (std::size_t slot = 0; slot < bytes.size(); slot += 4096) {
    bytes.replace(slot + 112, 16, 16, '\0');
  }
  return bytes;
}

bool update() { return std::getenv("ANNALS_UPDATE_GOLDEN") != nullptr; }

TEST(Golden, WritingTheSameGivesTheSameBytes) {
  const auto today = written_today();
  if (update()) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (const auto& [name, bytes] : today) replace(folder / name, bytes);
  }
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    ASSERT_TRUE(today.contains(name)) << name << " is not written any more";
    const std::string golden = without_file_number(name, contents(entry.path()));
    const std::string now = without_file_number(name, today.at(name));
    ASSERT_EQ(golden.size(), now.size()) << name;
    const auto [differs, at] = std::mismatch(golden.begin(), golden.end(), now.begin());
    EXPECT_TRUE(differs == golden.end()) << name << " differs from byte " << at - now.begin();
    ++count;
  }
  EXPECT_EQ(count, today.size());
}

TEST(Golden, AStoreOfTheReleasedFormatReadsAsItWasWritten) {
  auto store = open_log_event_store({.path = folder, .access = LogOptions::Access::read_only});
  ASSERT_TRUE(store) << to_string(store.error());
  const std::string now = dump(**store);
  if (update()) replace(expected_dump, now);
  EXPECT_EQ(now, contents(expected_dump));
  EXPECT_GE((*store)->stats().segments, 2U);

  const auto report = (*store)->verify({});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::whole);
  EXPECT_EQ(report->position, (*store)->head().position);
}

TEST(Golden, AStoreOfTheReleasedFormatCanBeWrittenTo) {
  const testkit::TemporaryFolder copy;
  std::filesystem::copy(folder, copy.file("store"));
  auto store =
      open_log_event_store({.path = copy.file("store"), .access = LogOptions::Access::must_exist});
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ((*store)->stats().torn_bytes_cut, 0U);
  const Head before = (*store)->head();
  const auto receipt = (*store)->append(testkit::append_to("account-1", ExpectedVersion::any()));
  ASSERT_TRUE(receipt) << to_string(receipt.error());
  EXPECT_EQ(receipt->first_position.value, before.position.value + 1);
  const auto report = (*store)->verify({.expected = ExpectedLink{before.position, before.link}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::whole);
}

}  // namespace
}  // namespace annals::golden
