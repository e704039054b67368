/// @file
/// One long stream lying among many short ones: what reads into the past are measured on.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/event_store.hpp>

#include "event_peer.hpp"
#include "options.hpp"
#include "scratch_folder.hpp"

namespace annals::bench {

/// Options::long_events bookings on one account, spread evenly over Options::events events of
/// streams of 100 events, ten at a time, which are of 100 categories and ten types. The same in all
/// engines.
class History {
 public:
  static constexpr const char* account = "long";
  static constexpr std::uint64_t stream_events = 100;
  static constexpr std::uint64_t categories = 100;
  static constexpr std::uint64_t types = 10;

  struct Peer {
    EventPeerKind kind;
    std::unique_ptr<EventPeer> store;
  };

  static Result<std::shared_ptr<History>> make(const Options& options,
                                               const ScratchFolder& scratch);

  EventStore& store() const { return *store_; }
  const std::vector<Peer>& peers() const { return peers_; }
  static std::string long_stream() { return std::string("account-") + account; }
  std::uint64_t long_events() const { return long_events_; }
  std::uint64_t streams() const { return streams_; }  ///< Beside the long one.
  std::uint64_t event_bytes() const { return event_bytes_; }

  static std::string stream(std::uint64_t number);
  static std::string category(std::uint64_t number);
  static std::string type(std::uint64_t number);

  /// A number below `end`, in an order without order that is the same in each run.
  std::uint64_t any(std::uint64_t end);

 private:
  History() = default;
  Result<void> fill(const Options& options);

  std::unique_ptr<EventStore> store_;
  std::vector<Peer> peers_;
  std::uint64_t long_events_ = 0;
  std::uint64_t streams_ = 0;
  std::uint64_t event_bytes_ = 0;
  std::uint64_t seed_ = 1;
};

}  // namespace annals::bench
