/// @file
/// Loads aggregates: now, as of a position or a time, at a version.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <annals/aggregates/aggregate.hpp>
#include <annals/aggregates/snapshot_policy.hpp>
#include <annals/aggregates/state.hpp>
#include <annals/aggregates/state_loader.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// An aggregate's state and where in history it stands.
template <typename A>
struct Loaded : LoadInfo {
  A state = {};

  /// Whether the stream had an event at the cut.
  bool exists() const noexcept { return version.has_value(); }
};

/// Whether a load may find nothing.
enum class Existence : std::uint8_t {
  optional,  ///< An unknown stream loads as the initial state, without a version.
  required,  ///< It is stream_not_found.
};

/// Loads aggregates of type A, whose streams are named `category-id`. Thread-safe; copies share the
/// loader. The store must outlive it.
///
/// Errors of every load: corrupt (an event that is not what its type says, or `evolve` threw),
/// unsupported (an event of a type that A does not list, or of a schema version without an
/// upcaster), both with the event's position; diverged (a position beyond the head);
/// stream_not_found if existence is required; unavailable.
template <typename A>
class Repository {
 public:
  explicit Repository(EventStore& store, LoaderOptions options = {})
      : Repository(std::make_shared<StateLoader>(store, std::move(options))) {}
  /// Shares a loader, its upcasters and its snapshot thread with other repositories.
  explicit Repository(std::shared_ptr<StateLoader> loader) : loader_(std::move(loader)) {}

  /// The aggregate at the head of the log.
  Result<Loaded<A>> load(std::string_view id, Existence existence = Existence::optional) const {
    return load(id, AsOf::head(), existence);
  }

  /// The aggregate as it was: AsOf::position(p) or AsOf::recorded(t), the event at that place
  /// included. `cut` in the answer says which position it came to.
  Result<Loaded<A>> load(std::string_view id, AsOf as_of,
                         Existence existence = Existence::optional) const {
    const std::string stream = stream_of(id);
    return typed(loader_->load(*type().fold, stream, as_of), stream, existence);
  }

  /// The aggregate after its event `version`. Errors: also invalid_argument, if there is none yet.
  Result<Loaded<A>> load(std::string_view id, StreamVersion version) const {
    const std::string stream = stream_of(id);
    return typed(loader_->load(*type().fold, stream, version), stream, Existence::optional);
  }

  /// "account-42".
  static std::string stream_of(std::string_view id) { return stream_name(A::category, id); }

  /// Waits until the snapshots made so far are saved.
  void flush_snapshots() const { loader_->flush_snapshots(); }
  LoadStats stats() const { return loader_->stats(); }

 private:
  static const AggregateType& type() noexcept { return aggregate_type_of<A>(); }

  static Result<Loaded<A>> typed(Result<LoadedState> loaded, std::string_view stream,
                                 Existence existence) {
    if (!loaded) return std::move(loaded).error();
    if (existence == Existence::required && !loaded->info.version) {
      return Error{.code = ErrorCode::stream_not_found,
                   .message = "stream " + std::string(stream) + " has no events",
                   .position = loaded->info.cut.position};
    }
    Loaded<A> result;
    static_cast<LoadInfo&>(result) = loaded->info;
    result.state = std::move(*loaded->state.template as<A>());
    return result;
  }

  std::shared_ptr<StateLoader> loader_;
};

}  // namespace annals
