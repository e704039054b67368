// A process that makes the tables of road fines from a topic, until it is killed.
//
//   road_fines_follower --read-models URL --brokers BROKERS --topic TOPIC --group GROUP

#include <map>
#include <string>

#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>

#include "road_fines.hpp"
#include "session.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto rows = bank::Session{.read_models = given["--read-models"]}.open_read_models();
  if (!rows) return bank::failed(rows.error());
  const auto source = annals::make_kafka_source(
      {.brokers = given["--brokers"], .topic = given["--topic"], .group = given["--group"]});
  if (!source) return bank::failed(source.error());
  annals::ProjectionRunner runner(**source, **rows, {.threads = 2});
  auto added = runner.add_to_group<bank::fines::FineByFine>(**source);
  if (added) added = runner.add<bank::fines::FineTotals>();
  if (!added) return bank::failed(added.error());
  while (true) ::pause();
}
