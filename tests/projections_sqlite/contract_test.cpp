// SQLite keeps what every database of read models promises.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/testkit/read_model_store_contract.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace {

std::shared_ptr<annals::ReadModelStore> open(annals::SqliteOptions options) {
  // In memory whoever writes waits for whoever reads; a test may be slow.
  options.lock_timeout = std::chrono::seconds(30);
  auto store = annals::open_sqlite_read_models(std::move(options));
  if (store) return *std::move(store);
  ADD_FAILURE() << to_string(store.error());
  return nullptr;
}

}  // namespace

ANNALS_ENROL_READ_MODEL_STORE(File, [] {
  auto folder = std::make_shared<annals::testkit::TemporaryFolder>();
  return annals::testkit::ReadModelDatabase(
      [folder] { return open({.path = folder->file("read-models.db")}); });
});

ANNALS_ENROL_READ_MODEL_STORE(
    Memory, [] { return annals::testkit::ReadModelDatabase([] { return open({}); }); },
    .shared = false);
