#include <utility>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"

namespace annals::testkit {

namespace {

const StoreId event_store{{7, 7, 7}};

}  // namespace

void PrintTo(const ReadModelStoreUnderTest& store, std::ostream* out) { *out << store.name; }

void ReadModelStoreContract::SetUp() {
  database_ = GetParam().make();
  store_ = database_();
  ASSERT_NE(store_, nullptr);
}

std::shared_ptr<ReadModelStore> ReadModelStoreContract::open_again() const {
  return GetParam().shared ? database_() : store_;
}

void ReadModelStoreContract::reopen() {
  if (!GetParam().shared) return;
  store_.reset();
  store_ = database_();
  ASSERT_NE(store_, nullptr);
}

std::shared_ptr<ReadModelStore> ReadModelStoreContract::open_another() const {
  // What keeps the other database hangs on the function that opens it.
  auto database = std::make_shared<ReadModelDatabase>(GetParam().make());
  auto store = (*database)();
  auto* const bare = store.get();
  return {bare, [database, store = std::move(store)](ReadModelStore*) mutable { store.reset(); }};
}

Claim ReadModelStoreContract::claim_in(ReadModelStore& store, const ProjectionType& projection,
                                       Partition partition) {
  auto claim = store.claim(projection, partition, make_holder(), std::chrono::hours(1));
  if (!claim) {
    ADD_FAILURE() << to_string(claim.error());
    return {};
  }
  return *std::move(claim);
}

ProjectedBatch ReadModelStoreContract::batch_to(const Claim& claim, std::uint64_t position) {
  return batch_in(*store_, claim, position);
}

ProjectedBatch ReadModelStoreContract::batch_in(ReadModelStore& store, const Claim& claim,
                                                std::uint64_t position) {
  ProjectedBatch batch;
  batch.claim = claim;
  batch.after.token = {event_store, Era{1}, GlobalPosition{position}};
  batch.lease = std::chrono::hours(1);
  auto renewed = store.renew(claim, std::chrono::hours(1));
  if (renewed) {
    batch.before = renewed->checkpoint;
  } else {
    ADD_FAILURE() << to_string(renewed.error());
  }
  return batch;
}

CheckpointRecord ReadModelStoreContract::commit_in(ReadModelStore& store,
                                                   const ProjectedBatch& batch) {
  auto record = store.commit(batch);
  if (!record) {
    ADD_FAILURE() << to_string(record.error());
    return {};
  }
  return *std::move(record);
}

std::optional<CheckpointRecord> ReadModelStoreContract::record(std::string_view projection) {
  auto transaction = store_->read();
  if (!transaction) {
    ADD_FAILURE() << to_string(transaction.error());
    return std::nullopt;
  }
  auto found = (*transaction)->records(projection);
  if (!found) {
    ADD_FAILURE() << to_string(found.error());
    return std::nullopt;
  }
  return whole_of(*found);
}

bool link_read_model_store_contract() {
  read_model_contract::link_columns();
  read_model_contract::link_commits();
  read_model_contract::link_hand_written();
  read_model_contract::link_leases();
  read_model_contract::link_parked();
  read_model_contract::link_partitions();
  read_model_contract::link_reads();
  read_model_contract::link_shadows();
  read_model_contract::link_waits();
  return true;
}

}  // namespace annals::testkit
