/// @file
/// The program `bank`: which words it knows, and what each of them runs.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include <annals/cli/main.hpp>
#include <annals/projections/partition.hpp>

#include "account.hpp"
#include "check.hpp"
#include "demo.hpp"
#include "follow_topic.hpp"
#include "import_command.hpp"
#include "ledger.hpp"
#include "read_models.hpp"
#include "reports.hpp"
#include "session.hpp"
#include "teller.hpp"

#include <CLI/CLI.hpp>

namespace bank {
namespace {

/// CLI11 would read -1 as a very large number.
CLI::Validator is_position() {
  return CLI::Validator(
      [](std::string& text) {
        const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
        return digits && text.size() < 20 ? std::string()
                                          : "'" + text + "' is no position such as 5000";
      },
      "");
}

/// Nothing of what was given is shown: it may hold a password.
CLI::Validator is_database() {
  return CLI::Validator(
      [](std::string& text) {
        const bool is_one = text.starts_with("postgres://") || text.starts_with("postgresql://");
        return is_one ? std::string() : "expects a database as postgres://USER@HOST/DATABASE";
      },
      "");
}

/// Whether the command line says so; the environment speaks for all commands.
bool given(const std::string& value, const char* variable) {
  const char* const everywhere = std::getenv(variable);
  return !value.empty() && (everywhere == nullptr || value != everywhere);
}

/// The command line, and what is to be done once it has been read.
struct Words {
  CLI::App app{"A bank built on annals: customers' accounts and double-entry books.", "bank"};
  Session session;
  Slip slip;
  ImportRequest import;
  CutWords cut;
  CutWords other_cut;  // What `diff` compares it with.
  TopicWords topic;
  std::string text;
  std::string first_day;
  std::string last_day;
  std::string metrics;
  std::int64_t count = 10;
  std::function<int()> action;

  Words() {
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "bank (annals " ANNALS_VERSION ")");
    app.add_option("--data", session.data, "Folder of what is not in a database")
        ->capture_default_str();
    app.add_option("--store", session.store,
                   "postgres://…#SCHEMA: the events in a database; its schema is bank unless named")
        ->check(is_database())
        ->type_name("URL")
        ->envname("BANK_STORE");
    app.add_option("--read-models", session.read_models,
                   "postgres://…#SCHEMA: the tables in a database, the same or another; schema "
                   "bank_read_models unless named")
        ->check(is_database())
        ->type_name("URL")
        ->envname("BANK_READ_MODELS");
    app.add_flag("--followed", session.followed,
                 "The tables are kept by `bank follow`: wait for it, project nothing")
        ->envname("BANK_FOLLOWED");
    app.add_option("--partitions", session.partitions,
                   "Into how many each read model is split; default: as it is, or one")
        ->check(CLI::Range(std::uint32_t{1}, annals::partitions_max))
        ->type_name("N")
        ->envname("BANK_PARTITIONS");
    session.output = output_of_stdout();
    auto* table = app.add_flag_callback(
        "--table", [this] { session.output = Output::table; }, "Tables, also in a pipe");
    app.add_flag_callback(
           "--json", [this] { session.output = Output::json_lines; },
           "JSON lines, also on a terminal")
        ->excludes(table);
    add_stories();
    add_reports();
    add_teller();
    app.add_subcommand("admin",
                       "What `annals` can do, and `state` for accounts: bank admin --help");
  }

  CLI::App* add(const std::string& name, const std::string& what, std::function<int()> run) {
    auto* command = app.add_subcommand(name, what);
    command->callback([this, run = std::move(run)] { action = run; });
    command->footer("And those of every command, such as --data, --store and --json: bank --help");
    return command;
  }

  void add_stories() {
    add("demo", "A minute in the life of a bank, in a store of its own", [this] {
      if (given(session.store, "BANK_STORE") || given(session.read_models, "BANK_READ_MODELS")) {
        std::fprintf(stderr, "bank: the demo has a store of its own, and takes no other\n");
        return exit_usage;
      }
      return demo();
    });
    auto* command = add("import", "Send the rows of a file as commands; again adds nothing",
                        [this] { return import_file(session, import); });
    command
        ->add_option("FILE", import.file, "CSV, plain or gzipped; default: the books of Hack Club")
        ->type_name("");
    command->add_option("--format", import.format, "What the rows are")
        ->check(CLI::IsMember({"hackclub", "berka"}))
        ->capture_default_str();
    command->add_flag("--compress", session.compress, "Compress the log's complete segments");
    command->add_flag("--acks", import.acknowledge,
                      "Print the number of each row once it is durable");
  }

  void add_cut(CLI::App* command, CutWords& words, const std::string& prefix) {
    command->add_option("--" + prefix + "as-of", words.as_of,
                        "By the day that money moved: 2016-12-31, day included");
    command->add_option("--" + prefix + "known-at", words.known_at,
                        "As it was known then: a date or a time");
    command
        ->add_option("--" + prefix + "as-of-position,--" + prefix + "known-at-position",
                     words.position, "As the log stood then: up to this position, included")
        ->check(is_position());
  }

  void add_reports() {
    auto* accounts = add("accounts", "The customers' accounts",
                         [this] { return print_accounts(session, text); });
    accounts->add_option("--owner", text, "Of customers whose name holds this");
    auto* balances = add("balances", "Every account that is not at zero, of customers and books",
                         [this] { return print_balances(session, cut); });
    add_cut(balances, cut, "");
    auto* difference = add("diff", "What changed in the balances between two cuts; default: to now",
                           [this] { return print_difference(session, cut, other_cut); });
    add_cut(difference, cut, "");
    add_cut(difference, other_cut, "to-");
    add("watch", "The balances, then each change of them, until Ctrl-C",
        [this] { return watch_balances(session, metrics); })
        ->add_option("--metrics", metrics, "Serve /metrics, /health and /ready there meanwhile")
        ->type_name("HOST:PORT")
        ->envname("BANK_METRICS");
    auto* statement = add("statement", "An account's events, with the balance after each",
                          [this] { return print_statement(session, slip.account); });
    statement->add_option("ACCOUNT", slip.account, "42, or Assets:PayPal")
        ->required()
        ->type_name("");
    auto* books = add("books", "An account of the books and those below it, from day to day",
                      [this] { return print_books(session, slip.account, first_day, last_day); });
    books->add_option("ACCOUNT", slip.account, "Assets, or Assets:PayPal")
        ->required()
        ->type_name("");
    books->add_option("--from", first_day, "The first day, such as 2016-01-01");
    books->add_option("--to", last_day, "The last day");
    add("largest", "The movements of most money", [this] { return print_largest(session, count); })
        ->add_option("--count", count, "How many")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    add("search", "Movements whose text, kind or account holds TEXT",
        [this] { return print_found(session, text); })
        ->add_option("TEXT", text)
        ->required()
        ->type_name("");
    add("totals", "Money in and out, day by day", [this] { return print_totals(session); });
    add("project", "Bring the read models up to date (every report does so, too)",
        [this] { return project(session); });
    add("check", "Every row of the tables against a fold of the log made afresh: 0 equal, 1 not",
        [this] { return check_tables(session); });
    add_follow();
    add("verify", "Prove the log whole: 0 whole, 1 changed, 2 incomplete, 3 could not run",
        [this] { return print_verification(session); });
  }

  void add_follow() {
    auto* command = add(
        "follow", "Keep the tables up to date from a Kafka topic, until Ctrl-C: no log is needed",
        [this] { return follow_topic(session, topic); });
    command->add_option("--topic", topic.topic, "What `admin relay` publishes to")->required();
    command->add_option("--brokers", topic.brokers, "HOST:PORT,…: of the topic")->required();
    command->add_option("--group", topic.group,
                        "Share the topic's partitions with the other banks of this group");
    command->add_option("--set", topic.settings, "NAME=VALUE: a setting of librdkafka's")
        ->type_name("");
    command->add_option("--status-every", topic.status_every, "Seconds between two looks")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }

  CLI::App* add_for_account(const std::string& name, const std::string& what,
                            int (*run)(const Session&, const Slip&)) {
    auto* command = add(name, what, [this, run] { return run(session, slip); });
    command->add_option("ACCOUNT", slip.account, "The customer's account")
        ->required()
        ->type_name("");
    command->add_option("--on", slip.date, "The day it is about, such as 2024-01-31; default: now");
    command->add_option("--id", slip.id, "Names this request: sent again, it happens once");
    return command;
  }

  void add_teller() {
    auto* open = add_for_account("open", "Open an account", open_account);
    open->add_option("--owner", slip.owner, "Whose it is")->required();
    open->add_option("--overdraft", slip.overdraft, "How far below zero it may go")
        ->capture_default_str();
    open->add_option("--currency", slip.currency, "ISO 4217")->capture_default_str();

    auto* send = add_for_account("transfer", "Move money to another account", transfer);
    send->add_option("TO", slip.to, "The account it goes to")->required()->type_name("");
    for (auto* command :
         {add_for_account("deposit", "Pay money in", deposit),
          add_for_account("withdraw", "Take money out", withdraw),
          add_for_account("charge", "Take a fee, whatever the balance is", charge), send}) {
      command->add_option("AMOUNT", slip.amount, "10.50, or \"10.50 EUR\"")
          ->required()
          ->type_name("");
      if (command != send) command->add_option("--text", slip.text, "What it is for");
    }
    add_for_account("freeze", "Let nothing out", freeze)->add_option("--text", slip.text, "Why");
    add_for_account("unfreeze", "Let money out again", unfreeze);
    add_for_account("close", "Close an empty account", close_account);
  }
};

int run(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "admin") == 0) {
    std::string name = "bank admin";  // What its messages begin with.
    argv[1] = name.data();
    return annals::cli::main<Account, LedgerAccount, Balances, Customers, DailyTotals, Statements>(
        argc - 1, argv + 1);
  }
  Words words;
  const auto is_first_word = [&](const CLI::App* command) {
    return command->get_name() == argv[1];
  };
  if (argc > 1 && argv[1][0] != '-' && words.app.get_subcommands(is_first_word).empty()) {
    std::fprintf(stderr, "bank: there is no command '%s'; bank --help lists them\n", argv[1]);
    return exit_usage;
  }
  try {
    words.app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    if (stop.get_exit_code() == 0) {  // --help, --version
      words.app.exit(stop);
      return exit_done;
    }
    std::fprintf(stderr, "bank: %s; bank --help says more\n", stop.what());
    return exit_usage;
  }
  return words.action ? words.action() : exit_usage;
}

}  // namespace
}  // namespace bank

int main(int argc, char** argv) { return bank::run(argc, argv); }
