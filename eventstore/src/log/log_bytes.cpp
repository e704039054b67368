#include <array>
#include <optional>

#include <annals/eventstore/log_bytes.hpp>

#include "index_file.hpp"
#include "log_copy.hpp"
#include "log_format.hpp"
#include "pack_segment.hpp"
#include "scan.hpp"
#include "zstd_block.hpp"

namespace annals {
namespace internal {
namespace {

enum class Part : std::uint8_t {
  segment_headers,
  frames,
  frame_checksums,
  appends,
  append_ids,
  request_digests,
  recorded_at,
  links,
  records,
  record_checksums,
  streams,
  versions,
  types,
  ids,
  data,
  metadata,
  tags,
  times,
  traces,
  origins,
  others,
  padding,
  count
};
constexpr std::size_t part_count = static_cast<std::size_t>(Part::count);

constexpr std::array<const char*, part_count> part_names{
    "segment headers", "frame headers", "frame checksums", "append headers", "append ids",
    "request digests", "recorded at",   "links",           "record headers", "record checksums",
    "streams",         "versions",      "types",           "event ids",      "data",
    "metadata",        "tags",          "claimed times",   "trace fields",   "origins",
    "other fields",    "padding"};

Part part_of(std::uint8_t tag) {
  switch (static_cast<format::Field>(tag)) {
    case format::Field::stream: return Part::streams;
    case format::Field::version: return Part::versions;
    case format::Field::type: return Part::types;
    case format::Field::id: return Part::ids;
    case format::Field::data: return Part::data;
    case format::Field::metadata: return Part::metadata;
    case format::Field::tag: return Part::tags;
    case format::Field::known_at:
    case format::Field::effective_at: return Part::times;
    case format::Field::correlation_id:
    case format::Field::causation_id:
    case format::Field::actor:
    case format::Field::traceparent: return Part::traces;
    case format::Field::origin_store:
    case format::Field::origin_position:
    case format::Field::origin_vector: return Part::origins;
    case format::Field::schema_version:
    case format::Field::content_type:
    case format::Field::key_id:
    case format::Field::nonce: return Part::others;
  }
  return Part::others;
}

/// The bytes of one segment, taken apart.
class SegmentParts {
 public:
  void add_frame(std::span<const std::byte> header, std::span<const std::byte> trailer) {
    add(Part::frames, header.first(4));
    add(Part::frame_checksums, header.subspan(4, 4));
    add(Part::frames, header.subspan(8));
    add(Part::frame_checksums, trailer.first(4));
    add(Part::frames, trailer.subspan(4));
  }
  void add_header(std::span<const std::byte> header) { add(Part::segment_headers, header); }
  /// `append`: all of it.
  void add_append(std::span<const std::byte> append, const AppendView& view) {
    add(Part::appends, append.first(8));
    add(Part::append_ids, append.subspan(8, 16));
    add(Part::request_digests, append.subspan(24, 16));
    add(Part::recorded_at, append.subspan(40, 8));
    add(Part::appends, append.subspan(48, 8));
    add(Part::links, append.subspan(56, 32));
    std::size_t at = format::append_header_bytes;
    for (const RecordView& record : view.records) {
      add_record(append.subspan(at, record.bytes));
      at += record.bytes;
    }
    add(Part::padding, append.subspan(at));
  }
  /// Adds them to `sums`, as they are and compressed.
  Result<void> add_to(std::array<LogBytes::Part, part_count>& sums) const {
    BlockCompressor compressor(Packing{}.level, {});
    std::vector<std::byte> packed;
    for (std::size_t i = 0; i < part_count; ++i) {
      if (parts_[i].size() == 0) continue;
      if (auto made = compressor.compress(parts_[i].bytes(), packed); !made) return made;
      sums[i].bytes += parts_[i].size();
      sums[i].alone += packed.size();
    }
    return {};
  }

 private:
  void add(Part part, std::span<const std::byte> bytes) {
    parts_[static_cast<std::size_t>(part)].put_bytes(bytes.data(), bytes.size());
  }
  /// A record that was read before, so its fields fit.
  void add_record(std::span<const std::byte> record) {
    add(Part::records, record.first(4));
    add(Part::record_checksums, record.subspan(4, 4));
    add(Part::records, record.subspan(8, 8));
    for (std::size_t at = format::record_header_bytes; at < record.size();) {
      std::size_t header = 2;
      std::size_t length = std::to_integer<std::uint8_t>(record[at + 1]);
      if (length == 254) {
        length = load<std::uint16_t>(record.data() + at + header);
        header += 2;
      } else if (length == 255) {
        length = load<std::uint32_t>(record.data() + at + header);
        header += 4;
      }
      add(part_of(std::to_integer<std::uint8_t>(record[at])), record.subspan(at, header + length));
      at += header + length;
    }
  }

  std::array<ByteBuffer, part_count> parts_;
};

/// Takes a store apart, segment by segment.
class Measuring {
 public:
  using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

  Measuring(FileSystem& files, const std::string& folder, const Progress& progress)
      : files_(files), folder_(folder), progress_(progress) {}

  Result<LogBytes> run(const CopyPlan& plan) {
    std::uint64_t all = 0;
    for (const ManifestSegment& listed : plan.manifest.segments) all += end_of(listed, plan);
    for (const ManifestSegment& listed : plan.manifest.segments) {
      if (progress_ && !progress_(report_.bytes, all)) {
        return Error{ErrorCode::timeout, "given up when " + std::to_string(report_.bytes) + " of " +
                                             std::to_string(all) + " bytes were done"};
      }
      if (auto taken = take(listed, plan); !taken) return std::move(taken).error();
    }
    for (std::size_t i = 0; i < part_count; ++i) {
      if (sums_[i].bytes == 0) continue;
      sums_[i].name = part_names[i];
      report_.parts.push_back(std::move(sums_[i]));
    }
    report_.heads_bytes = size_of(format::heads_name);
    return report_;
  }

 private:
  static std::uint64_t end_of(const ManifestSegment& listed, const CopyPlan& plan) {
    return listed.sealed ? listed.end : plan.end.offset;
  }

  Result<void> take(const ManifestSegment& listed, const CopyPlan& plan) {
    std::optional<Segment> opened;
    if (listed.sealed) {
      auto segment = open_segment(files_, folder_, plan.manifest.store, listed, false);
      if (!segment) return std::move(segment).error();
      opened = *std::move(segment);
    }
    const Segment& segment = opened ? *opened : *plan.active;
    const auto whole = segment.whole(plan.manifest.store);
    if (!whole) return whole.error();
    const SegmentBytes& bytes = whole->bytes;
    const std::uint64_t end = end_of(listed, plan);
    const std::uint64_t events_before = report_.events;
    SegmentParts parts;
    parts.add_header(bytes.bytes.first(format::segment_header_bytes));
    std::uint64_t at = format::segment_header_bytes;
    while (at < end) {
      const FrameProbe probe = probe_frame(bytes, at);
      if (probe.kind != FrameProbe::Kind::frame) {
        return Error{
            .code = ErrorCode::corrupt,
            .message = bytes.file + " at byte " + std::to_string(at) + ": events are missing here",
            .place = Error::Place{bytes.file, at}};
      }
      const auto frame = bytes.bytes.subspan(at, probe.frame.bytes);
      auto walked =
          for_each_append(bytes, probe.frame, [&](const AppendView& view) -> Result<void> {
            const auto append = bytes.bytes.subspan(view.entry.address);
            parts.add_append(append.first(load<std::uint32_t>(append.data())), view);
            ++report_.appends;
            report_.events += view.entry.count;
            return {};
          });
      if (!walked) return walked;
      parts.add_frame(frame.first(format::frame_header_bytes),
                      frame.last(format::frame_trailer_bytes));
      ++report_.frames;
      at += probe.frame.bytes;
    }
    ++report_.segments;
    report_.bytes += end;
    if (segment.packed) {
      ++report_.segments_packed;
      report_.packed_events += report_.events - events_before;
      report_.packed_bytes += end;
      report_.packed_file_bytes += segment.packed->file_bytes();
    }
    report_.index_bytes += size_of(IndexFile::name_of(listed.number));
    return parts.add_to(sums_);
  }

  /// 0 if it is not there: these are caches.
  std::uint64_t size_of(const std::string& name) const {
    const auto file = files_.open(folder_ + '/' + name, FileSystem::Mode::read);
    if (!file) return 0;
    const auto size = (*file)->size();
    return size ? *size : 0;
  }

  FileSystem& files_;
  const std::string& folder_;
  const Progress& progress_;
  LogBytes report_;
  std::array<LogBytes::Part, part_count> sums_;
};

}  // namespace
}  // namespace internal

Result<LogBytes> measure_log_bytes(
    const LogOptions& options, const std::function<bool(std::uint64_t, std::uint64_t)>& progress) {
  if (!options.files) return Error{ErrorCode::invalid_argument, "LogOptions without a disk"};
  if (options.path.empty()) {
    return Error{ErrorCode::invalid_argument, "LogOptions::path is empty"};
  }
  const std::string folder = options.files->absolute(options.path);
  const auto plan = internal::plan_copy(*options.files, folder);
  if (!plan) return plan.error();
  return internal::Measuring(*options.files, folder, progress).run(*plan);
}

}  // namespace annals
