#include "import.hpp"

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "account.hpp"
#include "ledger.hpp"
#include "progress.hpp"

namespace bank {

using annals::CommandBus;
using annals::CommandOptions;
using annals::CommandReceipt;
using annals::Error;
using annals::Result;
using namespace annals::literals;

namespace {

/// Counts the answers of commands in flight, and keeps the first that is an error.
class Answers {
 public:
  Answers(CommandBus& bus, const Answered& answered) : bus_(bus), answered_(answered) {}
  // The completions refer to this object.
  ~Answers() { bus_.wait_idle(); }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// What takes the answer to row `number`; 0 is a command that stands for no row.
  annals::CommandCompletion completion(std::int64_t number, std::string what) {
    return [this, number, what = std::move(what)](Result<CommandReceipt> answer) {
      if (answer && answered_ && number > 0) answered_(number);
      const std::lock_guard lock(mutex_);
      if (!answer) {
        if (!error_)
          error_ = std::move(answer).error(), error_->message = what + ": " + error_->message;
        return;
      }
      ++imported_.commands;
      if (answer->repeated() || answer->no_events) return;
      const annals::Receipt& receipt = answer->receipt;
      imported_.new_events += receipt.last_position.value - receipt.first_position.value + 1;
    };
  }

  bool failed() const {
    const std::lock_guard lock(mutex_);
    return error_.has_value();
  }
  std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return imported_.commands;
  }

  Result<Imported> wait() {
    bus_.wait_idle();
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    return imported_;
  }

 private:
  CommandBus& bus_;
  const Answered& answered_;
  mutable std::mutex mutex_;
  Imported imported_;           // Guarded by mutex_.
  std::optional<Error> error_;  // Guarded by mutex_.
};

}  // namespace

Result<Imported> import_books(CommandBus& bus, const std::vector<hackclub::Entry>& entries,
                              const Answered& answered) {
  Progress progress("Transactions", entries.size());
  Answers answers(bus, answered);
  std::string revision;
  std::int64_t number = 0;
  for (const hackclub::Entry& entry : entries) {
    if (answers.failed()) break;
    if (revision != entry.revision) bus.wait_idle();
    revision = entry.revision;

    // Of the revision, the event and the key, never of the contents: there are transactions that
    // are the same in all they say.
    const std::string event = entry.recorded ? "recorded" : "withdrawn";
    const std::string name = entry.revision + "/" + event + "/" + entry.transaction;
    CommandOptions options{.id = annals::append_id_of("hackclub/" + name),
                           .known_at = entry.known_at,
                           .effective_at = entry.date};
    std::vector<Posting> postings;
    for (const auto& line : entry.lines) {
      postings.push_back({line.account, Money::of_minor(line.cents, "USD")});
    }
    auto completion = answers.completion(++number, "transaction " + name);
    if (entry.recorded) {
      bus.send_async(RecordTransaction{entry.transaction, std::move(postings)}, std::move(options),
                     std::move(completion));
    } else {
      bus.send_async(WithdrawTransaction{entry.transaction, std::move(postings)},
                     std::move(options), std::move(completion));
    }
    progress.show(answers.count());
  }
  return answers.wait();
}

Result<Imported> import_berka(CommandBus& bus, const std::vector<berka::Row>& rows,
                              const Answered& answered) {
  Progress progress("Rows", rows.size());
  Answers answers(bus, answered);
  std::set<std::string> opened;
  for (const berka::Row& row : rows) {
    if (answers.failed()) break;
    if (opened.insert(row.account).second) {
      bus.send_async(
          row.account, OpenAccount{"account " + row.account, 10'000.00_czk},
          {.id = annals::append_id_of("berka/open/" + row.account), .effective_at = row.date},
          answers.completion(0, "account " + row.account));
    }

    CommandOptions options{.id = annals::append_id_of("berka/row/" + std::to_string(row.seq)),
                           .effective_at = row.date};
    auto completion = answers.completion(row.seq, "row " + std::to_string(row.seq));
    const Money amount = Money::of_minor(row.hellers, "CZK");
    switch (row.kind) {
      case berka::Kind::deposit:
        bus.send_async(row.account, Deposit{amount, row.text}, std::move(options),
                       std::move(completion));
        break;
      case berka::Kind::withdraw:
        bus.send_async(row.account, Withdraw{amount, row.text}, std::move(options),
                       std::move(completion));
        break;
      case berka::Kind::charge:
        bus.send_async(row.account, Charge{amount, row.text}, std::move(options),
                       std::move(completion));
        break;
    }
    progress.show(answers.count());
  }
  return answers.wait();
}

}  // namespace bank
