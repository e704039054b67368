/// @file
/// What every database of read models promises, as tests. A database enrols in one line; see
/// ANNALS_ENROL_READ_MODEL_STORE.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <annals/projections/read_model_store.hpp>
#include <annals/projections/rows.hpp>

namespace annals::testkit {

/// A database of its own for one test: opens it, empty at first. What must outlive it, such as its
/// folder, hangs on the function.
using ReadModelDatabase = std::function<std::shared_ptr<ReadModelStore>()>;

/// A kind of database that is enrolled.
struct ReadModelStoreUnderTest {
  std::string name;
  std::function<ReadModelDatabase()> make;
  /// The database can be opened several times at once, and outlives the objects that have it open.
  /// Not so in memory, where each opening may give an empty one.
  bool shared = true;
};

void PrintTo(const ReadModelStoreUnderTest& store, std::ostream* out);  // NOLINT: GoogleTest's.

/// One database, made anew for each test.
class ReadModelStoreContract : public testing::TestWithParam<ReadModelStoreUnderTest> {
 protected:
  void SetUp() override;

  ReadModelStore& store() { return *store_; }
  /// The same database again, as another process has it; the very same object if it is not shared.
  std::shared_ptr<ReadModelStore> open_again() const;
  /// Closes the database and opens it again, if it is shared.
  void reopen();
  /// Another database of the same kind.
  std::shared_ptr<ReadModelStore> open_another() const;

  /// Takes the projection for an hour and expects success.
  Claim claim(const ProjectionType& projection, Partition partition = {}) {
    return claim_in(*store_, projection, partition);
  }
  static Claim claim_in(ReadModelStore& store, const ProjectionType& projection,
                        Partition partition = {});
  /// A batch from where the projection stands to `position`.
  ProjectedBatch batch_to(const Claim& claim, std::uint64_t position);
  static ProjectedBatch batch_in(ReadModelStore& store, const Claim& claim, std::uint64_t position);
  CheckpointRecord commit(const ProjectedBatch& batch) { return commit_in(*store_, batch); }
  static CheckpointRecord commit_in(ReadModelStore& store, const ProjectedBatch& batch);
  /// What the projection's partitions come to; nothing if there are none.
  std::optional<CheckpointRecord> record(std::string_view projection);
  /// All rows of R, in the order of their keys.
  template <Row R>
  std::vector<R> all() {
    return all_in<R>(*store_);
  }
  template <Row R>
  static std::vector<R> all_in(const ReadModelStore& store) {
    auto transaction = store.read();
    if (!transaction) {
      ADD_FAILURE() << to_string(transaction.error());
      return {};
    }
    auto rows = Rows(**transaction).template all<R>();
    if (!rows) {
      ADD_FAILURE() << to_string(rows.error());
      return {};
    }
    return *std::move(rows);
  }

  /// Longer than anything takes; who waits so long has hung.
  static std::chrono::steady_clock::time_point never() {
    return std::chrono::steady_clock::now() + std::chrono::minutes(1);
  }

 private:
  ReadModelDatabase database_;
  std::shared_ptr<ReadModelStore> store_;
};

/// Makes the linker keep the contract's tests, which nobody calls by name.
bool link_read_model_store_contract();

}  // namespace annals::testkit

/// Runs the contract on a kind of database: a name, and how it is made (see
/// ReadModelStoreUnderTest). At global scope:
///
///   ANNALS_ENROL_READ_MODEL_STORE(File, [] { … return annals::testkit::ReadModelDatabase(…); });
///   ANNALS_ENROL_READ_MODEL_STORE(Memory, [] { … }, .shared = false);
#define ANNALS_ENROL_READ_MODEL_STORE(Name, ...)                                                 \
  namespace annals::testkit {                                                                    \
  [[maybe_unused]] static const bool contract_of_##Name = link_read_model_store_contract();      \
  INSTANTIATE_TEST_SUITE_P(Name, ReadModelStoreContract,                                         \
                           testing::Values(ReadModelStoreUnderTest{.name = #Name,                \
                                                                   .make = __VA_ARGS__}),        \
                           [](const testing::TestParamInfo<ReadModelStoreUnderTest>& enrolled) { \
                             return enrolled.param.name;                                         \
                           });                                                                   \
  }                                                                                              \
  static_assert(true, "a semicolon follows")
