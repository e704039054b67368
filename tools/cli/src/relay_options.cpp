#include "relay_options.hpp"

#include <cstdint>
#include <limits>

#include "option_text.hpp"
#include "relay_endpoint.hpp"

#include <CLI/CLI.hpp>

namespace annals::cli {

namespace {

// What librdkafka takes as message.max.bytes.
constexpr std::size_t record_bytes_min = 1'000;
constexpr std::size_t record_bytes_max = 1'000'000'000;

using Settings = std::vector<std::pair<std::string, std::string>>;

void add_settings(CLI::App& sub, const std::string& name, const std::string& what, Settings& into) {
  const auto take = [name, &into](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const std::size_t mark = text.find('=');
      if (mark == std::string::npos) refuse(name, "expects NAME=VALUE, not '" + text + "'");
      into.emplace_back(text.substr(0, mark), text.substr(mark + 1));
    }
  };
  sub.add_option_function<std::vector<std::string>>(name, take, what)
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
}

void add_count(CLI::App& sub, const std::string& name, const std::string& what,
               std::uint32_t& into) {
  const auto take = [name, &into](const std::string& text) {
    const std::uint64_t value = number(name, text);
    if (value == 0 || value > std::numeric_limits<std::int32_t>::max()) {
      refuse(name, "expects 1 or more, not " + text);
    }
    into = static_cast<std::uint32_t>(value);
  };
  sub.add_option_function<std::string>(name, take, what)->type_name("N")->default_str("broker's");
}

void add_seconds(CLI::App& sub, const std::string& name, const std::string& what,
                 std::chrono::milliseconds& into) {
  const auto take = [name, &into](const std::string& text) { into = seconds(name, text); };
  const auto given = std::chrono::duration_cast<std::chrono::seconds>(into);
  sub.add_option_function<std::string>(name, take, what)
      ->type_name("SECONDS")
      ->default_str(std::to_string(given.count()));
}

}  // namespace

void add_relay_options(CLI::App& sub, RelayRequest& request) {
  sub.footer(
      "Several relays may run: one leads, the others take over when it is gone.\n"
      "Status is JSON lines. docs/explanation/relay.md tells what a crash repeats.");
  sub.add_option("--brokers", request.brokers, "HOST:PORT, with commas between")
      ->required()
      ->type_name("");
  sub.add_option("--topic", request.topic, "One for each store")->required()->type_name("NAME");
  add_count(sub, "--partitions", "Of a topic that is made, or must be so", request.partitions);
  add_count(sub, "--replication", "Copies of a topic that is made", request.replication);
  sub.add_option("--compression", request.compression, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
      ->type_name("NAME")
      ->default_str(request.compression);
  sub.add_option("--record-bytes", request.record_bytes_max, "Of one record at most")
      ->check(CLI::Range(record_bytes_min, record_bytes_max))
      ->type_name("N")
      ->default_str("2097152");
  add_settings(sub, "--set", "A setting of librdkafka; again: another", request.settings);
  add_settings(sub, "--topic-set", "A setting of a topic that is made; again",
               request.topic_settings);
  sub.add_option("--checkpoints", request.checkpoints,
                 "Default: relay in DIR, or a table beside it")
      ->type_name("PLACE");
  sub.add_flag("--into-filled-topic", request.into_filled_topic,
               "Begin again in a topic of this store: the checkpoint was lost");
  sub.add_flag("--once", request.once,
               "End when all that is there is published, by whichever relay");
  add_seconds(sub, "--lease", "Silence after which another takes over", request.lease);
  const auto take_metrics = [&request](const std::string& text) {
    if (auto wrong = why_no_endpoint(text)) refuse("--metrics", *wrong);
    request.metrics = text;
  };
  sub.add_option_function<std::string>("--metrics", take_metrics,
                                       "Serve /metrics, /health and /ready there meanwhile")
      ->type_name("HOST:PORT");
  add_seconds(sub, "--status-every", "How often status is printed", request.status_every);
}

}  // namespace annals::cli
