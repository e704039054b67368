#pragma once

#include <memory>
#include <string>

#include <annals/projections/postgres_read_model_store.hpp>

namespace annals::postgres_test {

/// A schema of its own for read models, in the database that tests share; dropped with those of its
/// rebuilds by the destructor.
class ReadModelSchema {
 public:
  /// REQUIRES: server_url()
  ReadModelSchema();
  ~ReadModelSchema();
  ReadModelSchema(const ReadModelSchema&) = delete;
  ReadModelSchema& operator=(const ReadModelSchema&) = delete;

  const std::string& name() const { return name_; }
  /// Patient with a busy machine.
  PostgresReadModelOptions options() const;
  /// The same, with sessions that have the schema's name as application_name.
  PostgresReadModelOptions named_options() const;
  /// Nothing, and a failure of the test, if it cannot be opened.
  std::unique_ptr<ReadModelStore> open() const { return open(options()); }
  static std::unique_ptr<ReadModelStore> open(const PostgresReadModelOptions& options);

 private:
  std::string name_;
};

}  // namespace annals::postgres_test
