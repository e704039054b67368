#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/aggregates/repository.hpp>
#include <annals/commands/command_bus.hpp>

#include "aggregates/engines.hpp"
#include "bank.hpp"

namespace annals {

class BusTest : public EngineTest {
 protected:
  /// A bus with all of the bank.
  std::unique_ptr<CommandBus> make_bus(BusOptions options = {}) {
    auto bus = std::make_unique<CommandBus>(store(), std::move(options));
    bus->add<bank::Account, bank::TransferDecider, bank::RegisterDecider, bank::JoinDecider>();
    return bus;
  }
  void open(CommandBus& bus, const std::string& id, bank::Money balance) {
    const auto opened = bus.send(id, bank::OpenAccount{"Ada"});
    ASSERT_TRUE(opened) << to_string(opened.error());
    const auto deposited = bus.send(id, bank::Deposit{balance});
    ASSERT_TRUE(deposited) << to_string(deposited.error());
  }
  bank::Account account(const std::string& id) {
    auto loaded = Repository<bank::Account>(store()).load(id);
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    return loaded ? loaded->state : bank::Account{};
  }
  std::uint64_t head() { return store().head().position.value; }
};

/// Passes everything on, and calls `before_append` first. What it may do is another writer's work.
class IntrudedStore final : public EventStore {
 public:
  explicit IntrudedStore(EventStore& inner) : inner_(inner) {}

  std::function<std::optional<Error>(const AppendRequest&)> before_append;
  std::function<std::optional<Error>(const AppendRequest&)> after_append;

  Result<Receipt> append(AppendRequest request) override {
    const AppendRequest copy = request;
    if (before_append) {
      if (auto error = before_append(copy)) return *std::move(error);
    }
    auto receipt = inner_.append(std::move(request));
    if (receipt && after_append) {
      if (auto error = after_append(copy)) return *std::move(error);
    }
    return receipt;
  }
  void append_async(AppendRequest request, AppendCompletion completion) override {
    const AppendRequest copy = request;
    if (before_append) {
      if (auto error = before_append(copy)) return completion(*std::move(error));
    }
    inner_.append_async(std::move(request),
                        [this, copy, completion = std::move(completion)](Result<Receipt> receipt) {
                          if (receipt && after_append) {
                            if (auto error = after_append(copy))
                              return completion(*std::move(error));
                          }
                          completion(std::move(receipt));
                        });
  }
  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    return inner_.find_append(id);
  }
  Result<std::unique_ptr<Cursor>> read(ReadOptions options) const override {
    return inner_.read(std::move(options));
  }
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    return inner_.subscribe(std::move(options));
  }
  Head head() const override { return inner_.head(); }
  Token token() const override { return inner_.token(); }
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    return inner_.resume(checkpoint);
  }
  Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const override {
    return inner_.stream_version(stream);
  }
  Result<RecordedAppend> append_holding(GlobalPosition position) const override {
    return inner_.append_holding(position);
  }
  Result<Link> link_at(GlobalPosition position) const override { return inner_.link_at(position); }
  Result<void> save_snapshot(Snapshot snapshot) override {
    return inner_.save_snapshot(std::move(snapshot));
  }
  Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                std::uint64_t fingerprint) const override {
    return inner_.load_snapshot(stream, at, fingerprint);
  }
  Result<VerifyReport> verify(const VerifyOptions& options) const override {
    return inner_.verify(options);
  }
  Stats stats() const override { return inner_.stats(); }
  Limits limits() const override { return inner_.limits(); }

 private:
  EventStore& inner_;
};

}  // namespace annals
