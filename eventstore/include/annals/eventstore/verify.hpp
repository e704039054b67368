/// @file
/// Proof that the log is whole.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/error.hpp>
#include <annals/eventstore/position.hpp>

namespace annals {

/// What an auditor wrote down earlier: history up to `position` hashed to `link`.
struct ExpectedLink {
  GlobalPosition position;  ///< The last position of an append; 0 for the empty log.
  Link link;
};

struct VerifyOptions {
  GlobalPosition first = {1};               ///< Checked from the append that holds it ...
  std::optional<GlobalPosition> last = {};  ///< ... to the one that holds this; absent: the head.
  std::optional<ExpectedLink> expected = {};
  /// Called now and then with (positions checked, positions to check); return false to give up.
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

struct VerifyReport {
  enum class Outcome : std::uint8_t {
    whole,       ///< Every checksum, content and link in the range is as it was written, and what
                 ///< the indexes say agrees with it.
    changed,     ///< Something is not: see first_bad.
    incomplete,  ///< Whole as far as it goes, but it ends before what was expected, where it ends
                 ///< is not known, or it was given up.
  };
  struct Bad {
    std::string what;      ///< For people: which check failed.
    GlobalPosition first;  ///< Positions of the first bad append, as far as they are known.
    GlobalPosition last;
    std::optional<Error::Place> place = {};
  };

  Outcome outcome = Outcome::whole;
  std::uint64_t appends = 0;  ///< Checked and found good.
  std::uint64_t events = 0;
  GlobalPosition position;  ///< The last position found good ...
  Link link;                ///< ... and its link: what an auditor writes down.
  /// Of what is changed; and of what is incomplete because the log's mark is lost, so that nobody
  /// knows whether more should follow, because it is a copy that lacks what its mark speaks of, or
  /// because the store's last era begins beyond its end.
  std::optional<Bad> first_bad = {};
  /// Files of indexes that queries believe and that do not agree with their segments, which are
  /// whole. The outcome is `changed`, and first_bad says so if nothing else is. Each can be removed
  /// while no program has the store open: it is made anew.
  std::vector<std::string> wrong_indexes = {};
};

std::string_view to_string(VerifyReport::Outcome outcome) noexcept;

}  // namespace annals
