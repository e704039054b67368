#include "manifest.hpp"

#include <charconv>

#include "log_format.hpp"
#include "segment.hpp"

namespace annals::internal {
namespace {

constexpr std::string_view title = "annals-log";
constexpr std::string_view checksum_word = "checksum ";

/// Splits a line into words and numbers, remembering whether anything was wrong with it.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const std::size_t end = rest_.find(' ');
    const std::string_view word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    good_ = good_ && !word.empty();
    return word;
  }
  template <typename T = std::uint64_t>
  T number() {
    const std::string_view text = word();
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    good_ = good_ && error == std::errc{} && end == text.data() + text.size();
    return value;
  }
  Link link() {
    const auto link = parse_digest(word());
    good_ = good_ && link.has_value();
    return link.value_or(Link{});
  }
  StoreId store() {
    const auto id = parse_id<StoreIdTag>(word());
    good_ = good_ && id.has_value();
    return id.value_or(StoreId{});
  }
  bool good_to_the_end() const { return good_ && rest_.empty(); }
  void refuse() { good_ = false; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string hex32(std::uint32_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(8, '0');
  for (int i = 7; i >= 0; --i, value >>= 4) text[static_cast<std::size_t>(i)] = digits[value & 15U];
  return text;
}

void parse_segment(Line& line, Manifest& manifest) {
  ManifestSegment segment;
  segment.number = line.number();
  segment.first = {line.number()};
  segment.link_before = line.link();
  const std::string_view state = line.word();
  segment.sealed = state == "sealed";
  if (!segment.sealed && state != "active") line.refuse();
  if (segment.sealed) {
    segment.last = {line.number()};
    segment.end = line.number();
    segment.link_after = line.link();
  }
  // Only the last one may be active, and numbers and positions go on without a gap.
  if (!manifest.segments.empty()) {
    const ManifestSegment& before = manifest.segments.back();
    if (!before.sealed || segment.number != before.number + 1 ||
        segment.first.value != before.last.value + 1 || segment.link_before != before.link_after) {
      line.refuse();
    }
  }
  manifest.segments.push_back(segment);
}

/// Errors: corrupt, where there is what a MANIFEST should name.
Result<void> check_no_segments(FileSystem& files, const std::string& folder) {
  const auto there = files.exists(folder);
  if (!there) return there.error();
  if (!*there) return {};
  const auto names = files.list(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    // Indexes are caches; one may come from a writer whose folder has just been moved away.
    const bool segment = name.ends_with(".log") || name.ends_with(".packed");
    if (!name.starts_with("segment-") || !segment) continue;
    const auto holds = holds_events(files, folder + '/' + name);
    if (!holds) return holds.error();
    // The making of a store that was cut short leaves the first one, empty.
    if (*holds || name != format::segment_name(1)) {
      return Error{.code = ErrorCode::corrupt,
                   .message = folder +
                              " has segments but no MANIFEST: restore it from a backup, or, "
                              "if it is a copy that was cut short, copy again",
                   .place = Error::Place{folder + '/' + format::manifest_name, 0}};
    }
  }
  return {};
}

}  // namespace

std::string format_manifest(const Manifest& manifest) {
  std::string text = std::string(title) + ' ' + std::to_string(manifest.format) + '\n';
  text += "store " + to_string(manifest.store) + '\n';
  text += "hash sha-256\n";
  text += "compatible " + std::to_string(manifest.compatible) + '\n';
  text += "incompatible " + std::to_string(manifest.incompatible) + '\n';
  for (const EraBegin& era : manifest.eras) {
    text += "era " + std::to_string(era.era.value) + " after " +
            std::to_string(era.begins_after.value) + '\n';
  }
  for (const ManifestSegment& segment : manifest.segments) {
    text += "segment " + std::to_string(segment.number) + ' ' +
            std::to_string(segment.first.value) + ' ' + to_string(segment.link_before);
    if (segment.sealed) {
      text += " sealed " + std::to_string(segment.last.value) + ' ' + std::to_string(segment.end) +
              ' ' + to_string(segment.link_after) + '\n';
    } else {
      text += " active\n";
    }
  }
  return text + std::string(checksum_word) + hex32(crc32c(0, bytes_of(text))) + '\n';
}

Result<Manifest> parse_manifest(const std::string& file, std::string_view text) {
  const auto corrupt = [&](std::size_t offset, const std::string& what) {
    return Error{.code = ErrorCode::corrupt,
                 .message = file + " at byte " + std::to_string(offset) + ": " + what,
                 .place = Error::Place{file, offset}};
  };
  const std::size_t sum_at = text.rfind(checksum_word);
  if (sum_at == std::string_view::npos || (sum_at > 0 && text[sum_at - 1] != '\n')) {
    return corrupt(text.size(), "no checksum line: this is no whole MANIFEST of annals");
  }
  const std::string_view sum = text.substr(sum_at + checksum_word.size());
  if (sum != hex32(crc32c(0, bytes_of(text.substr(0, sum_at)))) + '\n') {
    return corrupt(sum_at, "the checksum is wrong");
  }

  Manifest manifest;
  bool store = false;
  std::size_t offset = 0;
  while (offset < sum_at) {
    const std::size_t end = text.find('\n', offset);
    Line line(text.substr(offset, end - offset));
    const std::string_view key = line.word();
    if (offset == 0 && key != title) return corrupt(0, "this is no MANIFEST of annals");
    if (key == title) {
      manifest.format = line.number<std::uint32_t>();
      if (line.good_to_the_end() && manifest.format != format::version) {
        return Error{ErrorCode::unsupported, file + ": format " + std::to_string(manifest.format) +
                                                 "; this annals reads format 1"};
      }
    } else if (key == "store") {
      manifest.store = line.store();
      store = true;
    } else if (key == "hash") {
      const std::string_view name = line.word();
      if (name != "sha-256") {
        return Error{ErrorCode::unsupported, file + ": hash " + std::string(name)};
      }
    } else if (key == "compatible") {
      manifest.compatible = line.number();
    } else if (key == "incompatible") {
      manifest.incompatible = line.number();
      const std::uint64_t unknown = manifest.incompatible & ~format::incompatible_known;
      if (line.good_to_the_end() && unknown != 0) {
        return Error{ErrorCode::unsupported, file + ": it uses features (bits " +
                                                 std::to_string(unknown) +
                                                 ") that need a newer annals"};
      }
    } else if (key == "era") {
      EraBegin era;
      era.era = {line.number<std::uint32_t>()};
      if (line.word() != "after") line.refuse();
      era.begins_after = {line.number()};
      if (!manifest.eras.empty() && (era.era <= manifest.eras.back().era ||
                                     era.begins_after < manifest.eras.back().begins_after)) {
        line.refuse();
      }
      manifest.eras.push_back(era);
    } else if (key == "segment") {
      parse_segment(line, manifest);
    } else {
      line.refuse();
    }
    if (!line.good_to_the_end()) return corrupt(offset, "a line that cannot be");
    offset = end + 1;
  }
  if (!store || manifest.eras.empty() || manifest.segments.empty() ||
      manifest.segments.back().sealed) {
    return corrupt(sum_at, "a line is missing");
  }
  return manifest;
}

Result<std::optional<Manifest>> read_manifest(FileSystem& files, const std::string& folder) {
  const std::string path = folder + '/' + format::manifest_name;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) {
    if (auto none = check_no_segments(files, folder); !none) return std::move(none).error();
    return std::optional<Manifest>();
  }
  auto file = files.open(path, FileSystem::Mode::read);
  if (!file) return std::move(file).error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  constexpr std::uint64_t manifest_bytes_max = 64 * 1024 * 1024;
  if (*size > manifest_bytes_max) {
    return Error{.code = ErrorCode::corrupt,
                 .message = path + ": " + std::to_string(*size) + " bytes cannot be a MANIFEST",
                 .place = Error::Place{path, 0}};
  }
  std::string text(*size, '\0');
  const auto read = (*file)->read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  if (!read) return read.error();
  text.resize(*read);
  auto manifest = parse_manifest(path, text);
  if (!manifest) return std::move(manifest).error();
  return std::optional<Manifest>(std::move(*manifest));
}

Result<void> prepare_manifest(FileSystem& files, const std::string& folder,
                              const Manifest& manifest) {
  const std::string fresh = folder + '/' + format::manifest_name + format::fresh_suffix;
  if (const auto left = files.exists(fresh); !left) {
    return left.error();
  } else if (*left) {
    if (auto removed = files.remove(fresh); !removed) return removed;
  }
  auto file = files.open(fresh, FileSystem::Mode::create_new);
  if (!file) return std::move(file).error();
  if (auto wrote = (*file)->write_at(0, bytes_of(format_manifest(manifest))); !wrote) return wrote;
  return (*file)->sync();
}

Result<void> swap_manifest(FileSystem& files, const std::string& folder) {
  const std::string path = folder + '/' + format::manifest_name;
  if (auto renamed = files.rename(path + format::fresh_suffix, path); !renamed) return renamed;
  return files.sync_directory(folder);
}

}  // namespace annals::internal
