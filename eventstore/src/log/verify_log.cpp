#include <algorithm>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/log_event_store.hpp>

#include "found_append.hpp"
#include "index_contents.hpp"
#include "log_format.hpp"
#include "open.hpp"
#include "recovery.hpp"
#include "scan.hpp"

namespace annals {
namespace internal {
namespace {

/// Ends a walk early; never leaves this file.
constexpr const char* enough = "enough";

constexpr std::uint64_t appends_between_progress = 4096;

/// Walks a store's files from the segment that holds the first position asked for.
class Verifier {
 public:
  Verifier(const LogOptions& options, const VerifyOptions& verify, PlantedBug bug)
      : options_(options), verify_(verify), bug_(bug) {}

  Result<VerifyReport> run() {
    auto manifest = read_manifest(*options_.files, options_.path);
    if (!manifest) {
      Error error = std::move(manifest).error();
      if (error.code != ErrorCode::corrupt) return error;
      report_.outcome = VerifyReport::Outcome::changed;
      report_.first_bad = VerifyReport::Bad{error.message, {}, {}, error.place};
      return report_;
    }
    if (!*manifest) return no_store(options_.path);
    auto walked = walk(**std::move(manifest));
    if (!walked && walked.error().code != ErrorCode::corrupt && walked.error().message != enough) {
      return std::move(walked).error();
    }
    if (!walked && walked.error().message != enough) {
      note_bad(walked.error());
    } else {
      judge_end();
    }
    judge_indexes();
    return report_;
  }

 private:
  Result<void> walk(Manifest manifest) {
    store_ = manifest.store;
    hasher_.emplace(store_);
    auto mark_file = MarkFile::open(*options_.files, options_.path, false);
    if (!mark_file) return std::move(mark_file).error();
    // Before the segments: what it vouches for must be found in them.
    const auto mark = mark_file->read(store_, manifest.segments.back().number);
    if (!mark) return mark.error();
    if (*mark && (*mark)->is_older_than(manifest.segments.back().number)) {
      const std::string path = options_.path + '/' + format::mark_name;
      missing_ = Error{.code = ErrorCode::corrupt,
                       .message = path +
                                  " is an old one, which was put back: whether events are "
                                  "missing behind the last one is not known",
                       .place = Error::Place{path, 0}};
    }
    if (*mark) {
      last_ = (*mark)->position;
    } else {
      lost_mark_ = no_mark(options_.path);
    }
    if (*mark && (*mark)->segment > manifest.segments.back().number) {
      // The writer has rolled over since the MANIFEST was read.
      auto again = read_manifest(*options_.files, options_.path);
      if (!again) return std::move(again).error();
      if (*again) manifest = **std::move(again);
    }
    // Before the others: once it is open, it stays readable whatever a writer does.
    auto active = open_active(*options_.files, options_.path, manifest);
    // What is missing or damaged is met in its turn.
    if (!active && active.error().code != ErrorCode::corrupt) return std::move(active).error();
    const GlobalPosition first = std::max(verify_.first, GlobalPosition{1});

    std::optional<Chain> chain;
    for (const ManifestSegment& listed : manifest.segments) {
      // A segment may hold nothing, where an append was larger than it: from the first event on all
      // that is there is proved.
      if (listed.sealed && listed.last < first && first.value > 1) continue;
      if (!chain) {
        chain.emplace(Head{{listed.first.value - 1}, listed.link_before});
        if (listed.number == 1 && listed.link_before != first_link(store_)) {
          return Error{ErrorCode::corrupt,
                       "the first segment is not linked to the store's own beginning"};
        }
        report_.position = chain->head().position;
        report_.link = chain->head().link;
        begin_ = report_.position;
        if (auto wanted = tell_progress(begin_); !wanted) return wanted;
      }
      auto segment = listed.sealed
                         ? open_segment(*options_.files, options_.path, store_, listed, false)
                         : std::move(active);
      if (!segment && !listed.sealed && was_begun_later(listed, *mark, *mark_file)) {
        const std::string path = options_.path + '/' + format::segment_name(listed.number);
        const GlobalPosition end = chain->head().position;
        missing_ = (*mark)->position > end ? copy_ends(path, 0, **mark, end) : not_copied(path);
        continue;
      }
      if (!segment) return std::move(segment).error();
      // What the segment's index must say: made anew, and kept no longer than the segment.
      MemoryPart part(listed.number, listed.first, *hasher_);
      const auto on_append = [&](const SegmentBytes& bytes, const AppendView& append) {
        return take(bytes, append, part);
      };
      segment->bug = bug_;
      const auto whole = segment->whole(store_);
      if (!whole) return whole.error();
      const SegmentBytes& bytes = whole->bytes;
      if (listed.sealed) {
        auto scanned = scan_sealed(bytes, listed, *chain, true, on_append);
        if (!scanned) return scanned;
        if (auto compared = compare_index(listed, part); !compared) return compared;
      } else {
        const auto history =
            history_of(manifest, *mark, *mark_file, *options_.files, options_.path);
        if (!history) return history.error();
        if (*mark && (*mark)->is_exact(boot_of(*options_.files, options_.path))) {
          // A writer may be at work beyond the mark, and nothing there has been acknowledged.
          if (auto walked = walk_to(**mark, bytes, *chain, on_append); !walked) return walked;
          continue;
        }
        auto tail = scan_active(bytes, *mark, *history, *chain, true, on_append);
        if (!tail) return std::move(tail).error();
        if (tail->missing_from_copy > 0) {
          missing_ = copy_ends(bytes.file, tail->valid_end, **mark, chain->head().position);
        }
      }
    }
    auto begun = check_era_has_begun({.path = options_.path}, manifest, report_.position);
    if (!begun) missing_ = std::move(begun).error();
    return {};
  }

  static Result<void> walk_to(const Mark& mark, const SegmentBytes& bytes, Chain& chain,
                              const OnAppend& on_append) {
    if (mark.segment < bytes.number) return {};  // Nothing is durable in this one yet.
    auto end =
        scan_frames(bytes, format::segment_header_bytes, mark.offset, chain, true, on_append);
    if (!end) return std::move(end).error();
    if (mark.segment == bytes.number && end->offset == mark.offset &&
        chain.head() == Head{mark.position, mark.link}) {
      return {};
    }
    return Error{.code = ErrorCode::corrupt,
                 .message = bytes.file + " at byte " + std::to_string(end->offset) + ": " +
                            (end->flaw.empty() ? "events are missing here" : end->flaw) +
                            ", although all up to position " + to_string(mark.position) +
                            " was durable",
                 .place = Error::Place{bytes.file, end->offset}};
  }

  Result<void> take(const SegmentBytes& segment, const AppendView& append, MemoryPart& part) {
    if (verify_.last && append.entry.first > *verify_.last) {
      met_more_ = true;
      return Error{ErrorCode::timeout, enough};
    }
    if (auto indexed = index_append(segment, append, *hasher_, part); !indexed) return indexed;
    return count(append.entry);
  }

  /// A copy was made while the original was written, and its end was copied too early.
  static Error copy_ends(const std::string& file, std::uint64_t offset, const Mark& mark,
                         GlobalPosition end) {
    return Error{
        .code = ErrorCode::corrupt,
        .message = file + " at byte " + std::to_string(offset) +
                   ": the original held events up to position " + to_string(mark.position) +
                   " when its mark was copied, and this copy ends at position " + to_string(end),
        .place = Error::Place{file, offset}};
  }

  /// The same of a copy that has all events.
  static Error not_copied(const std::string& path) {
    return Error{.code = ErrorCode::corrupt,
                 .message = path +
                            ": this segment was not there yet when the folder was copied, and none "
                            "of its events was durable then; open the copy for writing once, as "
                            "'annals recover' does",
                 .place = Error::Place{path, 0}};
  }

  /// Whether a copy lacks the newest segment because its folder had been listed before that was
  /// there: whoever opens the copy for writing makes the segment anew.
  bool was_begun_later(const ManifestSegment& newest, const std::optional<Mark>& mark,
                       const MarkFile& mark_file) const {
    if (!mark || !mark->copied) return false;
    const auto there =
        options_.files->exists(options_.path + '/' + format::segment_name(newest.number));
    const auto anchor = mark_file.read_anchor(store_);
    return there && !*there && anchor && *anchor && (*anchor)->segment < newest.number;
  }

  /// The index file of a segment that is whole. What is not to be believed of it is not looked at:
  /// whoever opens the store makes it anew.
  Result<void> compare_index(const ManifestSegment& listed, const MemoryPart& part) {
    if (listed.last < listed.first) return {};
    const IndexFile::Segment segment = IndexFile::segment_of(listed);
    auto file = IndexFile::open(*options_.files, options_.path, store_, segment, {});
    if (!file) return std::move(file).error();
    if (*file == nullptr) return {};
    const IndexContents contents(store_, segment, part);
    const bool agrees =
        (*file)->is_whole() ? contents.is((*file)->bytes()) : contents.passes_over_as(**file);
    if (!agrees) {
      report_.wrong_indexes.push_back(options_.path + '/' + IndexFile::name_of(listed.number));
    }
    return {};
  }

  Result<void> count(const AppendEntry& entry) {
    if (verify_.expected && entry.first <= verify_.expected->position &&
        verify_.expected->position <= entry.last()) {
      met_expected_ = true;
      if (entry.last() != verify_.expected->position || entry.link != verify_.expected->link) {
        disagreement_ = VerifyReport::Bad{
            entry.last() == verify_.expected->position
                ? "position " + to_string(entry.last()) + " has link " + to_string(entry.link) +
                      ", not the expected " + to_string(verify_.expected->link)
                : "position " + to_string(verify_.expected->position) +
                      " is not the end of an append, so no link was ever given out for it",
            entry.first,
            entry.last(),
            {}};
        return Error{ErrorCode::timeout, enough};
      }
    }
    report_.position = entry.last();
    report_.link = entry.link;
    if (entry.last() >= verify_.first) {
      ++report_.appends;
      report_.events += entry.count;
    }
    if (++appends_seen_ % appends_between_progress == 0) return tell_progress(entry.last());
    return {};
  }

  Result<void> tell_progress(GlobalPosition at) {
    const std::uint64_t all = std::max(last_, at).value - begin_.value;
    if (!verify_.progress || verify_.progress(at.value - begin_.value, all)) return {};
    given_up_ = true;
    return Error{ErrorCode::timeout, enough};
  }

  void note_bad(const Error& error) {
    report_.outcome = VerifyReport::Outcome::changed;
    const GlobalPosition next{report_.position.value + 1};
    report_.first_bad =
        VerifyReport::Bad{error.message, next, error.position.value_or(next), error.place};
  }

  void judge_end() {
    if (verify_.expected && verify_.expected->position.value == 0) {
      met_expected_ = true;
      if (verify_.expected->link != first_link(store_)) {
        disagreement_ =
            VerifyReport::Bad{"this is another store than the one expected", {}, {}, {}};
      }
    }
    if (disagreement_) {
      report_.outcome = VerifyReport::Outcome::changed;
      report_.first_bad = disagreement_;
    } else if (given_up_ || (verify_.expected && !met_expected_) ||
               (verify_.last && report_.position < *verify_.last) ||
               (verify_.first.value > 1 && report_.position < verify_.first)) {
      report_.outcome = VerifyReport::Outcome::incomplete;
      if (report_.events == 0 && verify_.first.value > 1) {
        report_.position = {};  // Nothing asked for was there to prove.
        report_.link = {};
      }
    }
    if (lost_mark_ && report_.outcome != VerifyReport::Outcome::changed && !met_more_) {
      report_.outcome = VerifyReport::Outcome::incomplete;
      const GlobalPosition next{report_.position.value + 1};
      report_.first_bad = VerifyReport::Bad{
          lost_mark_->place->file +
              ": no mark of this store, so whether events are missing behind position " +
              to_string(report_.position) + " is not known; what is there is whole",
          next, next, lost_mark_->place};
    }
    if (missing_ && report_.outcome != VerifyReport::Outcome::changed && !met_more_) {
      report_.outcome = VerifyReport::Outcome::incomplete;
      const GlobalPosition next{report_.position.value + 1};
      report_.first_bad = VerifyReport::Bad{missing_->message, next, next, missing_->place};
    }
    if (!given_up_ && verify_.progress) {
      const std::uint64_t all = report_.position.value - begin_.value;
      (void)verify_.progress(all, all);
    }
  }

  /// An index that hides events is a change like another, but the events are there.
  void judge_indexes() {
    if (report_.wrong_indexes.empty()) return;
    const bool changed = report_.outcome == VerifyReport::Outcome::changed;
    report_.outcome = VerifyReport::Outcome::changed;
    if (changed) return;
    const std::string& file = report_.wrong_indexes.front();
    const std::size_t others = report_.wrong_indexes.size() - 1;
    report_.first_bad = VerifyReport::Bad{
        file + (others == 0 ? "" : " and " + std::to_string(others) + " more of these") +
            ": the index does not agree with its segment, so queries may leave events out. The "
            "events are all there, up to position " +
            to_string(report_.position) +
            ". While no program has the store open, remove the file: it is made anew",
        {},
        {},
        Error::Place{file, 0}};
  }

  const LogOptions& options_;
  const VerifyOptions& verify_;
  const PlantedBug bug_;
  StoreId store_;
  std::optional<KeyHasher> hasher_;
  GlobalPosition begin_;
  GlobalPosition last_;
  VerifyReport report_;
  std::optional<VerifyReport::Bad> disagreement_;
  std::uint64_t appends_seen_ = 0;
  std::optional<Error> lost_mark_;
  std::optional<Error> missing_;  // Events are, behind the last one.
  bool met_more_ = false;         // An append behind the last one asked for.
  bool met_expected_ = false;
  bool given_up_ = false;
};

}  // namespace

Result<VerifyReport> verify_log_files(const LogOptions& options, const VerifyOptions& verify,
                                      PlantedBug bug) {
  if (!options.files) return Error{ErrorCode::invalid_argument, "LogOptions without a disk"};
  return Verifier(options, verify, bug).run();
}

}  // namespace internal

Result<VerifyReport> verify_log_files(const LogOptions& options, const VerifyOptions& verify) {
  return internal::verify_log_files(options, verify, internal::PlantedBug::none);
}

}  // namespace annals
