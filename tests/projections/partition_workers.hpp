// Workers that share a projection are killed and started: the rows of each partition are always
// those of a fold that ends where the partition stands.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <variant>
#include <vector>

#include <annals/projections/partition.hpp>

#include "projecting.hpp"
#include "warehouse.hpp"

namespace annals::warehouse {

constexpr std::uint32_t partitions_shared = 4;

/// A log of random moves, and one plain fold for each partition, which never goes back.
class PartitionedFolds {
 public:
  PartitionedFolds(EventStore& events, std::uint64_t seed) : events_(events), random_(seed) {}

  void append_some() {
    AppendRequest request;
    request.checks = {{"warehouse-1", ExpectedVersion::any()}};
    for (std::uint64_t i = random_() % 4 + 1; i > 0; --i) {
      const std::string from = shelf();
      if (random_() % 10 == 0) {
        written_.emplace_back(ShelfCleared{from});
      } else {
        written_.emplace_back(GoodsMoved{from, shelf(), random_() % 2 == 0 ? "Ada" : "Bob",
                                         static_cast<std::int64_t>(random_() % 100)});
      }
      request.events.push_back(
          std::visit([](const auto& event) { return written(event); }, written_.back()));
    }
    auto receipt = events_.append(std::move(request));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
  }

  /// At one moment of the read model. Returns its position.
  GlobalPosition expect_in(const ReadModelStore& rows) {
    auto transaction = rows.read();
    EXPECT_TRUE(transaction) << to_string(transaction.error());
    if (!transaction) return {};
    const auto records = (*transaction)->records("stock");
    EXPECT_TRUE(records) << to_string(records.error());
    if (!records || records->empty()) return {};
    EXPECT_EQ(records->size(), partitions_shared);
    std::vector<Shelf> shelves;
    std::vector<Handling> handlings;
    for (const CheckpointRecord& record : *records) {
      const PlainStock& plain = fold(record.partition.index, record.position());
      const auto is_here = [&](std::vector<Cell> key) {
        return partition_of(key, partitions_shared) == record.partition.index;
      };
      for (const auto& [name, shelf] : plain.shelves) {
        if (is_here({name})) shelves.push_back(shelf);
      }
      for (const auto& [key, handling] : plain.handlings) {
        if (is_here({key.first, key.second})) handlings.push_back(handling);
      }
    }
    expect_equal(Rows(**transaction).all<Shelf>(), std::move(shelves));
    expect_equal(Rows(**transaction).all<Handling>(), std::move(handlings));
    return whole_of(*records)->position();
  }
  /// All that was appended, in one fold.
  void expect_all_in(const ReadModelStore& rows) {
    PlainStock plain;
    for (const auto& event : written_) std::visit([&](const auto& e) { plain.fold(e); }, event);
    expect_rows(rows, plain);
  }

 private:
  std::string shelf() { return {static_cast<char>('a' + random_() % 12)}; }

  const PlainStock& fold(std::uint32_t partition, GlobalPosition position) {
    auto& [plain, folded] = folds_.at(partition);
    EXPECT_GE(position.value, folded) << "partition " << partition << " went back";
    for (; folded < position.value; ++folded) {
      std::visit([&, &stock = plain](const auto& e) { stock.fold(e); }, written_.at(folded));
    }
    return plain;
  }
  template <typename R>
  static void expect_equal(const Result<std::vector<R>>& found, std::vector<R> wanted) {
    ASSERT_TRUE(found) << to_string(found.error());
    const auto key = [](const R& row) {
      if constexpr (requires { row.worker; })
        return std::pair(row.worker, row.shelf);
      else
        return row.shelf;
    };
    std::sort(wanted.begin(), wanted.end(),
              [&](const R& a, const R& b) { return key(a) < key(b); });
    EXPECT_EQ(*found, wanted);
  }

  EventStore& events_;
  std::mt19937_64 random_;
  std::vector<std::variant<GoodsMoved, ShelfCleared>> written_;
  struct Fold {
    PlainStock plain;
    std::uint64_t folded = 0;
  };
  std::array<Fold, partitions_shared> folds_;
};

/// One to three workers at a time, for so many kills. `start` starts one.
inline void expect_workers_share(EventStore& events, const ReadModelStore& rows, std::uint64_t seed,
                                 int kills,
                                 const std::function<std::unique_ptr<Projecting>()>& start) {
  std::mt19937_64 random(seed);
  PartitionedFolds folds(events, seed);
  std::vector<std::unique_ptr<Projecting>> workers;
  std::uint64_t last = 0;
  int after_progress = 0;
  for (int killed = 0; killed < kills && !testing::Test::HasFailure();) {
    const auto appends = random() % 60 + 20;
    for (std::uint64_t i = 0; i < appends; ++i) {
      folds.append_some();
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    if (workers.empty() || (workers.size() < 3 && random() % 2 == 0)) {
      workers.push_back(start());
      // It is killed in the middle of its work, not before it has begun.
      if (random() % 4 != 0) workers.back()->next();
      continue;
    }
    const std::size_t victim = random() % workers.size();
    workers[victim]->end(SIGKILL);
    workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(victim));
    ++killed;
    const GlobalPosition now = folds.expect_in(rows);
    after_progress += now.value > last ? 1 : 0;
    last = now.value;
  }
  if (workers.empty()) workers.push_back(start());
  const GlobalPosition head = events.head().position;
  auto reached = rows.wait("stock", head, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(reached && *reached);
  EXPECT_EQ((*reached)->position(), head) << (*reached)->failure;
  folds.expect_in(rows);
  folds.expect_all_in(rows);
  EXPECT_GT(after_progress, kills / 10) << "the kills fell too early to say much";
  std::printf("%d kills, %d of them after every partition had moved, %llu events\n", kills,
              after_progress, static_cast<unsigned long long>(head.value));
}

}  // namespace annals::warehouse
