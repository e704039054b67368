#include <algorithm>
#include <thread>
#include <utility>

#include <annals/relay/relay.hpp>

#include "kafka_producer.hpp"
#include "make_relay.hpp"
#include "publication.hpp"
#include "relay_lease.hpp"
#include "relay_state.hpp"

namespace annals {

namespace {

using internal::PlantedBug;
using internal::Publication;
using internal::RelayLease;
using internal::RelayState;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// What passes by itself, or with somebody's help, while the relay tries again.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout ||
         error.code == ErrorCode::outcome_unknown;
}

class KafkaRelay final : public Relay {
 public:
  KafkaRelay(const EventStore& store, RelayCheckpoints& checkpoints, RelayOptions options,
             PlantedBug bug)
      : store_(store), checkpoints_(checkpoints), options_(std::move(options)), bug_(bug) {}

  Result<void> run() override {
    RelayLease lease(checkpoints_, options_.topic, options_.lease);
    Result<void> ended;
    while (!state_.stopped() && ended) {
      const Token token = store_.token();
      const auto claimed =
          lease.claim(Checkpoint{{token.store, token.era, GlobalPosition{}}}, SteadyClock::now);
      if (!claimed && !may_pass(claimed.error())) {
        ended = claimed.error();
      } else if (!claimed) {
        complain(claimed.error());
        pause(milliseconds(500));
      } else if (*claimed) {
        ended = lead(lease);
      } else if (auto could = could_take_over(lease); !could) {
        ended = could;
      } else {
        state_.update([&](RelayStatus& status) {
          status.role = RelayStatus::Role::standby;
          status.epoch = lease.epoch();
          status.holder = lease.holder();
          status.position = lease.position();
          status.following = false;
          status.last_error.clear();
        });
        pause(std::clamp(options_.lease / 20, milliseconds(10), milliseconds(500)));
      }
    }
    state_.update([&](RelayStatus& status) {
      status.role = RelayStatus::Role::idle;
      status.following = false;
      if (!ended) status.last_error = to_string(ended.error());
    });
    return ended;
  }

  void stop() override { state_.stop(); }
  RelayStatus status() const override {
    RelayStatus status = state_.status();
    if (status.epoch == 0) return status;
    status.head = std::max(store_.head().position, status.position);
    if (status.lag() == 0) return status;
    if (auto lag = lag_after(store_, status.position, system_clock()->now())) {
      status.lag_time = *lag;
    }
    return status;
  }

 private:
  // Until the lease is lost, the relay is stopped, or it cannot go on.
  Result<void> lead(RelayLease& lease) {
    state_.update([&](RelayStatus& status) {
      status.role = RelayStatus::Role::leader;
      status.following = false;
      status.epoch = lease.epoch();
      status.holder = lease.holder();
      status.position = lease.record().checkpoint.token.position;
      status.last_error.clear();
      ++status.claims;
    });
    if (auto ours = check_store(lease.record()); !ours) return give_up(lease, ours.error());
    constexpr milliseconds shortest{50};
    constexpr milliseconds longest{2'000};
    milliseconds rest = shortest;
    while (!state_.stopped()) {
      const GlobalPosition before = lease.record().checkpoint.token.position;
      const auto ended = Publication(store_, options_, lease, state_, bug_).run();
      if (ended && *ended == Publication::End::lease_lost) return {};
      if (ended) break;
      if (!may_pass(ended.error())) {
        // What a relay finds wrong that was overtaken may be its successor's work: records in a
        // topic that it knows nothing of, for instance.
        const auto ours = lease.save(SteadyClock::now());
        if (ours && *ours) return give_up(lease, ended.error());
        if (ours || !lease.holds(SteadyClock::now())) return {};
      }
      complain(ended.error());
      const bool came_further = lease.record().checkpoint.token.position > before;
      rest = came_further ? shortest : std::min(2 * rest, longest);
      pause(rest);
      const auto held = lease.save(SteadyClock::now());
      if (held ? !*held : !lease.holds(SteadyClock::now())) return {};
    }
    lease.release(SteadyClock::now());
    return {};
  }

  Result<void> check_store(const RelayRecord& record) const {
    const StoreId published = record.checkpoint.token.store;
    if (published == store_.token().store) return {};
    return Error{ErrorCode::invalid_argument,
                 "topic " + options_.topic + " holds the events of store " + to_string(published) +
                     ", and this is store " + to_string(store_.token().store)};
  }

  // Whether one that stands by could go on where the leader is.
  Result<void> could_take_over(const RelayLease& lease) const {
    if (!lease.seen()) return {};
    if (auto ours = check_store(*lease.seen()); !ours) return ours;
    const std::size_t partitions = lease.seen()->last_positions.size();
    if (partitions == 0 || options_.partitions == 0 || options_.partitions == partitions) return {};
    return Error{ErrorCode::invalid_argument,
                 "topic " + options_.topic + " is published in " + std::to_string(partitions) +
                     " partitions, and " + std::to_string(options_.partitions) + " were asked for"};
  }

  Result<void> give_up(RelayLease& lease, const Error& error) {
    lease.record().failure = to_string(error);
    lease.release(SteadyClock::now());
    return error;
  }

  void complain(const Error& error) {
    state_.update([&](RelayStatus& status) {
      status.following = false;
      status.last_error = to_string(error);
    });
  }

  void pause(milliseconds time) const {
    const auto until = SteadyClock::now() + time;
    while (!state_.stopped() && SteadyClock::now() < until) {
      std::this_thread::sleep_for(std::min(time, milliseconds(20)));
    }
  }

  const EventStore& store_;
  RelayCheckpoints& checkpoints_;
  const RelayOptions options_;
  const PlantedBug bug_;
  RelayState state_;
};

}  // namespace

std::string_view to_string(RelayStatus::Role role) noexcept {
  switch (role) {
    case RelayStatus::Role::idle: return "idle";
    case RelayStatus::Role::standby: return "standby";
    case RelayStatus::Role::leader: return "leader";
  }
  return "unknown";
}

Result<std::unique_ptr<Relay>> make_relay(const EventStore& store, RelayCheckpoints& checkpoints,
                                          RelayOptions options) {
  return internal::make_relay(store, checkpoints, std::move(options), PlantedBug::none);
}

Result<std::unique_ptr<Relay>> internal::make_relay(const EventStore& store,
                                                    RelayCheckpoints& checkpoints,
                                                    RelayOptions options, PlantedBug bug) {
  const auto wrong = [](const std::string& what) {
    return Error{ErrorCode::invalid_argument, "a relay needs " + what};
  };
  if (options.brokers.empty()) return wrong("brokers, such as kafka.example:9092");
  if (!is_topic_name(options.topic)) {
    return wrong("a topic's name of 1 to 249 letters, digits, '.', '_' and '-'");
  }
  if (options.lease < milliseconds(100)) return wrong("a lease of 100 ms or more");
  if (auto fit = internal::check_user_settings(options.settings); !fit) return fit.error();
  // Names and values are checked before anybody waits for a broker.
  auto tried = internal::KafkaProducer::make(internal::kafka_settings(options), {});
  if (!tried) return std::move(tried).error();
  return std::unique_ptr<Relay>(
      std::make_unique<KafkaRelay>(store, checkpoints, std::move(options), bug));
}

}  // namespace annals
