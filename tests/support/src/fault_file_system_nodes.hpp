#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Files and folders of the FaultFileSystem: what programs see beside what the device has.
namespace annals::testkit::internal {

/// The same numbers for the same seed on every platform (SplitMix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 … bound-1. REQUIRES: bound > 0
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

/// Address space that never moves, so that mappings of a growing file stay true. Reads as zero.
class Pages {
 public:
  static constexpr std::size_t capacity = std::size_t{256} << 20;

  Pages();
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  std::byte* data() const { return data_; }

 private:
  std::byte* data_;
};

/// What became of the unsynced pieces at a power loss or failed sync.
struct Fate {
  std::uint64_t kept = 0;
  std::uint64_t lost = 0;
};

class FileNode {
 public:
  std::uint64_t size() const { return size_; }
  const std::shared_ptr<Pages>& pages() const { return pages_; }
  std::span<const std::byte> cached() const { return {pages_->data(), size_}; }
  bool dirty() const { return !unsynced_.empty(); }

  /// REQUIRES: offset + data.size() <= Pages::capacity, as for resize
  void write(std::uint64_t offset, std::span<const std::byte> data);
  void resize(std::uint64_t size);
  /// Changes what programs see and what the device has, as far as the file reaches.
  void overwrite(std::uint64_t offset, std::string_view bytes);
  void sync();
  /// Puts some of the unsynced pieces on the device and forgets the others.
  Fate lose_unsynced(Dice& dice);
  /// Writes to this part of the pages count as writes: they are noticed when it matters.
  void map_writable(std::uint64_t offset, std::uint64_t bytes) {
    mapped_.push_back({offset, bytes});
  }
  /// The same for a file and what becomes of it, another one for each copy.
  std::uint64_t number() const { return number_; }
  /// Makes programs see what the device has; the size stays. REQUIRES: !dirty()
  void read_back();
  /// The file as the device has it, with no unsynced writes.
  std::shared_ptr<FileNode> restarted() const;
  /// The file as programs see it, with the same unsynced writes.
  std::shared_ptr<FileNode> clone() const;

 private:
  // A write, or a change of size if `size` is set.
  struct Change {
    std::uint64_t offset = 0;
    std::string data = {};
    std::optional<std::uint64_t> size = {};
  };
  void apply(std::string& to, const Change& change, std::size_t from, std::size_t count) const;
  /// The pages that were written through mappings, as they are now.
  std::vector<Change> mapped_writes() const;

  struct Range {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  std::uint64_t number_ = next_number();
  static std::uint64_t next_number();
  std::vector<Range> mapped_;
  std::shared_ptr<Pages> pages_ = std::make_shared<Pages>();
  std::uint64_t size_ = 0;
  std::string durable_;
  std::vector<Change> unsynced_;  // Oldest first.
};

class Folder;

/// A name's meaning: exactly one of the two is set.
struct Entry {
  std::shared_ptr<FileNode> file;
  std::shared_ptr<Folder> folder;
};

class Folder {
 public:
  using Names = std::map<std::string, Entry>;
  // All of one change happen or none: a rename is two lines.
  using Change = std::vector<std::pair<std::string, std::optional<Entry>>>;

  const Names& names() const { return names_; }
  const Entry* find(const std::string& name) const;
  void change(Change change);
  void sync();
  /// The folder after a power loss, with all below it.
  std::shared_ptr<Folder> after_power_loss(Dice& dice, Fate& fate) const;
  /// The folder with all below it, cached and durable both.
  std::shared_ptr<Folder> clone() const;

 private:
  static void apply(Names& names, const Change& change);

  Names names_;
  Names durable_;
  std::vector<Change> unsynced_;
};

}  // namespace annals::testkit::internal
