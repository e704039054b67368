#include "sql_error_text.hpp"

namespace annals::internal {

Error store_error(const postgres::SqlError& error, const std::string& doing, bool nothing_written) {
  Error made = postgres::to_error(error, doing, nothing_written);
  switch (error.failure) {
    case postgres::Failure::permission_denied:
      made.message +=
          "; the role lacks a right: to make a store it needs CREATE on the database; to read, "
          "USAGE on the schema, SELECT on its tables and sequences; to append, besides, USAGE on "
          "its sequences, INSERT on appends, events and event_tags, INSERT, UPDATE and DELETE on "
          "snapshots and given_up";
      break;
    case postgres::Failure::read_only:
      made.message += "; the server is a standby or read-only: appends go to the primary";
      break;
    case postgres::Failure::undefined_table: made.message += "; run: annals migrate URL"; break;
    case postgres::Failure::undefined_function:
      made.message += "; the store was made by another version: run: annals migrate URL";
      break;
    default: break;
  }
  return made;
}

}  // namespace annals::internal
