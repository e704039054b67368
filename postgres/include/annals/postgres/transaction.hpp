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
  struct Inside;
  explicit Transaction(std::unique_ptr<Inside> inside);

  std::unique_ptr<Inside> inside_;
};

}  // namespace annals::postgres
