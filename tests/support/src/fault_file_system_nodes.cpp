#include "fault_file_system_nodes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include <sys/mman.h>

namespace annals::testkit::internal {

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

Pages::Pages() {
  void* at = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) std::abort();
  data_ = static_cast<std::byte*>(at);
}

Pages::~Pages() { ::munmap(data_, capacity); }

void FileNode::write(std::uint64_t offset, std::span<const std::byte> data) {
  if (data.empty()) return;
  std::memcpy(pages_->data() + offset, data.data(), data.size());
  size_ = std::max<std::uint64_t>(size_, offset + data.size());
  unsynced_.push_back(
      {offset, std::string(reinterpret_cast<const char*>(data.data()), data.size())});
}

void FileNode::resize(std::uint64_t size) {
  if (size == size_) return;
  if (size < size_) std::memset(pages_->data() + size, 0, size_ - size);
  size_ = size;
  unsynced_.push_back({.size = size});
}

void FileNode::overwrite(std::uint64_t offset, std::string_view bytes) {
  if (offset < size_) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), size_ - offset);
    std::memcpy(pages_->data() + offset, bytes.data(), count);
  }
  if (offset < durable_.size()) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), durable_.size() - offset);
    std::memcpy(durable_.data() + offset, bytes.data(), count);
  }
}

void FileNode::apply(std::string& to, const Change& change, std::size_t from,
                     std::size_t count) const {
  if (change.size) {
    to.resize(*change.size);
    return;
  }
  const std::size_t begin = change.offset + from;
  if (to.size() < begin + count) to.resize(begin + count);
  std::memcpy(to.data() + begin, change.data.data() + from, count);
}

std::uint64_t FileNode::next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

std::vector<FileNode::Change> FileNode::mapped_writes() const {
  std::vector<Change> changes;
  if (mapped_.empty()) return changes;
  constexpr std::uint64_t page = 4096;
  std::string known = durable_;
  for (const Change& change : unsynced_) apply(known, change, 0, change.data.size());
  known.resize(size_);
  for (const Range& range : mapped_) {
    for (std::uint64_t at = range.offset; at < range.offset + range.bytes && at < size_;
         at += page) {
      const std::size_t count = std::min(page, size_ - at);
      const char* const now = reinterpret_cast<const char*>(pages_->data()) + at;
      if (std::memcmp(now, known.data() + at, count) == 0) continue;
      changes.push_back({.offset = at, .data = std::string(now, count)});
    }
  }
  return changes;
}

void FileNode::sync() {
  const std::vector<Change> mapped = mapped_writes();
  for (const Change& change : unsynced_) apply(durable_, change, 0, change.data.size());
  for (const Change& change : mapped) apply(durable_, change, 0, change.data.size());
  unsynced_.clear();
}

Fate FileNode::lose_unsynced(Dice& dice) {
  const std::vector<Change> mapped = mapped_writes();
  // Everything, nothing, the first so many pieces, or any of them. Pieces are cut where sectors
  // are, or at odd places, since nobody promises that a sector is written whole.
  enum class Way : std::uint8_t { all, none, first, any };
  constexpr std::array ways{Way::all, Way::none, Way::first, Way::any, Way::any};
  constexpr std::array<std::size_t, 6> sizes{4096, 512, 512, 512, 61, 7};
  const Way way = ways[dice.below(ways.size())];
  const std::size_t piece = sizes[dice.below(sizes.size())];
  constexpr std::array<std::uint64_t, 5> percents{3, 20, 50, 80, 97};
  const std::uint64_t percent = percents[dice.below(percents.size())];

  const auto pieces_of = [&](const Change& change) -> std::uint64_t {
    if (change.size) return 1;
    return (change.offset + change.data.size() - 1) / piece - change.offset / piece + 1;
  };
  std::uint64_t total = 0;
  for (const Change& change : unsynced_) total += pieces_of(change);
  const std::uint64_t first_lost = dice.below(total + 1);

  Fate fate;
  std::uint64_t number = 0;
  for (const Change& change : unsynced_) {
    std::size_t from = 0;
    do {
      std::size_t count = 0;
      if (!change.size) {
        const std::size_t to_edge = piece - (change.offset + from) % piece;
        count = std::min(to_edge, change.data.size() - from);
      }
      bool keep = way == Way::all;
      if (way == Way::first) keep = number < first_lost;
      if (way == Way::any) keep = dice.chance(percent);
      if (keep) apply(durable_, change, from, count);
      ++(keep ? fate.kept : fate.lost);
      ++number;
      from += count;
    } while (from < change.data.size());
  }
  // Each page that was written as memory is kept or lost. How many there are may depend on what
  // they hold, and must not change what else the dice decide.
  if (!mapped_.empty()) {
    Dice pages(dice.next());
    for (const Change& change : mapped) {
      if (pages.chance(50)) apply(durable_, change, 0, change.data.size());
    }
  }
  unsynced_.clear();
  return fate;
}

void FileNode::read_back() {
  const std::size_t count = std::min<std::size_t>(size_, durable_.size());
  std::memcpy(pages_->data(), durable_.data(), count);
  std::memset(pages_->data() + count, 0, size_ - count);
}

std::shared_ptr<FileNode> FileNode::restarted() const {
  auto node = std::make_shared<FileNode>();
  node->durable_ = durable_;
  node->size_ = durable_.size();
  std::memcpy(node->pages_->data(), durable_.data(), durable_.size());
  node->number_ = number_;
  return node;
}

std::shared_ptr<FileNode> FileNode::clone() const {
  auto node = std::make_shared<FileNode>();
  node->durable_ = durable_;
  node->unsynced_ = unsynced_;
  node->size_ = size_;
  std::memcpy(node->pages_->data(), pages_->data(), size_);
  node->mapped_ = mapped_;
  node->number_ = number_;
  return node;
}

const Entry* Folder::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

void Folder::apply(Names& names, const Change& change) {
  for (const auto& [name, entry] : change) {
    if (entry) {
      names[name] = *entry;
    } else {
      names.erase(name);
    }
  }
}

void Folder::change(Change change) {
  apply(names_, change);
  unsynced_.push_back(std::move(change));
}

void Folder::sync() {
  durable_ = names_;
  unsynced_.clear();
}

std::shared_ptr<Folder> Folder::after_power_loss(Dice& dice, Fate& fate) const {
  Names names = durable_;
  // A journal keeps the order of names, other file systems need not.
  const bool in_order = dice.chance(50);
  const std::uint64_t first_lost = dice.below(unsynced_.size() + 1);
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    const bool keep = in_order ? i < first_lost : dice.chance(50);
    if (keep) apply(names, unsynced_[i]);
    ++(keep ? fate.kept : fate.lost);
  }
  auto folder = std::make_shared<Folder>();
  // Two names of one file (the old and the new one of a rename that half happened) become two
  // files with the same bytes: nothing that a test can tell apart needs more.
  for (const auto& [name, entry] : names) {
    Entry survivor;
    if (entry.folder) {
      survivor.folder = entry.folder->after_power_loss(dice, fate);
    } else {
      const Fate of_file = entry.file->lose_unsynced(dice);
      fate.kept += of_file.kept;
      fate.lost += of_file.lost;
      survivor.file = entry.file->restarted();
    }
    folder->names_.emplace(name, std::move(survivor));
  }
  folder->durable_ = folder->names_;
  return folder;
}

std::shared_ptr<Folder> Folder::clone() const {
  std::unordered_map<const void*, Entry> copies;
  const auto copy_of = [&](const Entry& entry) {
    const void* key = entry.file ? static_cast<const void*>(entry.file.get()) : entry.folder.get();
    Entry& copy = copies[key];
    if (!copy.file && !copy.folder) {
      if (entry.file) copy.file = entry.file->clone();
      if (entry.folder) copy.folder = entry.folder->clone();
    }
    return copy;
  };
  auto folder = std::make_shared<Folder>();
  for (const auto& [name, entry] : names_) folder->names_.emplace(name, copy_of(entry));
  for (const auto& [name, entry] : durable_) folder->durable_.emplace(name, copy_of(entry));
  for (const Change& change : unsynced_) {
    Change copied;
    for (const auto& [name, entry] : change) {
      copied.emplace_back(name, entry ? std::optional(copy_of(*entry)) : std::nullopt);
    }
    folder->unsynced_.push_back(std::move(copied));
  }
  return folder;
}

}  // namespace annals::testkit::internal
