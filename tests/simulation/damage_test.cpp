// Promise P8: whatever happens to a store's files, no acknowledged event is skipped, cut or changed
// without a word. Either opening says `corrupt` with file and offset, or everything acknowledged is
// there and equal.
//
// ANNALS_SOAK damages every byte instead of a sample.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "books.hpp"
#include "log/bytes.hpp"
#include "log/crc32c.hpp"

namespace annals::simulation {
namespace {

using testkit::FaultFileSystem;

const std::string folder = "/books/";
const std::string last_segment = folder + "segment-00000003.log";

const std::string mark_file = folder + "mark";

bool soak() { return std::getenv("ANNALS_SOAK") != nullptr; }

/// The last one: killed, and its folder copied.
enum class Ending : std::uint8_t { closed, killed, restarted, packed, copied };

std::string name_of(Ending ending) {
  switch (ending) {
    case Ending::closed: return "Closed";
    case Ending::killed: return "Killed";
    case Ending::restarted: return "Restarted";
    case Ending::packed: return "Packed";
    case Ending::copied: return "Copied";
  }
  return "";
}

void PrintTo(Ending ending, std::ostream* out) { *out << name_of(ending); }

/// Where most bytes mean something: all of the MANIFEST, headers, all slots of the mark.
bool is_dense(const std::string& file, std::size_t at) {
  if (file == folder + "MANIFEST") return true;
  if (file.ends_with(".packed")) return at < 500;
  return file == mark_file ? at % 4096 < 132 : at < 132;
}

/// What damage to these files does is not noticed, since they are made anew.
bool is_made_anew(const std::string& file) {
  return file.ends_with(".index") || file == folder + "heads";
}

/// A store of three segments, with all there is: snapshots too.
class Store : public testing::Test {
 protected:
  void fill(Ending ending) {
    if (ending == Ending::packed) {
      books_ = Books(std::make_shared<FaultFileSystem>(), "/books", Books::Segments::packed);
    }
    auto store = books_.open();
    ASSERT_TRUE(store && books_.work(**store, Books::appends - 3));
    old_mark_ = books_.disk().contents(mark_file);
    ASSERT_TRUE(books_.work(**store));
    ASSERT_EQ((*store)->stats().segments, 3U);
    if (ending == Ending::closed || ending == Ending::packed) store->reset();
    books_.move_to(books_.disk().process_crash());
    store->reset();
    // What is in the cache is on the device from here on.
    whole_ = ending == Ending::copied ? books_.disk().copy() : books_.disk().settled();
    if (ending == Ending::restarted) whole_ = whole_->power_loss({1});
    ASSERT_EQ(expect_noticed_or_harmless(whole_->settled(), "no damage"), Verdict::harmless);
  }

  enum class Verdict : std::uint8_t { noticed, harmless };

  /// Judges one damaged disk in every way that there is to look at it.
  Verdict expect_noticed_or_harmless(const std::shared_ptr<FaultFileSystem>& damaged,
                                     const std::string& how) {
    const Verdict reading = judge(damaged, LogOptions::Access::read_only, how);
    const auto report = verify_log_files(books_.options(), {});
    // Last, because it may change something.
    const Verdict writing = judge(damaged, LogOptions::Access::create, how);
    if (!report) {
      ADD_FAILURE() << how << ": verify: " << to_string(report.error());
    } else if (writing == Verdict::noticed) {
      if (!report->first_bad || !report->first_bad->place) {
        ADD_FAILURE() << how << ": verify names no place";
        return writing;
      }
      // Without the mark, and of a copy, all that is there can be proved, and not that nothing is
      // missing.
      const bool end_unknown =
          report->first_bad->place->file == mark_file ||
          report->first_bad->what.find("this copy ends at") != std::string::npos;
      EXPECT_EQ(report->outcome,
                end_unknown ? VerifyReport::Outcome::incomplete : VerifyReport::Outcome::changed)
          << how;
    } else {
      EXPECT_EQ(report->events, events_) << how;
    }
    return reading == Verdict::noticed ? reading : writing;
  }

  Verdict judge(const std::shared_ptr<FaultFileSystem>& disk, LogOptions::Access access,
                const std::string& how) {
    books_.move_to(disk);
    auto store = open_log_event_store(books_.options(access));
    if (!store) {
      const Error& error = store.error();
      EXPECT_EQ(error.code, ErrorCode::corrupt) << how << ": " << to_string(error);
      EXPECT_TRUE(error.place && error.place->file.starts_with(folder))
          << how << ": " << to_string(error);
      return Verdict::noticed;
    }
    // What lies in complete segments is looked at when it is read: then nothing wrong is handed
    // out.
    const auto report = (*store)->verify({});
    if (report && report->outcome == VerifyReport::Outcome::changed && report->first_bad &&
        report->first_bad->place &&
        report->first_bad->place->file.starts_with(folder + "segment-")) {
      const auto wrong = books_.misread(**store);
      EXPECT_FALSE(wrong) << how << ": " << *wrong;
      return Verdict::noticed;
    }
    const auto broken = books_.compare(**store);
    // A reader that cannot see how far the log was durable shows what there is, and verify says so.
    if (broken && access == LogOptions::Access::read_only &&
        broken->starts_with("verify does not find it whole: " + mark_file)) {
      return Verdict::noticed;
    }
    // Of a copy's end nobody can say whether it was damaged or copied too early; but that it is not
    // all there was is said.
    if (broken && (*store)->stats().missing_from_copy > 0) {
      EXPECT_FALSE(books_.misread(**store)) << how;
      return Verdict::noticed;
    }
    EXPECT_FALSE(broken) << how << ": " << *broken;
    events_ = (*store)->head().position.value;
    return Verdict::harmless;
  }

  std::string contents(const std::string& file) const { return whole_->contents(file); }
  /// The file that holds a segment.
  std::string segment(std::uint64_t number) const {
    const std::string name = folder + "segment-0000000" + std::to_string(number);
    const auto files = whole_->files();
    const bool packed = std::find(files.begin(), files.end(), name + ".packed") != files.end();
    return name + (packed ? ".packed" : ".log");
  }
  /// The whole store with one file replaced.
  std::shared_ptr<FaultFileSystem> with(const std::string& file, std::string_view text) const {
    auto disk = whole_->settled();
    const auto files = whole_->files();
    const bool there = std::find(files.begin(), files.end(), file) != files.end();
    // A mark in another file than the one it was written to is that of a copied folder.
    if (there && file == mark_file && text.size() == contents(file).size()) {
      disk->overwrite(file, 0, text);
    } else {
      disk->put(file, text);
    }
    return disk;
  }

  Books books_{std::make_shared<FaultFileSystem>()};
  std::shared_ptr<FaultFileSystem> whole_;
  std::string old_mark_;  // As it was three appends before the end.
  std::uint64_t events_ = 0;
};

class Damage : public Store, public testing::WithParamInterface<Ending> {
 protected:
  void SetUp() override { fill(GetParam()); }
};

TEST_P(Damage, OneFlippedBitAnywhereIsNoticedOrHarmless) {
  std::mt19937_64 dice(testkit::seed(1));
  std::uint64_t noticed = 0;
  std::uint64_t tried = 0;
  for (const std::string& file : whole_->files()) {
    std::string text = contents(file);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (!soak() && !is_dense(file, at) && dice() % 1'000 != 0) continue;
      const auto flipped = static_cast<char>(text[at] ^ (1 << dice() % 8));
      const char before = std::exchange(text[at], flipped);
      const Verdict verdict = expect_noticed_or_harmless(
          with(file, text), file + " flipped at byte " + std::to_string(at));
      if (!is_made_anew(file)) {
        noticed += verdict == Verdict::noticed ? 1 : 0;
        ++tried;
      }
      text[at] = before;
      ASSERT_FALSE(HasFailure());
    }
  }
  std::printf("%llu bits flipped, %llu noticed, the others harmless\n",
              static_cast<unsigned long long>(tried), static_cast<unsigned long long>(noticed));
  EXPECT_GT(noticed, tried / 4);
}

TEST_F(Store, BehindAnOldMarkOnlyTheLastGroupCanBeCutAndThatIsReported) {
  ASSERT_NO_FATAL_FAILURE(fill(Ending::restarted));
  std::mt19937_64 dice(testkit::seed(1));
  auto old_marked = whole_->settled();
  old_marked->overwrite(mark_file, 0, old_mark_);
  const std::string text = contents(last_segment);
  std::uint64_t noticed = 0;
  std::uint64_t cut = 0;
  for (std::size_t at = 128; at < text.size(); ++at) {
    if (!soak() && dice() % 100 != 0) continue;
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << dice() % 8));
    auto disk = old_marked->settled();
    disk->put(last_segment, flipped);
    Books books = books_;
    books.move_to(disk);
    const auto store = books.open();
    if (!store) {
      ASSERT_EQ(store.error().code, ErrorCode::corrupt) << to_string(store.error());
      ++noticed;
      continue;
    }
    const auto broken = books.compare(**store);
    if (!broken) continue;
    const std::string last = "append #" + std::to_string(Books::appends - 1) + " ";
    ASSERT_TRUE(broken->starts_with(last) && broken->ends_with("is lost"))
        << "byte " << at << ": " << *broken;
    ASSERT_GT((*store)->stats().torn_bytes_cut, 0U) << "byte " << at;
    ++cut;
  }
  EXPECT_GT(noticed, 0U);
  EXPECT_GT(cut, 0U);
}

TEST_P(Damage, AnySectorOfZerosOrFromElsewhereIsNoticedOrHarmless) {
  std::mt19937_64 dice(testkit::seed(1));
  constexpr std::size_t sector = 512;
  for (const std::string& file : whole_->files()) {
    const std::string text = contents(file);
    for (std::size_t at = 0; at < text.size(); at += sector) {
      if (!soak() && dice() % 16 != 0) continue;
      const std::size_t size = std::min(sector, text.size() - at);
      std::string zeroed = text;
      zeroed.replace(at, size, size, '\0');
      expect_noticed_or_harmless(with(file, zeroed),
                                 file + ": zeros at byte " + std::to_string(at));
      std::string misplaced = text;
      const std::size_t from = dice() % (text.size() - size + 1);
      misplaced.replace(at, size, text.substr(from, size));
      expect_noticed_or_harmless(with(file, misplaced), file + ": byte " + std::to_string(at) +
                                                            " from " + std::to_string(from));
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_P(Damage, AFileCutShortAnywhereIsNoticedOrHarmless) {
  std::mt19937_64 dice(testkit::seed(1));
  for (const std::string& file : whole_->files()) {
    const std::string text = contents(file);
    for (std::size_t size = 0; size < text.size(); ++size) {
      if (!soak() && size > 130 && size + 50 < text.size() && dice() % 2'000 != 0) continue;
      expect_noticed_or_harmless(with(file, std::string_view(text).substr(0, size)),
                                 file + " cut to " + std::to_string(size) + " bytes");
      ASSERT_FALSE(HasFailure());
    }
  }
}

TEST_P(Damage, ACutSegmentIsCorruptAndNamed) {
  for (const std::string& name : {segment(1), segment(2), segment(3)}) {
    const std::string text = contents(name);
    books_.move_to(with(name, std::string_view(text).substr(0, text.size() - 1)));
    const auto store = books_.open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::corrupt);
    ASSERT_TRUE(store.error().place);
    EXPECT_EQ(store.error().place->file, name);
    EXPECT_EQ(store.error().place->offset, text.size() - 1);
  }
}

TEST_P(Damage, AMissingFileIsNoticedOrHarmless) {
  for (const std::string& file : whole_->files()) {
    auto disk = whole_->settled();
    disk->erase(file);
    if (file == folder + "MANIFEST") {
      // Nothing is there to be read or verified; above all nothing is made over it.
      EXPECT_EQ(judge(disk, LogOptions::Access::create, file), Verdict::noticed);
      continue;
    }
    const Verdict verdict = expect_noticed_or_harmless(disk, file + " removed");
    const bool needed = file == mark_file || file.ends_with(".log") || file.ends_with(".packed");
    EXPECT_EQ(verdict, needed ? Verdict::noticed : Verdict::harmless) << file;
  }
}

TEST_P(Damage, AnOperatorMayAcceptThatTheMarkIsLost) {
  auto disk = whole_->settled();
  disk->erase(mark_file);
  books_.move_to(disk);
  LogOptions options = books_.options();
  ASSERT_FALSE(open_log_event_store(options));
  options.accept_lost_mark = true;
  {
    const auto store = open_log_event_store(options);
    ASSERT_TRUE(store) << to_string(store.error());
    const auto broken = books_.compare(**store);
    EXPECT_FALSE(broken) << *broken;
  }
  // Once is enough.
  const auto broken = books_.reopen_and_compare();
  EXPECT_FALSE(broken) << *broken;
}

TEST_P(Damage, FilesOfAnotherKindAreCorruptOrIgnored) {
  std::mt19937_64 dice(testkit::seed(1));
  for (const std::string& file : whole_->files()) {
    std::string noise(contents(file).size() + 100, '\0');
    for (char& byte : noise) byte = static_cast<char>(dice());
    for (const std::string& text :
         {noise, std::string(), std::string("PNG\r\n"), std::string(100'000, '\0'),
          std::string("a text of several lines\nthat somebody left here\n")}) {
      expect_noticed_or_harmless(with(file, text), file + " is of another kind");
    }
  }
  // Leftovers beside the store's own files are none of its business.
  EXPECT_EQ(
      expect_noticed_or_harmless(
          with(folder + "MANIFEST.new", std::string(5000, static_cast<char>(dice()))), "leftover"),
      Verdict::harmless);
  EXPECT_EQ(
      expect_noticed_or_harmless(with(folder + "segment-00000002.packed.new", "half"), "leftover"),
      Verdict::harmless);
  EXPECT_EQ(expect_noticed_or_harmless(
                with(folder + "segment-00000004.log", std::string(5000, static_cast<char>(dice()))),
                "a segment that no MANIFEST names"),
            Verdict::harmless);
}

TEST_P(Damage, ASegmentInPlaceOfAnotherIsCorrupt) {
  const std::string one = segment(1);
  const std::string two = segment(2);
  EXPECT_EQ(expect_noticed_or_harmless(with(one, contents(two)), "two for one"), Verdict::noticed);
  EXPECT_EQ(expect_noticed_or_harmless(with(last_segment, contents(one)), "one for three"),
            Verdict::noticed);
  // One of another store, with the same work.
  Books other(std::make_shared<FaultFileSystem>(), "/books",
              one.ends_with(".packed") ? Books::Segments::packed : Books::Segments::plain);
  {
    auto store = other.open();
    ASSERT_TRUE(store && other.work(**store));
  }
  for (const std::string& file : {one, two, last_segment, mark_file, folder + "MANIFEST"}) {
    EXPECT_EQ(expect_noticed_or_harmless(with(file, other.disk().contents(file)), file),
              Verdict::noticed);
  }
}

/// `text` with its checksum line made right again.
std::string summed(std::string text) {
  text.resize(text.rfind("checksum "));
  std::array<char, 9> sum{};
  std::snprintf(sum.data(), sum.size(), "%08x", internal::crc32c(0, internal::bytes_of(text)));
  return text + "checksum " + sum.data() + "\n";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST_P(Damage, ANewerFormatIsUnsupportedAndNamesWhatItNeeds) {
  const std::string manifest = contents(folder + "MANIFEST");
  std::string segment = contents(last_segment);
  internal::store(reinterpret_cast<std::byte*>(segment.data()) + 8, std::uint32_t{2});
  internal::store(
      reinterpret_cast<std::byte*>(segment.data()) + 124,
      internal::crc32c(0, internal::bytes_of(std::string_view(segment).substr(0, 124))));
  const std::array<std::shared_ptr<FaultFileSystem>, 4> newer{
      with(folder + "MANIFEST", summed(replaced(manifest, "annals-log 1\n", "annals-log 2\n"))),
      with(folder + "MANIFEST", summed(replaced(manifest, "\nincompatible ", "\nincompatible 4"))),
      with(folder + "MANIFEST", summed(replaced(manifest, "hash sha-256", "hash sha-512"))),
      with(last_segment, segment)};
  for (const auto& disk : newer) {
    for (const auto access : {LogOptions::Access::create, LogOptions::Access::read_only}) {
      books_.move_to(disk->settled());
      const auto store = open_log_event_store(books_.options(access));
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().code, ErrorCode::unsupported) << to_string(store.error());
      EXPECT_NE(store.error().message.find(folder), std::string::npos);
    }
    const auto report = verify_log_files(books_.options(), {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::unsupported);
  }
  // What a reader may ignore it ignores.
  EXPECT_EQ(expect_noticed_or_harmless(
                with(folder + "MANIFEST",
                     summed(replaced(manifest, "\ncompatible 0", "\ncompatible 64"))),
                "a compatible feature"),
            Verdict::harmless);
}

INSTANTIATE_TEST_SUITE_P(Ended, Damage,
                         testing::Values(Ending::closed, Ending::killed, Ending::restarted,
                                         Ending::packed, Ending::copied),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace annals::simulation
