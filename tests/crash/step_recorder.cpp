#include "step_recorder.hpp"

#include <array>
#include <atomic>
#include <fstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace annals::crash {
namespace {

constexpr std::array<std::string_view, 7> kinds{"segment", "mark",      "MANIFEST", "index",
                                                "heads",   "snapshots", "folder"};
constexpr std::array<std::string_view, 8> operations{"open", "write",  "sync",   "make room",
                                                     "map",  "rename", "remove", "read"};
using Notes = std::array<std::atomic<std::uint8_t>, kinds.size() * operations.size()>;
static_assert(std::atomic<std::uint8_t>::is_always_lock_free);

std::size_t kind_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".log")) return 0;
  if (name == "mark") return 1;
  if (name.starts_with("MANIFEST")) return 2;
  if (name.find(".index") != std::string::npos) return 3;
  if (name == "heads") return 4;
  return name.starts_with("snapshots") ? 5 : 6;
}

enum Operation : std::uint8_t { opens, writes, syncs, makes_room, maps, renames, removes, reads };

/// Notes one operation for as long as it is under way.
class Step {
 public:
  Step(Notes& notes, Operation operation, std::size_t kind)
      : note_(notes[kind * operations.size() + operation]) {
    ++note_;
  }
  ~Step() { --note_; }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  std::atomic<std::uint8_t>& note_;
};

class RecordedFile final : public File {
 public:
  RecordedFile(std::unique_ptr<File> file, std::shared_ptr<Notes> notes, std::size_t kind)
      : file_(std::move(file)), notes_(std::move(notes)), kind_(kind) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    const Step step(*notes_, writes, kind_);
    return file_->write_at(offset, data);
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    const Step step(*notes_, reads, kind_);
    return file_->read_at(offset, into);
  }
  Result<void> sync() override {
    const Step step(*notes_, syncs, kind_);
    return file_->sync();
  }
  Result<void> allocate(std::uint64_t bytes) override {
    const Step step(*notes_, makes_room, kind_);
    return file_->allocate(bytes);
  }
  Result<void> truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const override {
    const Step step(*notes_, maps, kind_);
    return file_->map(bytes);
  }
  Result<std::shared_ptr<WritableMapping>> map_writable(std::uint64_t offset,
                                                        std::uint64_t bytes) override {
    const Step step(*notes_, maps, kind_);
    return file_->map_writable(offset, bytes);
  }
  Result<std::string> identity() const override { return file_->identity(); }
  std::uint64_t number() const override { return file_->number(); }

 private:
  std::unique_ptr<File> file_;
  std::shared_ptr<Notes> notes_;
  std::size_t kind_;
};

class StepRecorder final : public FileSystem {
 public:
  StepRecorder(std::shared_ptr<FileSystem> files, std::shared_ptr<Notes> notes)
      : files_(std::move(files)), notes_(std::move(notes)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    const Step step(*notes_, opens, kind_of(path));
    auto file = files_->open(path, mode);
    if (!file) return file;
    return std::unique_ptr<File>(
        std::make_unique<RecordedFile>(std::move(*file), notes_, kind_of(path)));
  }
  Result<bool> exists(const std::string& path) override { return files_->exists(path); }
  Result<void> create_directories(const std::string& path) override {
    return files_->create_directories(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return files_->list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    const Step step(*notes_, renames, kind_of(to));
    return files_->rename(from, to);
  }
  Result<void> remove(const std::string& path) override {
    const Step step(*notes_, removes, kind_of(path));
    return files_->remove(path);
  }
  Result<void> sync_directory(const std::string& path) override {
    const Step step(*notes_, syncs, kinds.size() - 1);
    return files_->sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return files_->lock(path);
  }
  std::string absolute(const std::string& path) override { return files_->absolute(path); }
  std::string boot_id(const std::string& folder) override { return files_->boot_id(folder); }

 private:
  std::shared_ptr<FileSystem> files_;
  std::shared_ptr<Notes> notes_;
};

}  // namespace

std::shared_ptr<FileSystem> step_recorder(std::shared_ptr<FileSystem> files,
                                          const std::string& notes) {
  const int file = ::open(notes.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(Notes)) != 0) return files;
  void* const at = ::mmap(nullptr, sizeof(Notes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED) return files;
  std::shared_ptr<Notes> shared(static_cast<Notes*>(at),
                                [](Notes* mapped) { ::munmap(mapped, sizeof(Notes)); });
  return std::make_shared<StepRecorder>(std::move(files), std::move(shared));
}

std::vector<std::string> steps_under_way(const std::string& notes) {
  std::ifstream file(notes, std::ios::binary);
  std::array<char, std::tuple_size_v<Notes>> text{};
  file.read(text.data(), text.size());
  std::vector<std::string> steps;
  for (std::size_t i = 0; file && i < text.size(); ++i) {
    if (text[i] == 0) continue;
    steps.push_back(std::string(operations[i % operations.size()]) + ' ' +
                    std::string(kinds[i / operations.size()]));
  }
  return steps;
}

}  // namespace annals::crash
