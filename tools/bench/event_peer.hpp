/// @file
/// The peers of the log engine: the same events in other stores, as a careful person keeps them
/// there by hand.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "options.hpp"

namespace annals::bench {

struct PeerEvent {
  std::string_view stream;
  std::uint64_t version = 0;
  std::string_view type;
  std::string_view data;
  std::vector<std::string> tags = {};
};

/// Keeps events under their position, and finds them by stream and version. An append is durable
/// when it returns, and fails if one of its versions is there already. No hashes, no append ids, no
/// index by category or type: less work than annals does.
///
/// append() may be called from any thread; the rest from one at a time.
///
/// Errors of all functions: unavailable, with the store's own message.
class EventPeer {
 public:
  virtual ~EventPeer() = default;

  /// All of them in one transaction.
  virtual Result<void> append(const std::vector<PeerEvent>& events) = 0;

  using Visit = std::function<void(std::string_view type, std::string_view data)>;
  // Each returns how many events it visited.

  /// The events of one stream, by version.
  virtual Result<std::uint64_t> load(std::string_view stream, const Visit& visit) = 0;
  /// All events, by position.
  virtual Result<std::uint64_t> replay(const Visit& visit) = 0;
  /// The event of this version.
  virtual Result<std::uint64_t> load_version(std::string_view stream, std::uint64_t version,
                                             const Visit& visit) = 0;
  /// The last events of a stream, the last one first.
  virtual Result<std::uint64_t> load_last(std::string_view stream, std::uint64_t count,
                                          const Visit& visit) = 0;
  /// Whether it keeps tags.
  virtual bool has_tags() const = 0;
  /// The events with this tag, by position. REQUIRES: has_tags().
  virtual Result<std::uint64_t> load_tag(std::string_view tag, const Visit& visit) = 0;
};

struct EventPeerKind {
  const char* engine;
  const char* durability;
  Result<std::unique_ptr<EventPeer>> (*open)(const std::filesystem::path& folder);
};

/// Opens one in a folder that it makes.
Result<std::unique_ptr<EventPeer>> open_peer(const EventPeerKind& kind,
                                             const std::filesystem::path& folder);

/// The event peers that this program was built with and that the options ask for.
std::vector<EventPeerKind> event_peers(const Options& options);
/// A line for each that it was built without; empty if none.
std::string missing_peers();

}  // namespace annals::bench
