#pragma once

/// libpqxx with what two of its generations do differently, in one place: 6.4 (Debian 12), and 7.x.

// Version 6.4 marks as deprecated what it alone offers (inhibit_reactivation), 7.10 what both have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <pqxx/pqxx>
#pragma GCC diagnostic pop

#include <optional>
#include <string>

#include <annals/postgres/parameters.hpp>

namespace annals::postgres {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#if PQXX_VERSION_MAJOR >= 7

inline pqxx::params pqxx_params(const Parameters& parameters) {
  pqxx::params made;
  for (const auto& text : parameters.texts()) {
    if (text) {
      made.append(*text);
    } else {
      made.append();
    }
  }
  for (const std::string& bytes : parameters.binaries()) {
    made.append(std::basic_string<std::byte>(reinterpret_cast<const std::byte*>(bytes.data()),
                                             bytes.size()));
  }
  return made;
}

inline pqxx::result run_with(pqxx::transaction_base& work, const std::string& sql,
                             const Parameters& parameters) {
  return work.exec_params(sql, pqxx_params(parameters));
}

inline pqxx::result run_named(pqxx::transaction_base& work, const std::string& name,
                              const Parameters& parameters) {
  return work.exec_prepared(name, pqxx_params(parameters));
}

inline void forbid_reconnecting(pqxx::connection&) {}  // It never does.

inline int rows_affected(const pqxx::result& result) {
  return static_cast<int>(result.affected_rows());
}

#else

inline std::vector<pqxx::binarystring> pqxx_binaries(const Parameters& parameters) {
  std::vector<pqxx::binarystring> made;
  made.reserve(parameters.binaries().size());
  for (const std::string& bytes : parameters.binaries()) {
    made.emplace_back(bytes.data(), bytes.size());
  }
  return made;
}

inline pqxx::result run_with(pqxx::transaction_base& work, const std::string& sql,
                             const Parameters& parameters) {
  return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters.texts()),
                          pqxx::prepare::make_dynamic_params(pqxx_binaries(parameters)));
}

inline pqxx::result run_named(pqxx::transaction_base& work, const std::string& name,
                              const Parameters& parameters) {
  return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(parameters.texts()),
                            pqxx::prepare::make_dynamic_params(pqxx_binaries(parameters)));
}

// Left to itself it makes a new session for a lost one, without the locks and the LISTEN of the
// old.
inline void forbid_reconnecting(pqxx::connection& connection) {
  connection.inhibit_reactivation(true);
}

inline int rows_affected(const pqxx::result& result) {
  return static_cast<int>(result.affected_rows());
}

#endif

#pragma GCC diagnostic pop

}  // namespace annals::postgres
