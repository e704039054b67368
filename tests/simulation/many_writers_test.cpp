// Many threads append to one store when something fails: each is answered, what each was told is
// true after a crash, and the books add up. Which thread gets where is up to the scheduler, so a
// failure may need several tries to come again.

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/fault_file_system.hpp>

#include "books.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;

constexpr std::uint64_t writers = 6;
constexpr std::uint64_t appends_each = 8;

AppendRequest request(std::uint64_t writer, std::uint64_t number) {
  AppendRequest request = Books::request(number % 4 + (number % 3 == 0 ? 3 : 0));
  request.id = append_id_of("writer " + std::to_string(writer) + " " + std::to_string(number));
  return request;
}

/// Lets all writers work at once and tells the oracle what they were told. `store` is used by all.
void work(EventStore& store, FaultFileSystem& disk, Oracle& oracle) {
  std::vector<std::size_t> numbers;
  for (std::uint64_t i = 0; i < writers * appends_each; ++i) {
    numbers.push_back(oracle.send(request(i / appends_each, i % appends_each)));
  }
  std::vector<std::optional<Result<Receipt>>> answers(numbers.size());
  std::vector<std::thread> threads;
  for (std::uint64_t writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (std::uint64_t i = 0; i < appends_each; ++i) {
        answers[writer * appends_each + i].emplace(store.append(request(writer, i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Result<Receipt>& answer = *answers[i];
    if (answer) {
      oracle.acknowledge(numbers[i], *answer);
    } else if (answer.error().code == ErrorCode::unavailable && !disk.is_off()) {
      oracle.refuse(numbers[i]);
    } else {
      oracle.doubt(numbers[i]);
    }
  }
}

TEST(ManyWriters, WhateverFailsEachIsAnsweredAndToldTheTruth) {
  std::uint64_t groups = 0;
  std::uint64_t grouped = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE("fault " + std::to_string(seed));
    Books books(std::make_shared<FaultFileSystem>(seed));
    Oracle oracle;
    FaultFileSystem& disk = books.disk();
    auto store = books.open();
    ASSERT_TRUE(store);
    const std::uint64_t nth = 1 + seed / 5;
    switch (seed % 5) {
      case 0: disk.fail_sync(nth); break;
      case 1: disk.fail_sync(nth, FaultFileSystem::AfterFailedSync::cache_forgets); break;
      case 2: disk.fail_write(nth * 2); break;
      case 3: disk.switch_off_after(nth * 4); break;
      case 4: disk.fill_disk(1 + nth % 3); break;
    }
    work(**store, disk, oracle);
    groups += (*store)->stats().groups_synced;
    grouped += (*store)->stats().appends_synced;
    books.move_to(seed % 2 == 0 ? disk.process_crash() : disk.power_loss({seed}));
    store->reset();
    auto again = books.open();
    ASSERT_TRUE(again) << to_string(again.error());
    const auto broken = oracle.compare(**again);
    ASSERT_FALSE(broken) << *broken;
    ASSERT_TRUE((*again)->append(Books::request(0)));
  }
  EXPECT_GT(grouped, groups) << "no group held more than one append";
}

}  // namespace
}  // namespace annals::simulation
