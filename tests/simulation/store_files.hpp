#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <annals/testkit/fault_file_system.hpp>

#include "run_counters.hpp"

namespace annals::simulation {

/// The files of a simulated store, from outside: which were made anew, and damage to them.
class StoreFiles {
 public:
  /// Gives a number below the bound.
  using Dice = std::function<std::uint64_t(std::uint64_t bound)>;

  StoreFiles(std::string folder, testkit::FaultFileSystem& disk)
      : folder_(std::move(folder)), disk_(disk) {}

  /// Which file each name is. Empty if the disk is off.
  using Identities = std::map<std::string, std::string>;
  Identities caches() const;
  /// What an opening between these two looks has made anew.
  static void count(const Identities& before, const Identities& after, RunCounters& counters);

  /// Flips bits in indexes and in the table of heads, and removes some, now and then.
  void damage_caches(const Dice& dice, RunCounters& counters);
  /// Flips a bit of what a segment holds; says of which file. Nothing: there is none.
  std::optional<std::string> flip_in_segment(const Dice& dice, bool sealed_only);
  /// The first frame of the first segment, if that is short.
  std::string old_frame() const;
  /// Lets an old frame turn up in free space behind the log, as a disk may that lost power.
  void put_stale_frame(const Dice& dice);
  /// The table of heads as a program copies it that reads its first part early and the rest late.
  void put_heads_copied_late(std::string first_part, const std::string& rest);

  std::string heads() const { return folder_ + "/heads"; }

 private:
  std::optional<std::string> flip_in_packed(const Dice& dice, std::uint64_t number);
  std::string segment(std::uint64_t number) const;
  bool there(const std::string& path) const;
  /// Where the frames of a sealed segment end, as the MANIFEST says.
  std::size_t end_of(const std::string& path, std::size_t if_active) const;
  /// That the MANIFEST names.
  std::uint64_t segments() const;

  const std::string folder_;
  testkit::FaultFileSystem& disk_;
};

}  // namespace annals::simulation
