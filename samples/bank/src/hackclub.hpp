/// @file
/// The books of Hack Club and their right answers, as samples/bank/data holds them.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>

namespace bank::hackclub {

/// One transaction, as it was recorded or withdrawn in one revision of the books.
struct Entry {
  struct Line {
    std::string account;
    std::int64_t cents = 0;
  };

  std::string revision;
  std::string transaction;  ///< The file's txn_key.
  bool recorded = true;     ///< Else withdrawn; its lines are those it was recorded with.
  annals::Timestamp known_at;
  annals::Timestamp date;  ///< Midnight UTC at the start of the day.
  std::vector<Line> lines;
};

/// What each account came to at the end of a day; accounts at zero are left out.
struct MonthEnd {
  std::string date;  ///< "2015-01-31".
  std::map<std::string, std::int64_t> cents;
};

/// Errors: as CsvReader; invalid_argument if the lines of a transaction are of several dates.
annals::Result<std::vector<Entry>> read_entries(const std::string& path);

/// In the order of the file.
annals::Result<std::vector<MonthEnd>> read_month_ends(const std::string& path);

}  // namespace bank::hackclub
