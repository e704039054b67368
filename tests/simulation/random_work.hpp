#pragma once

#include <cstdint>
#include <random>
#include <string>

#include <annals/eventstore/append.hpp>

namespace annals::simulation {

/// What the clients of a simulated store send, from one seed's dice.
class RandomWork {
 public:
  /// `streams`: how many names there are in each of four categories; a few are written to often.
  RandomWork(std::uint64_t seed, std::mt19937_64& dice, std::uint64_t streams)
      : seed_(seed), dice_(dice), streams_(streams) {}

  /// Bytes that events may hold from now on: what looks like a frame must not become one.
  void remember_frame(std::string frame) { frame_ = std::move(frame); }

  std::string stream();
  NewEvent event(const std::string& stream, const std::string& type, std::uint64_t amount);
  /// A deposit, a transfer over two accounts, several bookings at once, or the opening of many
  /// accounts; with an id of its own, and checks that always hold.
  AppendRequest request();

 private:
  std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }

  const std::uint64_t seed_;
  std::mt19937_64& dice_;
  const std::uint64_t streams_;
  std::uint64_t requests_ = 0;
  std::string frame_;
};

}  // namespace annals::simulation
