#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "manifest.hpp"
#include "pack_segment.hpp"

namespace annals::internal {

/// Packs sealed segments one after another, on a thread of its own that gives way to others and
/// lives while there is work, or at once. What is still waiting at the end stays as it is: the next
/// opening finds it.
class Packer {
 public:
  /// Packs one segment, and gives up if it is told to.
  using Pack = std::function<Result<void>(const ManifestSegment&, const PackingProgress&)>;

  Packer(Pack pack, bool at_once) : pack_(std::move(pack)), at_once_(at_once) {}
  /// Stops what is under way, and waits for that.
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  void add(const ManifestSegment& segment);
  /// A segment cannot be packed, because of what must be there first.
  void cannot_begin(const Error& error) { note(error); }
  /// Why a segment could not be packed, or empty.
  std::string failure() const;

 private:
  void work();
  Result<void> pack(const ManifestSegment& segment, const PackingProgress& progress) const;
  bool stopping() const;
  void note(const Result<void>& result);

  const Pack pack_;
  const bool at_once_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ManifestSegment> waiting_;  // Guarded by mutex_, as are these.
  std::string failure_;
  bool stopping_ = false;
  std::thread thread_;  // Guarded by mutex_ until it is joined.
};

}  // namespace annals::internal
