/// @file
/// Door of tools/cli/: the program `annals` with a program's own aggregates and projections.

#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <annals/aggregates/repository.hpp>
#include <annals/cli/run.hpp>
#include <annals/codec/json.hpp>
#include <annals/projections/projection.hpp>

namespace annals::cli {

namespace rule {

template <typename A>
struct shown_state_is_described {
  static constexpr bool holds = Described<A>;
  static_assert(holds,
                "annals: the command 'state' prints an aggregate's fields: list them with "
                "ANNALS_STATE(Type, fields...)");
};

}  // namespace rule

/// How `state` folds aggregates of type A, from their events alone: snapshots, which are a cache,
/// are neither read nor written, so that what is shown is what the events say.
template <typename A>
StateFold state_fold_of(Upcasters upcasters = {}) {
  static_assert(rule::shown_state_is_described<A>::holds);
  return {.category = A::category,
          .show = [upcasters = std::move(upcasters)](EventStore& store, std::string_view id,
                                                     AsOf as_of) -> Result<ShownState> {
            const Repository<A> repository(
                store, LoaderOptions{.upcasters = upcasters, .snapshots = {.every = 0}});
            auto loaded = repository.load(id, as_of);
            if (!loaded) return std::move(loaded).error();
            auto json = to_json(loaded->state);
            if (!json) return std::move(json).error();
            ShownState shown{loaded->version, loaded->cut, std::move(*json), {}};
            for (const FieldEntry& field : TableOf<A>::fields) {
              std::string text;
              auto written = annals::detail::write_value(field.type, field.get(&loaded->state),
                                                         field.name, text);
              if (!written) return std::move(written).error();
              shown.fields.emplace_back(field.name, std::move(text));
            }
            return shown;
          }};
}

namespace detail {

template <typename T>
void add_type(ProgramTypes& types) {
  if constexpr (requires { T::category; }) {
    types.folds.push_back(state_fold_of<T>(types.upcasters));
    const auto events = T::Events::types();
    types.events.insert(types.events.end(), events.begin(), events.end());
  } else {
    types.projections.push_back(&projection_type_of<T>());
    const auto events = projection_type_of<T>().event_types();
    types.events.insert(types.events.end(), events.begin(), events.end());
  }
}

}  // namespace detail

/// A program's own `annals`: all commands, also for its aggregates and projections T.
///
///     int main(int argc, char** argv) {
///       return annals::cli::main<Account, Ledger, Balances>(argc, argv);
///     }
///
/// The aggregates are described by ANNALS_STATE. `upcasters` are the ones that the program reads
/// old events with. What it prints and returns: run().
template <typename... T>
int main(int argc, char** argv, const Upcasters& upcasters = {}) {
  ProgramTypes types;
  types.upcasters = upcasters;
  (detail::add_type<T>(types), ...);
  return run(argc, argv, std::move(types));
}

}  // namespace annals::cli
