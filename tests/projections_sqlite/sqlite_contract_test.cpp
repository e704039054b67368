// The contract of read-model stores, on SQLite.

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/testkit/read_model_store_contract.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace {

/// A store and the folder that it lies in.
std::shared_ptr<annals::ReadModelStore> open_file() {
  struct Kept {
    annals::testkit::TemporaryFolder folder;
    std::unique_ptr<annals::ReadModelStore> store;
  };
  auto kept = std::make_shared<Kept>();
  auto opened = annals::open_sqlite_read_models({.path = kept->folder.file("rows.db")});
  if (!opened) return nullptr;
  kept->store = *std::move(opened);
  return {kept, kept->store.get()};
}

std::shared_ptr<annals::ReadModelStore> open_in_memory() {
  auto opened = annals::open_sqlite_read_models({});
  return opened ? std::shared_ptr<annals::ReadModelStore>(*std::move(opened)) : nullptr;
}

}  // namespace

ANNALS_ENROL_READ_MODEL_STORE(SqliteFile, open_file);
ANNALS_ENROL_READ_MODEL_STORE(SqliteMemory, open_in_memory);
