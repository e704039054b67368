#include "store_files.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "log/bytes.hpp"
#include "log/log_format.hpp"
#include "log/packed_file.hpp"

namespace annals::simulation {

using testkit::FaultFileSystem;

namespace {

constexpr std::size_t heads_prologue_bytes = 64 * 1024;

std::uint32_t number_at(const std::string& text, std::size_t at) {
  return internal::load<std::uint32_t>(internal::bytes_of(text).data() + at);
}

}  // namespace

std::string StoreFiles::segment(std::uint64_t number) const {
  return folder_ + '/' + internal::format::segment_name(number);
}

bool StoreFiles::there(const std::string& path) const {
  const auto files = disk_.files();
  return std::binary_search(files.begin(), files.end(), path);
}

std::uint64_t StoreFiles::segments() const {
  const std::string manifest = folder_ + '/' + internal::format::manifest_name;
  if (!there(manifest)) return 0;
  const std::string text = disk_.contents(manifest);
  std::uint64_t count = 0;
  for (std::size_t at = 0; (at = text.find("\nsegment ", at)) != std::string::npos; ++at) ++count;
  return count;
}

StoreFiles::Identities StoreFiles::caches() const {
  Identities identities;
  for (const std::string& path : disk_.files()) {
    if (!path.ends_with(".index") && path != heads()) continue;
    const auto file = disk_.open(path, FileSystem::Mode::read);
    if (!file) return {};
    const auto identity = (*file)->identity();
    if (identity) identities[path] = *identity;
  }
  return identities;
}

void StoreFiles::count(const Identities& before, const Identities& after, RunCounters& counters) {
  for (const auto& [path, identity] : after) {
    const auto old = before.find(path);
    const bool same = old != before.end() && old->second == identity;
    if (path.ends_with(".index")) {
      counters.indexes_made_anew += same ? 0 : 1;
    } else {
      counters.heads_trusted += same ? 1 : 0;
      counters.heads_made_anew += !same && old != before.end() ? 1 : 0;
    }
  }
}

void StoreFiles::damage_caches(const Dice& dice, RunCounters& counters) {
  for (const auto& [path, identity] : caches()) {
    const std::uint64_t what = dice(100);
    if (what < 3) {
      disk_.erase(path);
    } else if (what < 15) {
      const std::string text = disk_.contents(path);
      if (text.empty()) continue;
      // Headers and directories lie in front.
      const std::size_t at =
          dice(dice(3) == 0 ? std::min<std::size_t>(text.size(), 600) : text.size());
      disk_.overwrite(path, at, std::string(1, static_cast<char>(text[at] ^ (1 << dice(8)))));
      ++counters.bits_flipped;
    } else if (what < 20) {
      disk_.overwrite(path, dice(4096) * 64, std::string(512, '\0'));
    }
  }
}

std::size_t StoreFiles::end_of(const std::string& path, std::size_t if_active) const {
  std::istringstream lines(disk_.contents(folder_ + '/' + internal::format::manifest_name));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what, link, state;
    std::uint64_t number = 0, first = 0, last = 0, end = 0;
    words >> what >> number >> first >> link >> state >> last >> end;
    if (what == "segment" && segment(number) == path && state == "sealed") return end;
  }
  return if_active;
}

std::optional<std::string> StoreFiles::flip_in_segment(const Dice& dice, bool sealed_only) {
  const std::uint64_t count = segments();
  if (count == 0 || (sealed_only && count < 2)) return std::nullopt;
  const std::uint64_t number = 1 + dice(sealed_only ? count - 1 : count);
  const std::string path = segment(number);
  if (!there(path)) return flip_in_packed(dice, number);
  const std::string text = disk_.contents(path);
  constexpr std::size_t header = internal::format::segment_header_bytes;
  // Remains of what was never answered may lie behind the end, and what is zero is free space.
  const std::size_t end = std::min(text.size(), end_of(path, text.size()));
  if (end <= header) return std::nullopt;
  const std::size_t begin = header + dice(end - header) + 1;
  for (std::size_t i = begin; i > header; --i) {
    const std::size_t at = i - 1;
    if (text[at] == 0) continue;
    disk_.overwrite(path, at, std::string(1, static_cast<char>(text[at] ^ (1 << dice(8)))));
    return path;
  }
  return std::nullopt;
}

std::optional<std::string> StoreFiles::flip_in_packed(const Dice& dice, std::uint64_t number) {
  const std::string path = folder_ + '/' + internal::PackedFile::name_of(number);
  if (!there(path)) return std::nullopt;
  const std::string text = disk_.contents(path);
  const std::size_t at = dice(text.size());
  disk_.overwrite(path, at, std::string(1, static_cast<char>(text[at] ^ (1 << dice(8)))));
  return path;
}

std::string StoreFiles::old_frame() const {
  if (!there(segment(1))) return {};
  const std::string text = disk_.contents(segment(1));
  constexpr std::size_t at = internal::format::segment_header_bytes;
  if (text.size() < at + 4) return {};
  const std::uint32_t bytes = number_at(text, at);
  return bytes > 0 && bytes < 900 && at + bytes <= text.size() ? text.substr(at, bytes) : "";
}

void StoreFiles::put_stale_frame(const Dice& dice) {
  const std::string frame = old_frame();
  const std::uint64_t count = segments();
  if (frame.empty()) return;
  const std::string text = disk_.contents(segment(count));
  const std::size_t last = text.find_last_not_of('\0');
  std::size_t at = internal::format::segment_header_bytes;
  if (last != std::string::npos) at = std::max(at, internal::round_up_to_8(last + 1));
  at += dice(2) * 8 * dice(500);
  if (at + frame.size() > text.size()) return;
  disk_.overwrite(segment(count), at, frame);
}

void StoreFiles::put_heads_copied_late(std::string first_part, const std::string& rest) {
  if (first_part.size() != heads_prologue_bytes || rest.size() <= first_part.size()) return;
  disk_.put(heads(), first_part + rest.substr(heads_prologue_bytes));
}

}  // namespace annals::simulation
