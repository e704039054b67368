#include "demo.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <annals/aggregates/repository.hpp>

#include "bank.hpp"
#include "session.hpp"

namespace bank {

using annals::Result;
using namespace annals::literals;

namespace {

void say(const std::string& line) { std::printf("%s\n", line.c_str()); }

void chapter(const std::string& title) { std::printf("\n%s\n", title.c_str()); }

/// The demonstration, chapter by chapter. Each returns an error if something did not happen.
class Demo {
 public:
  explicit Demo(std::string folder) : folder_(std::move(folder)) {}

  Result<void> run() {
    const auto chapters = {&Demo::commands, &Demo::rejection,   &Demo::duplicate, &Demo::transfer,
                           &Demo::conflict, &Demo::time_travel, &Demo::damage};
    for (const auto play : chapters) {
      if (auto played = (this->*play)(); !played) return played;
    }
    return {};
  }

 private:
  Result<void> commands() {
    say("A bank in a minute. All of this really happens, in a log in " + folder_);
    chapter("Commands become events, and events are durable when the command is answered:");
    auto opened = open_bank({.path = folder_ + "/bank"});
    if (!opened) return std::move(opened).error();
    bank_ = std::move(*opened);
    if (auto sent = send("ada", OpenAccount{"Ada", 50_eur}, "open account ada"); !sent) return sent;
    if (auto sent = send("bob", OpenAccount{"Bob", 0_eur}, "open account bob"); !sent) return sent;
    return send("ada", Deposit{100_eur, "salary"}, "deposit 100.00 EUR for ada");
  }

  Result<void> rejection() {
    chapter("Rules decide on the state. Ada has 100.00 and may overdraw 50.00:");
    const auto answer = bank_->bus().send("ada", Withdraw{150.01_eur});
    if (answer || answer.error().rule != "insufficient-funds") return unexpected("rejection");
    say("  withdraw 150.01 EUR     rejected: " + answer.error().message);
    return send("ada", Withdraw{30_eur, "cash"}, "withdraw 30.00 EUR");
  }

  Result<void> duplicate() {
    chapter("A command sent twice with one id happens once. Its answer was lost? Send it again:");
    const annals::CommandOptions options{.id = annals::append_id_of("demo/rent")};
    const auto first = bank_->bus().send("ada", Withdraw{60_eur, "rent"}, options);
    if (!first) return first.error();
    say("  withdraw 60.00 EUR      position " + to_string(first->receipt.last_position));
    const auto second = bank_->bus().send("ada", Withdraw{60_eur, "rent"}, options);
    if (!second) return second.error();
    if (!second->repeated() || second->receipt.last_position != first->receipt.last_position) {
      return unexpected("second receipt");
    }
    say("  withdraw 60.00 EUR      position " + to_string(second->receipt.last_position) +
        ", repeated: the first receipt");
    return print_balance("ada");
  }

  Result<void> transfer() {
    chapter("A transfer is one command over two accounts, and one append: all of it or nothing:");
    before_transfer_ = bank_->store().head().position;
    const auto answer = bank_->bus().send(SendMoney{"ada", "bob", 40_eur});
    if (!answer) return answer.error();
    say("  transfer 40.00 EUR      positions " + to_string(answer->receipt.first_position) +
        " and " + to_string(answer->receipt.last_position));
    if (auto printed = print_balance("ada"); !printed) return printed;
    return print_balance("bob");
  }

  // Each bus keeps the states it knows, and none knows of the other: as two services would.
  Result<void> conflict() {
    chapter("Two tellers pay 1.00 EUR each into one account, again and again, with no lock:");
    annals::CommandBus other(bank_->store());
    other.add<Account>();
    std::int64_t deposits = 0;
    const auto before = balance("bob");
    if (!before) return before.error();
    const auto conflicts = [&] { return bank_->bus().stats().conflicts + other.stats().conflicts; };
    for (int round = 0; round < 50 && conflicts() == 0; ++round) {
      constexpr int each = 25;
      bool good[2] = {true, true};
      const auto work = [&](annals::CommandBus& bus, bool& all_accepted) {
        for (int i = 0; i < each; ++i) {
          if (!bus.send("bob", Deposit{1_eur, "teller"})) all_accepted = false;
        }
      };
      std::thread teller([&] { work(other, good[1]); });
      work(bank_->bus(), good[0]);
      teller.join();
      if (!good[0] || !good[1]) return unexpected("refused deposit");
      deposits += 2 * each;
    }
    const auto after = balance("bob");
    if (!after) return after.error();
    if (*after != *before + 1_eur * deposits) return unexpected("balance");
    say("  " + std::to_string(deposits) + " deposits accepted; " + std::to_string(conflicts()) +
        " times one was decided on a state that had moved on:");
    say("  the append refused it, and it was loaded and decided again. Nothing is lost:");
    return print_balance("bob");
  }

  Result<void> time_travel() {
    chapter("Nothing is ever overwritten, so any earlier state can be asked for:");
    const annals::Repository<Account> accounts(bank_->store());
    for (const auto position : {before_transfer_, bank_->store().head().position}) {
      const auto bob = accounts.load("bob", annals::AsOf::position(position));
      if (!bob) return bob.error();
      say("  bob at position " + padded(to_string(position)) + to_string(bob->state.balance));
    }
    return {};
  }

  Result<void> damage() {
    chapter("Every append is linked by hash to the one before it. The log proves itself whole:");
    if (auto verified = verify(folder_ + "/bank", annals::VerifyReport::Outcome::whole);
        !verified) {
      return verified;
    }
    bank_.reset();
    chapter(
        "Now somebody changes one bit in a copy: ada's salary of 100.00 EUR becomes 900.00 EUR:");
    std::filesystem::copy(folder_ + "/bank", folder_ + "/copy",
                          std::filesystem::copy_options::recursive);
    if (!flip_bit_of_the_salary()) return unexpected("files");
    return verify(folder_ + "/copy", annals::VerifyReport::Outcome::changed);
  }

  template <typename Command>
  Result<void> send(const std::string& account, Command command, const std::string& what) {
    const auto answer = bank_->bus().send(account, std::move(command));
    if (!answer) return answer.error();
    std::printf("  %-28s position %s\n", what.c_str(),
                to_string(answer->receipt.last_position).c_str());
    return {};
  }

  Result<Money> balance(const std::string& account) {
    const auto loaded = annals::Repository<Account>(bank_->store()).load(account);
    if (!loaded) return loaded.error();
    return loaded->state.balance;
  }

  Result<void> print_balance(const std::string& account) {
    const auto amount = balance(account);
    if (!amount) return amount.error();
    say("  " + account + " has " + to_string(*amount));
    return {};
  }

  static Result<void> verify(const std::string& folder, annals::VerifyReport::Outcome expected) {
    const auto report = annals::verify_log_files({.path = folder}, {});
    if (!report) return report.error();
    if (report->outcome != expected) return unexpected("outcome of verify");
    say("  verify: " + std::string(to_string(report->outcome)) + ", " +
        std::to_string(report->appends) + " appends good, up to position " +
        to_string(report->position));
    if (report->first_bad) {
      say("  found: " + report->first_bad->what);
    }
    return {};
  }

  /// Turns the '1' of "100.00 EUR" into a '9' where it is stored.
  bool flip_bit_of_the_salary() const {
    const std::string salary = "\"100.00 EUR\"";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/copy")) {
      if (!entry.is_regular_file()) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      const std::size_t place = bytes.find(salary);
      if (place == std::string::npos) continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(place + 1));
      file.put(static_cast<char>('1' ^ 0x08));
      return file.good();
    }
    return false;
  }

  static std::string padded(std::string text) {
    text.resize(std::max<std::size_t>(text.size() + 1, 6), ' ');
    return text;
  }

  static annals::Error unexpected(const std::string& what) {
    return {annals::ErrorCode::invalid_argument, "the demo did not expect this " + what};
  }

  const std::string folder_;
  std::unique_ptr<Bank> bank_;
  annals::GlobalPosition before_transfer_;
};

}  // namespace

int demo() {
  std::string folder = (std::filesystem::temp_directory_path() / "bank-demo-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    return failed({annals::ErrorCode::unavailable, "cannot make a folder like " + folder});
  }
  const auto played = Demo(folder).run();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!played) return failed(played.error());
  chapter("That was a minute. Next: bank import, then bank balances --as-of 2016-12-31");
  return exit_done;
}

}  // namespace bank
