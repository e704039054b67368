// Each revision of a record is a file of its own, "TOPIC.REVISION", that is put there whole by a
// hard link. That fails if the file is there already: compare-and-set without a lock, so that a
// process frozen at any point blocks nobody. The highest revision counts, and only lower ones are
// removed.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <annals/relay/relay_checkpoints.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace annals {

namespace {

namespace fs = std::filesystem;

Error cannot(const std::string& what, const std::string& path) {
  return {ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno)};
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<void> write_synced(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return cannot("cannot write", path);
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(file.get()) != 0) return cannot("cannot sync", path);
  return {};
}

class CheckpointFolder final : public RelayCheckpoints {
 public:
  explicit CheckpointFolder(std::string folder)
      : folder_(std::move(folder)), runner_(make_holder().runner) {}

  std::string name() const override { return "folder " + folder_; }

  Result<std::optional<RelayRecord>> load(std::string_view topic) const override {
    std::uint64_t missing = 0;
    while (true) {
      const auto revision = highest(topic);
      if (!revision) return revision.error();
      if (*revision == 0) return std::optional<RelayRecord>{};
      errno = 0;
      std::ifstream file(file_of(topic, *revision));
      if (!file) {
        // What was the highest may be removed before it is read: then a higher one is there.
        if (errno != ENOENT || missing == *revision) {
          return cannot("cannot read", file_of(topic, *revision));
        }
        missing = *revision;
        continue;
      }
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      auto record = parse_relay_record(text);
      if (record && record->revision == *revision && record->topic == topic) {
        return std::optional(*std::move(record));
      }
      Error error = record ? Error{ErrorCode::corrupt, "the record is another one's"}
                           : std::move(record).error();
      error.message = file_of(topic, *revision) + ": " + error.message;
      return error;
    }
  }

  Result<bool> replace(const RelayRecord& record) override {
    const std::string target = file_of(record.topic, record.revision);
    const std::string draft = folder_ + "/" + record.topic + ".draft-" + runner_;
    if (auto written = write_synced(draft, to_text(record)); !written) return written.error();
    const bool linked = ::link(draft.c_str(), target.c_str()) == 0;
    const int problem = errno;
    ::unlink(draft.c_str());
    if (!linked && problem == EEXIST) return false;
    if (!linked) {
      errno = problem;
      return cannot("cannot write", target);
    }
    // If others had come further already, the file we have just made was one that they had removed.
    const auto newest = highest(record.topic);
    if (!newest) return Error{ErrorCode::outcome_unknown, newest.error().message};
    if (*newest > record.revision) {
      ::unlink(target.c_str());
      return false;
    }
    const Descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
      return Error{ErrorCode::outcome_unknown, cannot("cannot sync", folder_).message};
    }
    ::unlink(file_of(record.topic, record.revision - 1).c_str());
    return true;
  }

 private:
  std::string file_of(std::string_view topic, std::uint64_t revision) const {
    return folder_ + "/" + std::string(topic) + "." + std::to_string(revision);
  }

  // 0: none. A pass over a folder may miss a file that is made meanwhile, and see the one before it
  // no more: so two passes in a row have to agree.
  Result<std::uint64_t> highest(std::string_view topic) const {
    auto seen = pass(topic);
    while (seen) {
      auto again = pass(topic);
      if (!again || *again == *seen) return again;
      seen = again;
    }
    return seen;
  }

  Result<std::uint64_t> pass(std::string_view topic) const {
    std::error_code problem;
    fs::directory_iterator entries(folder_, problem);
    std::uint64_t highest = 0;
    for (; !problem && entries != fs::directory_iterator(); entries.increment(problem)) {
      const std::string name = entries->path().filename().string();
      if (!name.starts_with(topic) || name.size() <= topic.size() || name[topic.size()] != '.') {
        continue;
      }
      std::uint64_t revision = 0;
      const char* end = name.data() + name.size();
      const auto read = std::from_chars(name.data() + topic.size() + 1, end, revision);
      if (read.ec == std::errc{} && read.ptr == end) highest = std::max(highest, revision);
    }
    if (problem) {
      return Error{ErrorCode::unavailable,
                   "cannot read folder " + folder_ + ": " + problem.message()};
    }
    return highest;
  }

  const std::string folder_;
  const std::string runner_;
};

}  // namespace

Result<std::unique_ptr<RelayCheckpoints>> open_relay_checkpoint_folder(std::string folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) {
    return Error{ErrorCode::unavailable, "cannot make folder " + folder + ": " + problem.message()};
  }
  return std::unique_ptr<RelayCheckpoints>(std::make_unique<CheckpointFolder>(std::move(folder)));
}

}  // namespace annals
