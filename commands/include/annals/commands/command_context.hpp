/// @file
/// What an interceptor sees of a command.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/commands/command_options.hpp>

namespace annals {

/// A command on its way in. Valid during the interceptor's call.
class CommandContext {
 public:
  CommandContext(const AnyCommand& command, std::string_view target, std::string_view json,
                 const AppendId& id, CommandOptions& options)
      : options(options), command_(command), target_(target), json_(json), id_(id) {}

  std::string_view command() const noexcept { return command_.name(); }
  /// The aggregate's id; empty for a command with a boundary of its own.
  std::string_view target() const noexcept { return target_; }
  /// The command as text.
  std::string_view json() const noexcept { return json_; }
  /// The request's id, given or made.
  const AppendId& id() const noexcept { return id_; }
  /// The command if it is a C, else nullptr.
  template <typename C>
  const C* as() const noexcept {
    return command_.as<C>();
  }

  /// May be changed, to stamp the actor or metadata for example; a change of `id` has no effect.
  CommandOptions& options;

  /// Calls `observer` with the answer, once, before the sender gets it: on the sender's thread or
  /// on a thread of the bus. Observers run in reverse order of their interceptors. They must not
  /// wait for another command; what they throw is dropped.
  void when_answered(std::function<void(const Result<CommandReceipt>&)> observer) {
    observers_.push_back(std::move(observer));
  }
  std::vector<std::function<void(const Result<CommandReceipt>&)>> take_observers() noexcept {
    return std::move(observers_);
  }

 private:
  const AnyCommand& command_;
  std::string_view target_;
  std::string_view json_;
  const AppendId& id_;
  std::vector<std::function<void(const Result<CommandReceipt>&)>> observers_;
};

/// Runs on the sender's thread before the command does anything, repeats included. Success lets it
/// go on to the next interceptor; an error is its answer. To measure or log, hang something on
/// CommandContext::when_answered. May be called by many threads at once.
using Interceptor = std::function<Result<void>(CommandContext&)>;

}  // namespace annals
