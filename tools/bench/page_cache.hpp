/// @file
/// Reads that find nothing in memory.

#pragma once

#include <filesystem>

namespace annals::bench {

/// Syncs every file below `folder` and has the system forget its pages. Nobody may have them open:
/// pages that are mapped stay. What the disk keeps in a cache of its own stays too.
void drop_from_page_cache(const std::filesystem::path& folder);

/// Mebibytes of this process that are in memory and in no file: RssAnon. 0 if the system does not
/// tell.
double rss_anon_mib();

}  // namespace annals::bench
