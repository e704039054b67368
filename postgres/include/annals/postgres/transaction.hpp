/// @file
/// Statements that take effect together.

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/postgres/connection.hpp>

namespace annals::postgres {

/// An open transaction; rolled back unless commit() has succeeded. While it lives its connection
/// runs nothing else. After a failed statement only the end of the transaction is left.
class Transaction {
 public:
  enum class Isolation : std::uint8_t { read_committed, repeatable_read, serializable };

  /// REQUIRES: the connection has no open transaction, and outlives it.
  static SqlResult<std::unique_ptr<Transaction>> begin(
      Connection& connection, Isolation isolation = Isolation::read_committed);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  SqlResult<Rows> run(std::string_view sql, const Parameters& parameters = {});
  SqlResult<Rows> run_prepared(const std::string& sql, const Parameters& parameters = {});
  SqlDone run_script(const std::string& sql);

  /// Errors: in_doubt, and what a constraint that was put off may say.
  SqlDone commit();
  void roll_back() noexcept;

 private:
  friend class CopyWriter;
  struct Inside;
  explicit Transaction(std::unique_ptr<Inside> inside);

  std::unique_ptr<Inside> inside_;
};

/// Rows for COPY … FROM STDIN: the fastest way in.
class CopyWriter {
 public:
  /// `table` may be "schema.table", unquoted; so may the columns.
  static SqlResult<std::unique_ptr<CopyWriter>> begin(Transaction& transaction,
                                                      std::string_view table,
                                                      const std::vector<std::string>& columns);
  ~CopyWriter();
  CopyWriter(const CopyWriter&) = delete;
  CopyWriter& operator=(const CopyWriter&) = delete;

  /// One value for each column, as the server writes it; none is null.
  SqlDone row(std::span<const std::optional<std::string>> values);
  /// What COPY had to say. Without it nothing is kept.
  SqlDone finish();

  /// A `bytea` as a value.
  static std::string bytes(std::string_view bytes);

 private:
  struct Inside;
  explicit CopyWriter(std::unique_ptr<Inside> inside);

  std::unique_ptr<Inside> inside_;
};

}  // namespace annals::postgres
