#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/result.hpp>

#include "chain.hpp"
#include "manifest.hpp"
#include "mark.hpp"
#include "segment.hpp"

namespace annals::internal {

/// What a copy of a store takes over: the segments it needs and where its history ends.
struct CopyPlan {
  Manifest manifest;  ///< Ends with the segment that holds the end, as its active one.
  Mark end;
  /// That segment, opened when the plan was made: a writer may complete it, compress it and take it
  /// away while the others are copied.
  std::shared_ptr<const Segment> active;
};

/// Looks at the store in `folder`, which a writer may be adding to: all that is durable by now.
///
/// Errors: unavailable (no store), corrupt, unsupported.
Result<CopyPlan> plan_copy(FileSystem& files, const std::string& folder);

/// The same, of history up to `last` and no further than whole frames go, which is proved. What
/// comes after it, a mark included, may be damaged or missing.
///
/// Errors: also corrupt, with the position that could be reached, and diverged (it lies beyond the
/// end).
Result<CopyPlan> plan_copy_up_to(FileSystem& files, const std::string& folder, GlobalPosition last);

/// Makes a folder a copy of a store. What it has made it takes away again, unless finish() has
/// succeeded.
class LogCopy {
 public:
  /// (bytes done, bytes to do); false: give up.
  using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

  LogCopy(FileSystem& files, std::string from, std::string to, CopyPlan plan, bool verify,
          Progress progress);
  ~LogCopy();
  LogCopy(const LogCopy&) = delete;
  LogCopy& operator=(const LogCopy&) = delete;

  /// The folder must be empty or missing.
  Result<void> begin();
  Result<void> copy_segments();
  Result<void> copy_snapshots();
  /// The mark, and at last the MANIFEST: from here on it is a store.
  Result<void> finish();

  const CopyPlan& plan() const { return plan_; }
  std::uint64_t bytes() const { return copied_; }

 private:
  Result<std::unique_ptr<File>> make_file(const std::string& name);
  Result<void> copy_bytes(const File& from, File& to, std::uint64_t bytes);
  /// Errors of these: of open_segment.
  Result<std::shared_ptr<const Segment>> open_source(const ManifestSegment& listed) const;
  Result<void> copy_segment(const ManifestSegment& listed);
  Result<void> copy_packed(const Segment& segment, const ManifestSegment& listed);
  /// Of a compressed segment the front that will be written on to.
  Result<void> unpack(const Segment& segment, const ManifestSegment& listed);
  Result<void> verify_segment(const ManifestSegment& listed);
  /// Walks a segment, contents included.
  Result<void> walk(const Segment& segment, const ManifestSegment& listed, Chain& chain) const;
  std::uint64_t end_of(const ManifestSegment& listed) const;
  Result<void> tell(std::uint64_t more);

  FileSystem& files_;
  const std::string from_;
  const std::string to_;
  CopyPlan plan_;
  const bool verify_;
  const Progress progress_;
  Chain chain_;
  std::vector<std::string> made_;  // Names, oldest first.
  std::uint64_t copied_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t all_ = 0;
  bool finished_ = false;
};

}  // namespace annals::internal
