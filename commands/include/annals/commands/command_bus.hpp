/// @file
/// Door of commands/: sends commands to the aggregates and deciders that decide them.

#pragma once

#include <array>
#include <cstddef>
#include <future>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/commands/bus_options.hpp>
#include <annals/commands/command_context.hpp>
#include <annals/commands/command_options.hpp>
#include <annals/commands/handler.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// Loads what a command relies on, decides, appends, and tries again when another writer was
/// faster.
///
/// - Commands that share a stream (or ask the same query) are handled in the order in which they
///   were sent to this bus; others in parallel.
/// - A command's id is its append's: whatever happens between, the same id writes once. Its first
///   receipt is looked up before anything is decided.
/// - A rejection, or a decision for no events, is answered only after the log was seen to hold
///   exactly what was loaded, at the position in Error::position or in the receipt.
/// - Events are folded into the state before they are appended; what cannot be folded (money that
///   overflows) is rejected with the rule "money" and not written.
///
/// Thread-safe, but for add() and intercept(), which come before the first command. The store must
/// outlive the bus. The destructor waits for the commands in flight.
///
/// Errors of every send: rejected (`Error::rule`); invalid_argument (a command or target that
/// cannot be, an id used before for another request, an exception out of the user's code, with its
/// text); wrong_expected_version or condition_failed (still in conflict after the last try, and
/// the message says how many); outcome_unknown (the append may have been written: send the command
/// again with Error::append_id, or ask the store's find_append); corrupt and unsupported (an event
/// on the way to the state); unavailable. Error::append_id is always the command's id.
class CommandBus {
 public:
  explicit CommandBus(EventStore& store, BusOptions options = {});
  ~CommandBus();
  CommandBus(const CommandBus&) = delete;
  CommandBus& operator=(const CommandBus&) = delete;

  /// Adds aggregates, for their commands, and deciders over several streams. Two of them handling
  /// commands of one name do not compile when they are added together; when they are added one by
  /// one, sending such a command is an error that says so.
  template <typename... T>
  CommandBus& add() {
    if constexpr ((rule::decider_lists_its_commands<T>::holds && ...)) {
      if constexpr (detail::EachPair<rule::no_two_handlers_share_a_command, T...>::holds) {
        (add_each(detail::CommandHandlers<T, typename T::Commands>::value), ...);
      }
    }
    return *this;
  }

  /// Adds an interceptor behind those that are there.
  CommandBus& intercept(Interceptor interceptor);

  /// Sends a command to the aggregate `id` and waits for the answer. The command is decided on the
  /// calling thread.
  template <Command C>
  Result<CommandReceipt> send(std::string_view id, C command, CommandOptions options = {}) {
    return send_any(id, AnyCommand(std::move(command)), std::move(options));
  }
  /// Sends a command that has a boundary of its own.
  template <Command C>
  Result<CommandReceipt> send(C command, CommandOptions options = {}) {
    return send_any({}, AnyCommand(std::move(command)), std::move(options));
  }

  /// As send(), without waiting: thousands can be in flight from one thread. `completion` is called
  /// exactly once, for commands that share a stream in the order sent: on a thread of the bus, or
  /// on this one if the command never gets under way. It may send commands with send_async, but
  /// must not wait for one. Blocks while in_flight_max commands are unanswered.
  template <Command C>
  void send_async(std::string_view id, C command, CommandOptions options,
                  CommandCompletion completion) {
    send_any_async(id, AnyCommand(std::move(command)), std::move(options), std::move(completion));
  }
  template <Command C>
  void send_async(C command, CommandOptions options, CommandCompletion completion) {
    send_any_async({}, AnyCommand(std::move(command)), std::move(options), std::move(completion));
  }
  /// As above, answering through a future.
  template <Command C>
  std::future<Result<CommandReceipt>> send_async(std::string_view id, C command,
                                                 CommandOptions options = {}) {
    return send_any_async(id, AnyCommand(std::move(command)), std::move(options));
  }
  template <Command C>
  std::future<Result<CommandReceipt>> send_async(C command, CommandOptions options = {}) {
    return send_any_async({}, AnyCommand(std::move(command)), std::move(options));
  }

  /// Sends the command called `name`, read from JSON text in which unknown fields are errors.
  /// `target` is the aggregate's id, or empty.
  Result<CommandReceipt> send_json(std::string_view name, std::string_view target,
                                   std::string_view json, CommandOptions options = {});
  void send_json_async(std::string_view name, std::string_view target, std::string_view json,
                       CommandOptions options, CommandCompletion completion);

  Result<CommandReceipt> send_any(std::string_view target, AnyCommand command,
                                  CommandOptions options = {});
  void send_any_async(std::string_view target, AnyCommand command, CommandOptions options,
                      CommandCompletion completion);
  std::future<Result<CommandReceipt>> send_any_async(std::string_view target, AnyCommand command,
                                                     CommandOptions options = {});

  /// Waits until every command of send_async that was sent before is answered.
  void wait_idle();

  /// What can be sent, sorted by name.
  std::vector<const CommandHandler*> handlers() const;

  StateLoader& loader() noexcept;
  BusStats stats() const;

 private:
  class Impl;

  template <std::size_t N>
  void add_each(const std::array<CommandHandler, N>& handlers) {
    for (const CommandHandler& handler : handlers) add_handler(handler);
  }
  void add_handler(const CommandHandler& handler);

  std::unique_ptr<Impl> impl_;
};

}  // namespace annals
