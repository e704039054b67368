#include "command_line.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

#include "chosen_command.hpp"
#include "exit_code.hpp"
#include "import_options.hpp"
#include "option_text.hpp"
#include "projections_options.hpp"
#include "relay_options.hpp"
#include "store_address.hpp"

#include <CLI/CLI.hpp>

namespace annals::cli {

namespace {

bool is_file(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown);
}

/// Options are written into these while CLI11 parses; the request is put together afterwards.
class CommandLine {
 public:
  explicit CommandLine(const std::string& name)
      : app_(
            "Shows, follows, proves and copies the history in an annals store: a folder, or the "
            "URL\n"
            "of a PostgreSQL database (postgres://USER@HOST/DATABASE#SCHEMA). Commands open it "
            "for\n"
            "reading only and may run beside a program that writes to it; but `import` and\n"
            "`recover` write to it, `compress` packs its complete segments, `migrate` makes a\n"
            "database's tables, `relay` keeps its checkpoint beside it, and `projections` looks\n"
            "after its read models.",
            name) {
    app_.set_version_flag("--version", name + " (annals " ANNALS_VERSION ")");
    app_.set_help_flag("-h,--help", "Show this and exit");
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(34);
    app_.footer(
        "Output: tables on a terminal, JSON lines anywhere else; --json and --table force one.\n"
        "Exit codes: 0 done; 1 failed (standard error says why); 2 the command line is wrong.\n"
        "            verify: 0 whole, 1 changed, 2 incomplete, 3 could not run.\n"
        "            check: 0 all can be read, 1 something cannot.\n"
        "Times are UTC: 2024-02-29T12:34:56Z, or a date alone for the end of that day.");
    add_streams();
    add_read();
    add_tail();
    add_stats();
    add_verify();
    add_state();
    add_diff();
    add_check();
    add_projections();
    add_backup();
    add_compress();
    add_restore();
    add_recover();
    add_export();
    add_import();
    add_relay();
    command("migrate", "Make or update a database's tables")->callback([this] {
      request_.command = MigrateRequest{};
    });
  }

  std::variant<Request, CommandLineEnd> parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
      if (request_.folder.empty()) refuse("DIR", "expects the store's folder");
      if (is_file(request_.folder)) {
        refuse("DIR", "expects the store's folder, and " + request_.folder + " is a file");
      }
    } catch (const CLI::CallForVersion&) {
      return CommandLineEnd{.text = app_.version()};
    } catch (const CLI::CallForHelp&) {
      return CommandLineEnd{.text = help_of_chosen(app_)};
    } catch (const CLI::ParseError& error) {
      return CommandLineEnd{.exit_code = usage_code(argc, argv),
                            .text = usage_complaint(app_, error, argc, argv)};
    }
    return std::move(request_);
  }

 private:
  CLI::App* command(const std::string& name, const std::string& what, CLI::App* parent = nullptr) {
    CLI::App* sub = (parent != nullptr ? parent : &app_)->add_subcommand(name, what);
    sub->get_formatter()->column_width(34);
    sub->add_option("DIR,--data", request_.folder, "The store's folder, or its database's URL")
        ->type_name("");
    sub->add_flag_callback(
        "--json", [this] { force("--json", Format::json); }, "JSON lines, also on a terminal");
    sub->add_flag_callback(
        "--table", [this] { force("--table", Format::table); }, "Tables, also in a pipe");
    return sub;
  }

  // CLI11 could check what excludes what itself, but says so in every line of the help.
  void force(const std::string& option, Format format) {
    if (request_.format != Format::automatic) refuse(option, "--json or --table, not both");
    request_.format = format;
  }
  void cut(const std::string& option, AsOf as_of) {
    if (as_of_) refuse(option, "history has one end, and another option gave it");
    as_of_ = as_of;
  }
  void follow_after(const std::string& option, GlobalPosition position) {
    if (after_) refuse(option, "tail has one beginning, and another option gave it");
    after_ = position;
  }

  CLI::Option* valued(CLI::App* sub, const std::string& name, const std::string& type,
                      const std::string& what, std::function<void(const std::string&)> take) {
    return sub->add_option_function<std::string>(name, std::move(take), what)->type_name(type);
  }

  void add_query(CLI::App* sub, bool streams) {
    const auto list = [&](const std::string& name, const std::string& type, const std::string& what,
                          std::vector<std::string>& into) {
      sub->add_option(name, into, what)->type_name(type)->expected(1)->take_all();
    };
    if (streams) {
      list("-s,--stream", "NAME", "Only this stream; again: any of them", item_.streams);
    }
    list("-c,--category", "NAME", "Only streams of this category; again: any", item_.categories);
    list("-t,--type", "NAME", "Only events of this type; again: any of them", item_.types);
    list("--tag", "TAG", "Only events with this tag; again: all of them", item_.tags);
  }

  void add_cut(CLI::App* sub) {
    valued(sub, "--as-of-position", "P", "History up to and including this position",
           [this](const std::string& text) {
             cut("--as-of-position", AsOf::position({number("--as-of-position", text)}));
           });
    valued(sub, "--as-of", "TIME", "History recorded at this time or before",
           [this](const std::string& text) {
             const auto when = parse_cut_time(text);
             if (!when) {
               refuse("--as-of",
                      "expects a time such as 2024-02-29T12:34:56Z or a date such as 2024-02-29, "
                      "not '" +
                          text + "'");
             }
             cut("--as-of", AsOf::recorded(*when));
           });
  }

  void add_limit(CLI::App* sub, const std::string& what) {
    valued(sub, "-n,--limit", "N", what,
           [this](const std::string& text) { limit_ = number("--limit", text); });
  }

  void add_streams() {
    CLI::App* sub = command("streams", "List the streams with their number of events");
    add_query(sub, false);
    add_cut(sub);
    add_limit(sub, "Show at most N streams");
    sub->callback([this] {
      request_.command =
          StreamsRequest{.query = query(), .as_of = as_of(), .limit = limit_.value_or(no_limit)};
    });
  }

  void add_read() {
    CLI::App* sub = command("read", "Print events");
    add_query(sub, true);
    const auto start = [&](const std::string& name, const std::string& type,
                           const std::string& what, Start (*make)(std::uint64_t)) {
      return valued(sub, name, type, what, [this, name, make](const std::string& text) {
        if (start_) refuse(name, "a read has one beginning, and another option gave it");
        start_ = make(number(name, text));
      });
    };
    start("--from-position", "P", "Begin with this global position",
          [](std::uint64_t n) { return Start::from(GlobalPosition{n}); });
    start("--after-position", "P", "Begin behind it (backward: before it)",
          [](std::uint64_t n) { return Start::after(GlobalPosition{n}); });
    start("--from-version", "V", "Begin with this version of the one --stream",
          [](std::uint64_t n) { return Start::from(StreamVersion{n}); });
    start("--after-version", "V", "Begin behind it (backward: before it)",
          [](std::uint64_t n) { return Start::after(StreamVersion{n}); });
    sub->add_flag("-b,--backward", backward_, "Newest first");
    add_cut(sub);
    add_limit(sub, "Print at most N events");
    sub->callback([this] {
      if (start_ && std::holds_alternative<StreamVersion>(start_->place()) &&
          only_stream(query()) == nullptr) {
        refuse("--from-version, --after-version", "a version is one stream's: give one --stream");
      }
      request_.command =
          ReadRequest{.options = {.query = query(),
                                  .direction = backward_ ? Direction::backward : Direction::forward,
                                  .start = start_.value_or(Start::at_end_of_direction()),
                                  .limit = limit_.value_or(no_limit),
                                  .as_of = as_of()}};
    });
  }

  void add_tail() {
    CLI::App* sub = command("tail", "Print events as they are recorded, until interrupted");
    add_query(sub, true);
    valued(sub, "--from", "P", "Begin with this global position; absent: what is new",
           [this](const std::string& text) {
             const std::uint64_t position = number("--from", text);
             follow_after("--from", {position == 0 ? 0 : position - 1});
           });
    valued(sub, "--after", "P", "Begin behind this global position; 0 is the beginning",
           [this](const std::string& text) { follow_after("--after", {number("--after", text)}); });
    add_limit(sub, "End after N events");
    valued(sub, "--timeout", "SECONDS", "End after this time; with --limit, fail if it was not met",
           [this](const std::string& text) { timeout_ = seconds("--timeout", text); });
    sub->callback([this] {
      request_.command = TailRequest{.query = query(),
                                     .after = after_,
                                     .limit = limit_.value_or(no_limit),
                                     .timeout = timeout_};
    });
  }

  void add_stats() {
    CLI::App* sub = command("stats", "Say what the store holds, who it is and where it ends");
    sub->add_flag("--bytes", stats_.bytes,
                  "Also what the bytes are, part by part (reads the whole log)");
    add_progress(sub, stats_.progress);
    sub->callback([this] { request_.command = stats_; });
  }

  void add_verify() {
    CLI::App* sub = command(
        "verify", "Prove that nothing was changed, also of a store that is too damaged to open");
    sub->footer(
        "Prints a position and a link to write down; --expect with both, any time later, proves\n"
        "that history up to there is still the same.\n"
        "Exit codes: 0 whole, 1 changed, 2 incomplete, 3 could not run.");
    valued(sub, "--expect", "POSITION:LINK", "What was written down earlier",
           [this](const std::string& text) { verify_.expected = expected_link("--expect", text); });
    valued(sub, "--from", "P", "Begin with the append that holds this position",
           [this](const std::string& text) { verify_.first = {number("--from", text)}; });
    valued(
        sub, "--to", "P", "End with the append that holds this position",
        [this](const std::string& text) { verify_.last = GlobalPosition{number("--to", text)}; });
    sub->add_flag("--progress", verify_.progress, "Show progress where there is no terminal, too");
    sub->callback([this] {
      if (verify_.last && *verify_.last < verify_.first) refuse("--to", "lies before --from");
      const bool from_the_start = verify_.first.value <= 1;
      if (verify_.expected && ((!from_the_start && verify_.expected->position < verify_.first) ||
                               (verify_.last && *verify_.last < verify_.expected->position))) {
        refuse("--expect", "lies outside of --from and --to");
      }
      request_.command = verify_;
    });
  }

  void add_state() {
    CLI::App* sub = command("state", "Fold the state of aggregates (needs a program's own types)");
    sub->add_option("STREAM", state_streams_, "Streams such as account-42")->type_name("");
    add_cut(sub);
    sub->callback([this] {
      if (state_streams_.empty()) refuse("STREAM", "expects a stream, such as account-42");
      request_.command = StateRequest{.streams = state_streams_, .as_of = as_of()};
    });
  }

  void add_end(CLI::App* sub, const std::string& prefix, std::optional<AsOf>& end) {
    const auto set = [&end](const std::string& option, AsOf as_of) {
      if (end) refuse(option, "history has one end, and another option gave it");
      end = as_of;
    };
    const std::string position = "--" + prefix + "position";
    valued(
        sub, position, "P", "History up to and including this position",
        [=](const std::string& text) { set(position, AsOf::position({number(position, text)})); });
    const std::string time = "--" + prefix.substr(0, prefix.size() - 1);
    valued(sub, time, "TIME", "History recorded at this time or before",
           [=](const std::string& text) {
             const auto when = parse_cut_time(text);
             if (!when) refuse(time, "expects a time or a date, not '" + text + "'");
             set(time, AsOf::recorded(*when));
           });
  }

  void add_diff() {
    CLI::App* sub =
        command("diff", "Show what changed in an aggregate between two cuts (needs own types)");
    sub->add_option("STREAM", diff_stream_, "A stream such as account-42")->type_name("");
    add_end(sub, "from-", diff_from_);
    add_end(sub, "to-", diff_to_);
    sub->callback([this] {
      if (diff_stream_.empty()) refuse("STREAM", "expects a stream, such as account-42");
      if (!diff_from_) refuse("--from-position", "or --from says what to compare with");
      request_.command = DiffRequest{
          .stream = diff_stream_, .from = *diff_from_, .to = diff_to_.value_or(AsOf::head())};
    });
  }

  void add_read_models(CLI::App* sub) {
    sub->add_option("--read-models", read_models_,
                    "A file or postgres://USER@HOST/DATABASE#SCHEMA; default: DIR/read-models.db")
        ->type_name("PLACE");
  }
  std::string read_models() const {
    if (!is_database(read_models_) && looks_like_an_address(read_models_)) {
      refuse("--read-models", "expects a file, or a database as postgres://USER@HOST/DATABASE");
    }
    if (!read_models_.empty()) return read_models_;
    if (is_database(request_.folder))
      refuse("--read-models", "says where a database's are: a file or a URL");
    return request_.folder + "/read-models.db";
  }

  void add_check() {
    CLI::App* sub = command(
        "check", "List stored events and read models that this program cannot read (own types)");
    add_read_models(sub);
    sub->callback([this] { request_.command = CheckRequest{.read_models = read_models()}; });
  }

  void add_projections() {
    using Action = ProjectionsRequest::Action;
    CLI::App* projections =
        app_.add_subcommand("projections", "Look after the read models of a store");
    projections->require_subcommand(1);
    const auto add_to = [this](CLI::App* parent, const std::string& name, const std::string& what,
                               Action action) {
      CLI::App* sub = command(name, what, parent);
      add_read_models(sub);
      sub->add_option("NAME", projections_.names, "Projections; default: all")->type_name("");
      sub->callback([this, action] {
        projections_.action = action;
        projections_.read_models = read_models();
        request_.command = projections_;
      });
      return sub;
    };
    const auto add = [&](const std::string& name, const std::string& what, Action action) {
      return add_to(projections, name, what, action);
    };
    add("list", "Each projection: definition, position, tables, who projects, why it has halted",
        Action::list);
    add("lag", "How far each is behind the log, in events and seconds", Action::lag);
    add("pause", "Let projections rest, in whatever process they run", Action::pause);
    add("resume", "Let them go on, also after they have halted", Action::resume);
    CLI::App* rebuild = add(
        "rebuild", "Make tables anew while the old ones serve (needs own types)", Action::rebuild);
    add_rebuild_options(*rebuild, projections_);
    add_parked_commands(*projections, add_to, projections_);
  }

  void add_progress(CLI::App* sub, bool& progress) {
    sub->add_flag("--progress", progress, "Show progress where there is no terminal, too");
  }

  void add_backup() {
    CLI::App* sub = command("backup", "Copy a store, also while a program writes to it");
    sub->get_option("DIR")->description("The store's folder");
    sub->add_option("DEST", backup_.destination, "An empty or missing folder")->type_name("");
    sub->add_flag_callback(
        "--no-snapshots", [this] { backup_.snapshots = false; }, "Leave snapshots out");
    sub->add_flag_callback(
        "--no-verify", [this] { backup_.verify = false; }, "Do not prove the copy");
    add_progress(sub, backup_.progress);
    sub->callback([this] {
      if (backup_.destination.empty()) refuse("DEST", "expects the folder to copy to");
      request_.command = backup_;
    });
  }

  void add_compress() {
    CLI::App* sub = command("compress", "Compress a store's complete segments");
    sub->get_option("DIR")->description("The store's folder");
    sub->footer(
        "Nobody may have the store open for writing. Reads find the same events at the same\n"
        "places. An older annals that knows no compression refuses the store afterwards.\n"
        "Segments that were compressed before are counted, not read: `verify` proves them.");
    add_progress(sub, compress_.progress);
    sub->callback([this] { request_.command = compress_; });
  }

  void add_restore() {
    CLI::App* sub = command("restore", "Make a store from a backup (DIR), in a new era");
    sub->get_option("DIR")->description("The backup's folder");
    sub->add_option("STORE", restore_.destination, "An empty or missing folder")->type_name("");
    valued(sub, "--era", "N", "Its era; default: the one after the backup's",
           [this](const std::string& text) {
             const std::uint64_t era = number("--era", text);
             if (era >= 0xFFFFFFFF) refuse("--era", "expects a number below 2^32 - 1");
             restore_.era = Era{static_cast<std::uint32_t>(era)};
           });
    valued(sub, "--to", "P", "Only history up to this position, to the end of a group of appends",
           [this](const std::string& text) {
             restore_.last = GlobalPosition{number("--to", text)};
             if (restore_.last->value == 0) refuse("--to", "positions begin with 1");
           });
    sub->add_flag_callback(
        "--no-verify", [this] { restore_.verify = false; }, "Do not prove the copy");
    add_progress(sub, restore_.progress);
    sub->callback([this] {
      if (restore_.destination.empty()) refuse("STORE", "expects the new store's folder");
      request_.command = restore_;
    });
  }

  void add_recover() {
    CLI::App* sub = command("recover", "Open a folder for writing once, as after a crash");
    sub->get_option("DIR")->description("The store's folder");
    sub->footer(
        "Nobody may have the store open for writing. Without its file `mark` nobody can say\n"
        "whether events that were acknowledged are missing at the end; `verify` says how far it\n"
        "is whole.");
    sub->add_flag("--accept-lost-mark", recover_.accept_lost_mark,
                  "Take what the segments hold for all there was, and make the mark anew");
    sub->callback([this] { request_.command = recover_; });
  }

  void add_export() {
    CLI::App* sub = command("export", "Write history as JSON lines that `import` reads");
    add_query(sub, true);
    valued(sub, "--from", "P", "Begin with the append that holds this position",
           [this](const std::string& text) { export_.first = {number("--from", text)}; });
    valued(
        sub, "--to", "P", "End with the append that holds this position",
        [this](const std::string& text) { export_.last = GlobalPosition{number("--to", text)}; });
    sub->add_option("-o,--output", export_.file, "A new file; default: standard output")
        ->type_name("FILE");
    add_progress(sub, export_.progress);
    sub->callback([this] {
      if (export_.last && *export_.last < export_.first) refuse("--to", "lies before --from");
      if (item_ != QueryItem{}) export_.query = query();
      request_.command = export_;
    });
  }

  void add_import() {
    CLI::App* sub = command("import", "Append what `export` wrote; it again: only what is missing");
    add_import_options(*sub, import_);
    sub->callback([this] {
      check_import_options(import_);
      request_.command = import_;
    });
  }

  void add_relay() {
    CLI::App* sub = command("relay", "Publish to a Kafka topic, until interrupted");
    add_relay_options(*sub, relay_);
    sub->callback([this] { request_.command = relay_; });
  }

  Query query() const { return {{item_}}; }
  AsOf as_of() const { return as_of_.value_or(AsOf::head()); }

  /// `verify` keeps 2 for "incomplete".
  static int usage_code(int argc, char** argv) {
    return argc > 1 && std::string_view(argv[1]) == "verify" ? exit_verify_could_not_run
                                                             : exit_usage;
  }

  CLI::App app_;
  Request request_{.folder = {}, .format = Format::automatic, .command = StatsRequest{}};
  QueryItem item_;
  std::optional<Start> start_;
  bool backward_ = false;
  std::optional<AsOf> as_of_;
  std::optional<std::uint64_t> limit_;
  std::optional<GlobalPosition> after_;
  std::optional<std::chrono::milliseconds> timeout_;
  VerifyRequest verify_;
  std::vector<std::string> state_streams_;
  std::string diff_stream_;
  std::optional<AsOf> diff_from_;
  std::optional<AsOf> diff_to_;
  std::string read_models_;
  ProjectionsRequest projections_;
  StatsRequest stats_;
  BackupRequest backup_;
  CompressRequest compress_;
  RestoreRequest restore_;
  RecoverRequest recover_;
  ExportRequest export_;
  ImportRequest import_;
  RelayRequest relay_;
};

}  // namespace

std::string program_name(int argc, char** argv) {
  const std::string path = argc > 0 && argv[0] != nullptr ? argv[0] : "annals";
  return path.substr(path.rfind('/') + 1);
}

std::variant<Request, CommandLineEnd> parse_command_line(int argc, char** argv) {
  return CommandLine(program_name(argc, argv)).parse(argc, argv);
}

}  // namespace annals::cli
