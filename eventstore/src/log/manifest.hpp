#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/stats.hpp>

namespace annals::internal {

/// One segment, as the MANIFEST knows it. Only the last one is active: it is being written to.
struct ManifestSegment {
  std::uint64_t number = 0;
  bool sealed = false;
  GlobalPosition first;  ///< Of the first record it holds or will hold.
  Link link_before;      ///< Of the append before it.
  // Of a sealed one:
  GlobalPosition last = {};
  Link link_after = {};
  std::uint64_t end = 0;  ///< Offset behind its last frame.
};

/// What a store is made of. A text file, one fact a line, replaced in one step; its last line is a
/// checksum over the others.
struct Manifest {
  std::uint32_t format = 1;
  std::uint64_t compatible = 0;    ///< Feature bits that a reader may ignore.
  std::uint64_t incompatible = 0;  ///< Feature bits that it may not: an unknown one is refused.
  StoreId store;
  std::vector<EraBegin> eras;
  std::vector<ManifestSegment> segments;
};

std::string format_manifest(const Manifest& manifest);

/// Errors: corrupt (place is in `file`), unsupported (a newer format or an unknown feature).
Result<Manifest> parse_manifest(const std::string& file, std::string_view text);

/// Reads the MANIFEST of the store in `folder`; nothing if there is none, and nothing that it
/// should name: segments that hold events, or others than the first one.
///
/// Errors: corrupt (also: it is missing), unsupported, unavailable.
Result<std::optional<Manifest>> read_manifest(FileSystem& files, const std::string& folder);

/// Writes `manifest` beside the present one, and makes it durable. Nothing has changed yet.
Result<void> prepare_manifest(FileSystem& files, const std::string& folder,
                              const Manifest& manifest);

/// Puts the prepared one in place, in one step, and makes that durable. After an error either may
/// be the one that a restart finds.
Result<void> swap_manifest(FileSystem& files, const std::string& folder);

}  // namespace annals::internal
