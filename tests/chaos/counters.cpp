#include "counters.hpp"

#include <array>
#include <utility>

namespace annals::chaos {

namespace {

constexpr std::array all = {
    std::pair{"events", &Counters::events},
    std::pair{"records", &Counters::records},
    std::pair{"repeated", &Counters::repeated},
    std::pair{"brokers killed", &Counters::brokers_killed},
    std::pair{"controllers among them", &Counters::controllers_killed},
    std::pair{"brokers stopped", &Counters::brokers_stopped},
    std::pair{"brokers frozen", &Counters::brokers_frozen},
    std::pair{"databases ended", &Counters::databases_ended},
    std::pair{"connections cut", &Counters::connections_cut},
    std::pair{"relays killed", &Counters::relays_killed},
    std::pair{"relays frozen", &Counters::relays_frozen},
    std::pair{"take-overs", &Counters::take_overs},
    std::pair{"relays fenced", &Counters::relays_fenced},
    std::pair{"producers lost", &Counters::producers_lost},
    std::pair{"consumers killed", &Counters::consumers_killed},
    std::pair{"consumers frozen", &Counters::consumers_frozen},
    std::pair{"records dropped", &Counters::dropped},
    std::pair{"commits fenced", &Counters::consumers_fenced},
    std::pair{"rebalances with work", &Counters::rebalances_with_work},
};

}  // namespace

Counters& Counters::operator+=(const Counters& other) {
  for (const auto& [name, counter] : all) this->*counter += other.*counter;
  return *this;
}

std::string to_string(const Counters& counters) {
  std::string text;
  for (const auto& [name, counter] : all) {
    text += (text.empty() ? "" : ", ") + std::to_string(counters.*counter) + ' ' + name;
  }
  return text;
}

}  // namespace annals::chaos
