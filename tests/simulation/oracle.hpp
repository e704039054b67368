#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/event_store.hpp>

namespace annals::simulation {

/// What the world outside the store knows: each request that was sent, each answer that came back,
/// and each head that a reader was shown. Compares a store with that.
class Oracle {
 public:
  /// Remembers a request that is about to be sent. Its id is set. Returns its number.
  std::size_t send(const AppendRequest& request);
  /// A request known to be absent is about to be sent again under its id, with these checks.
  void send_again(std::size_t number, const AppendRequest& request);
  /// Keeps the receipt. A later answer to the same request must be the same receipt.
  void acknowledge(std::size_t number, const Receipt& receipt);
  /// The store said that nothing was written.
  void refuse(std::size_t number);
  /// Nobody knows: the request may be there, wholly, or not.
  void doubt(std::size_t number);
  /// A reader was shown history up to here.
  void show(const Head& head);

  /// Says how `store` breaks a promise, or nothing. What was in doubt is settled by what is found:
  /// it must stay that way from then on.
  std::optional<std::string> compare(EventStore& store);
  /// Says whether the store, which is known to be damaged, hands out anything wrong: each event
  /// that can be read at all must be the one that compare() found at its position.
  /// `may_omit`: events may be missing, too.
  std::optional<std::string> misread(const EventStore& store, bool may_omit = false) const;

  std::size_t size() const { return sent_.size(); }
  const AppendRequest& request(std::size_t number) const { return sent_[number].request; }
  /// Sent, and either acknowledged or seen in the store.
  std::vector<std::size_t> present() const;
  /// Sent, and known not to be in the store.
  std::vector<std::size_t> absent() const;
  /// Sent, and not answered in a way that tells.
  std::vector<std::size_t> doubtful() const;
  const Receipt& receipt(std::size_t number) const { return *sent_[number].receipt; }
  /// One event that is in the log.
  struct Logged {
    std::size_t number;  ///< Of its request ...
    std::size_t index;   ///< ... and its place there.
    StreamVersion version;
    Timestamp recorded_at;
  };
  /// All that is in the log, in order: what was found by the last comparison, and what has been
  /// acknowledged since, if the acknowledgements came in order.
  const std::vector<Logged>& log() const { return log_; }
  const NewEvent& event(const Logged& at) const {
    return sent_[at.number].request.events[at.index];
  }
  std::optional<StreamVersion> last_version(const std::string& stream) const;

 private:
  enum class State : std::uint8_t { doubtful, present, absent };
  struct Sent {
    AppendRequest request;
    State state = State::doubtful;
    std::optional<Receipt> receipt = {};       // If present.
    std::optional<GlobalPosition> found = {};  // In the comparison at hand.
  };

  std::vector<std::size_t> all_in(State state) const;
  std::optional<std::string> compare_events(const RecordedEvents& events);
  std::optional<std::string> compare_receipts(EventStore& store);
  std::optional<std::string> compare_heads(EventStore& store, const RecordedEvents& events);

  std::vector<Sent> sent_;
  std::vector<Logged> log_;
  std::unordered_map<EventId, std::pair<std::size_t, std::size_t>> by_event_;
  std::map<std::string, StreamVersion> heads_;
  std::optional<Head> shown_;
};

/// Whether the event is the one that was sent.
bool same_event(const RecordedEvent& found, const NewEvent& sent);

/// Says how two receipts of one append differ, or nothing. `repeated` is not looked at.
std::optional<std::string> difference(const Receipt& one, const Receipt& other);

}  // namespace annals::simulation
