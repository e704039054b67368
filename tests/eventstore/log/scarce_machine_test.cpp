// What a machine may not have, or have in another shape: descriptors, threads, room, a name.

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "crash/passing_file_system.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace annals {
namespace {

namespace fs = std::filesystem;
using testkit::append_of;
using testkit::event_on;

class ScarceMachine : public testing::Test {
 protected:
  static Result<std::unique_ptr<EventStore>> open(
      const std::string& path, LogOptions::Access access = LogOptions::Access::create,
      std::shared_ptr<FileSystem> files = posix_file_system()) {
    return open_log_event_store(
        {.path = path, .access = access, .segment_bytes = 64 * 1024, .files = std::move(files)});
  }
  /// Seven of them make a segment complete.
  static AppendRequest large() {
    return append_of({event_on("a-1", "happened", "\"" + std::string(8'000, 'x') + "\"")});
  }
  static void append(EventStore& store, int appends) {
    for (int i = 0; i < appends; ++i) ASSERT_TRUE(store.append(large()));
  }
  static std::ptrdiff_t descriptors() {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  }

  testkit::TemporaryFolder folder_;
  const std::string path_ = folder_.file("store");
};

TEST_F(ScarceMachine, CompleteSegmentsHoldNoDescriptors) {
  const auto before = descriptors();
  auto writer = *open(path_);
  append(*writer, 150);
  ASSERT_GT(writer->stats().segments, 20U);
  const auto reader = *open(path_, LogOptions::Access::read_only);
  EXPECT_LT(descriptors() - before, 15);
  append(*writer, 150);
  EXPECT_EQ(read_all(*reader, {})->size(), 300U);
  EXPECT_LT(descriptors() - before, 15);
  writer.reset();
  writer = *open(path_);
  EXPECT_LT(descriptors() - before, 15);
}

TEST_F(ScarceMachine, APipeInPlaceOfAFileIsRefusedAndNotWaitedFor) {
  append(**open(path_), 3);
  for (const char* name : {"MANIFEST", "mark", "segment-00000001.log"}) {
    fs::rename(path_ + '/' + name, folder_.file("kept"));
    ASSERT_EQ(::mkfifo((path_ + '/' + name).c_str(), 0600), 0);
    for (const auto access : {LogOptions::Access::read_only, LogOptions::Access::create}) {
      const auto store = open(path_, access);
      ASSERT_FALSE(store) << name;
      EXPECT_NE(store.error().message.find("no regular file"), std::string::npos)
          << store.error().message;
    }
    fs::rename(folder_.file("kept"), path_ + '/' + name);
  }
  EXPECT_EQ((*open(path_))->head().position.value, 3U);
}

TEST_F(ScarceMachine, HolesInACopiedMarkAreFilledBeforeItIsWrittenThroughAMapping) {
  append(**open(path_), 3);
  const std::string mark = path_ + "/mark";
  const auto size = fs::file_size(mark);
  {
    // As `cp --sparse=always` makes it.
    std::ifstream from(mark, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(from), {}};
    std::ofstream to(mark + ".sparse", std::ios::binary);
    for (std::size_t at = 0; at < bytes.size(); at += 4096) {
      const std::string block = bytes.substr(at, 4096);
      if (block.find_first_not_of('\0') == std::string::npos) continue;
      to.seekp(static_cast<std::streamoff>(at));
      to << block;
    }
  }
  fs::resize_file(mark + ".sparse", size);
  fs::rename(mark + ".sparse", mark);
  const auto store = open(path_);
  struct stat info {};
  ASSERT_EQ(::stat(mark.c_str(), &info), 0);
  EXPECT_GE(static_cast<std::uintmax_t>(info.st_blocks) * 512, size);
}

/// In a process that may have no more threads. Returns what `body` does.
int without_threads(const std::string& folder, const std::function<int()>& body) {
  ::chmod(folder.c_str(), 0777);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::getuid() == 0 && ::setuid(65'534) != 0) ::_exit(90);  // Root may have any number.
    const rlimit none{1, 1};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(91);
    ::alarm(60);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + status;
}

TEST_F(ScarceMachine, WithoutAThreadSegmentsAreSealedByWhoeverCompletesThem) {
  const int result = without_threads(folder_.path(), [this] {
    auto store = open(path_);
    if (!store) return 1;
    for (int i = 0; i < 50; ++i) {
      if (!(*store)->append(large())) return 2;
    }
    store->reset();
    store = open(path_);
    return store && (*store)->head().position.value == 50 ? 0 : 3;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ((*open(path_, LogOptions::Access::read_only))->head().position.value, 50U);
}

TEST_F(ScarceMachine, WithoutAThreadAnAsynchronousAppendIsUnavailable) {
  const int result = without_threads(folder_.path(), [this] {
    auto store = open(path_);
    if (!store) return 1;
    std::optional<Result<Receipt>> outcome;
    (*store)->append_async(large(), [&](Result<Receipt> receipt) { outcome = receipt; });
    if (!outcome || *outcome || outcome->error().code != ErrorCode::unavailable) return 2;
    return (*store)->append(large()) ? 0 : 3;
  });
  EXPECT_EQ(result, 0);
}

/// The same machine, by another name: as it looks from a container that hides it.
class Renamed final : public test::PassingFileSystem {
 public:
  std::string boot_id(const std::string&) override { return "another"; }
};

TEST_F(ScarceMachine, AReaderFollowsAWriterThatKnowsTheMachineByAnotherName) {
  const auto writer = *open(path_, LogOptions::Access::create, std::make_shared<Renamed>());
  append(*writer, 10);
  const auto reader = *open(path_, LogOptions::Access::read_only);
  append(*writer, 30);
  const auto events = read_all(*reader, {});
  ASSERT_TRUE(events) << to_string(events.error());
  EXPECT_EQ(events->size(), 40U);
}

TEST_F(ScarceMachine, AFolderOnAnotherDiskIsOfAnotherBoot) {
  const auto files = posix_file_system();
  EXPECT_EQ(files->boot_id(folder_.path()), files->boot_id(folder_.path()));
  EXPECT_NE(files->boot_id("/proc"), files->boot_id(folder_.path()));
  EXPECT_NE(files->boot_id("/nowhere"), "");
}

}  // namespace
}  // namespace annals
