// PostgreSQL keeps what every database of read models promises.

#include <memory>

#include <gtest/gtest.h>

#include <annals/testkit/read_model_store_contract.hpp>

#include "postgres/database.hpp"
#include "read_model_schema.hpp"

namespace {

using annals::postgres_test::ReadModelSchema;

// Without a server all tests of this program are skipped.
class NeedsServer : public testing::Environment {
 public:
  void SetUp() override { ANNALS_NEEDS_POSTGRES(); }
};
[[maybe_unused]] const auto* const needs_server =
    testing::AddGlobalTestEnvironment(new NeedsServer);

}  // namespace

ANNALS_ENROL_READ_MODEL_STORE(Postgres, [] {
  auto schema = std::make_shared<ReadModelSchema>();
  return annals::testkit::ReadModelDatabase([schema] { return schema->open(); });
});
