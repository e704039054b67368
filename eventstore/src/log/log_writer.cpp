#include "log_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "log_format.hpp"

namespace annals::internal {
namespace {

/// A group ends when its frame reaches this: it bounds how long one sync keeps others waiting.
constexpr std::size_t group_bytes_soft_max = 8 * 1024 * 1024;

/// Space ahead that is zeroed in one go. A sync that meets blocks never written before must also
/// record in the file system's journal that they now are; small groups would pay for that each
/// time.
constexpr std::uint64_t zero_ahead_bytes = 1024 * 1024;
/// Groups larger than this gain nothing from it.
constexpr std::size_t zero_ahead_frame_bytes_max = 128 * 1024;

/// What the next attempts will look at comes into the cache this many before.
constexpr std::size_t prefetch_ahead = 16;

}  // namespace

LogWriter::LogWriter(const LogOptions& options, const Index& index, SegmentSet& segments,
                     Position position, PlantedBug bug)
    : options_(options),
      index_(index),
      segments_(segments),
      bug_(bug),
      manifest_(std::move(position.manifest)),
      mark_(std::move(position.mark)),
      active_(*segments.at(manifest_.segments.back().number)),
      offset_(position.offset),
      zeroed_to_(position.offset),
      head_(position.head),
      last_recorded_at_(position.last_recorded_at),
      boot_(boot_of(*options.files, options.path)),
      view_(index) {}

Error LogWriter::stopped() const {
  return {ErrorCode::unavailable, "writing has ended: " + failure_ + "; reopen the store"};
}

void LogWriter::settle(Attempt& attempt, Error error) {
  error.append_id = attempt.append.request.id;
  attempt.state = Attempt::State::settled;
  attempt.outcome.emplace(std::move(error));
}

void LogWriter::take_back_refusals(CommitGroup& group, const Error& why) {
  for (Attempt* attempt : group.refused) settle(*attempt, why);
  group.refused.clear();
}

void LogWriter::begin_group() {
  const bool behind = in_flight();
  forming_.emplace();
  forming_->head = behind ? in_flight_.head : head_;
  frame_offset_ = offset_ + in_flight_.frame_bytes;
  const Timestamp last = behind ? *in_flight_.time : last_recorded_at_;
  forming_->time = recorded_at_for(
      options_.clock->now(),
      forming_->head.position.value == 0 ? std::nullopt : std::optional(last),
      options_.accept_clock_behind ? std::chrono::microseconds::max() : options_.max_clock_skew);
  frame_.begin({forming_->head.position.value + 1});
  if (behind) {
    view_.begin_behind();
  } else {
    view_.begin();
  }
}

std::size_t LogWriter::step(std::span<Attempt* const> attempts) {
  if (forming_) {
    view_.landed();
  } else {
    begin_group();
  }
  std::size_t taken = std::exchange(taken_ahead_, 0);
  for (std::size_t i = taken; i < std::min(taken + prefetch_ahead, attempts.size()); ++i) {
    prefetch(*attempts[i]);
  }
  while (taken < attempts.size() && frame_.bytes_so_far() < group_bytes_soft_max) {
    if (taken + prefetch_ahead < attempts.size()) prefetch(*attempts[taken + prefetch_ahead]);
    if (!take(*attempts[taken])) break;
    ++taken;
  }
  in_flight_ = std::move(*forming_);
  forming_.reset();
  if (!frame_.empty()) write_frame();
  return taken;
}

std::size_t LogWriter::step_ahead(std::span<Attempt* const> attempts) {
  if (attempts.empty() || !in_flight()) return 0;
  if (options_.durability == Durability::survives_process_only) return 0;
  active_.file->begin_sync(offset_, in_flight_.frame_bytes);
  begin_group();
  while (taken_ahead_ < attempts.size() && frame_.bytes_so_far() < in_flight_.frame_bytes &&
         take(*attempts[taken_ahead_])) {
    ++taken_ahead_;
  }
  return taken_ahead_;
}

void LogWriter::prefetch(const Attempt& attempt) const {
  const auto& keys = attempt.append.keys;
  for (std::size_t i = 0; i < std::min(keys.size(), prefetch_ahead); ++i) {
    index_.prefetch(keys[i].stream_hash);
  }
}

bool LogWriter::take(Attempt& attempt) {
  const AppendRequest& request = attempt.append.request;
  // An id that was made up for this append is nobody else's.
  bool repeated = attempt.append.known_id ||
                  (!attempt.append.new_id &&
                   (forming_->ids.contains(*request.id) || in_flight_.ids.contains(*request.id)));
  if (!repeated && !attempt.append.new_id) {
    auto known = index_.find(*request.id, attempt.append.seen_to);
    if (!known) {
      settle(attempt, std::move(known).error());
      return true;
    }
    repeated = known->has_value();
  }
  if (repeated) {
    attempt.state = Attempt::State::repeat;
    return true;
  }
  if (!failure_.empty()) {
    settle(attempt, stopped());
    return true;
  }
  // Without events nothing is recorded, so the clock does not matter.
  const bool records = !request.events.empty();
  if (records && !forming_->time) {
    settle(attempt, forming_->time.error());
    return true;
  }
  const Timestamp time = records || !frame_.empty() ? *forming_->time
                         : in_flight()              ? *in_flight_.time
                                                    : last_recorded_at_;
  if (auto holds = view_.check(attempt.append, time, options_.max_clock_skew); !holds) {
    settle(attempt, std::move(holds).error());
    if (!frame_.empty() || in_flight()) forming_->refused.push_back(&attempt);
    return true;
  }
  if (!records) {
    // Answered with the group: what it was checked against may include appends of this group. It
    // keeps nothing, so its id is not remembered.
    attempt.state = Attempt::State::in_group;
    attempt.entry = {.id = *request.id,
                     .digest = *request.digest,
                     .first = forming_->head.position,
                     .recorded_at = time,
                     .link = forming_->head.link};
    forming_->attempts.push_back(&attempt);
    return true;
  }

  const auto room = make_room(FrameWriter::append_bytes_bound(attempt.append));
  if (!room) {
    settle(attempt, room.error());
    return true;
  }
  if (!*room) return false;

  if (auto added = view_.add(attempt.append); !added) {
    settle(attempt, std::move(added).error());
    return true;
  }
  AppendEntry& entry = attempt.entry;
  entry.id = *request.id;
  entry.digest = *request.digest;
  entry.first = {forming_->head.position.value + 1};
  entry.count = static_cast<std::uint32_t>(request.events.size());
  entry.recorded_at = time;
  entry.link = link_of(attempt.append, entry, forming_->head.link);
  entry.address = frame_offset_ + frame_.bytes_so_far();
  attempt.segment = active_.number;
  frame_.add(attempt.append, entry, frame_offset_);
  forming_->head = {entry.last(), entry.link};
  attempt.state = Attempt::State::in_group;
  forming_->attempts.push_back(&attempt);
  if (!attempt.append.new_id) forming_->ids.insert(entry.id);
  return true;
}

Result<bool> LogWriter::make_room(std::size_t bytes) {
  const std::uint64_t end =
      frame_offset_ + frame_.bytes_so_far() + bytes + format::frame_trailer_bytes;
  if (end <= active_.file_bytes) return true;
  // What is in flight must be durable before its segment is left.
  if (!frame_.empty() || in_flight()) return false;
  const std::uint64_t needed = format::segment_header_bytes + format::frame_header_bytes + bytes +
                               format::frame_trailer_bytes;
  if (auto rolled = roll_over(std::max(options_.segment_bytes, round_up_to_8(needed))); !rolled) {
    return std::move(rolled).error();
  }
  frame_offset_ = offset_;
  return true;
}

Result<void> LogWriter::roll_over(std::uint64_t bytes) {
  if (options_.durability == Durability::survives_process_only) {
    if (auto synced = active_.file->sync(); !synced) {
      failure_ = synced.error().message;
      return stopped();
    }
  }
  // From here on the MANIFEST vouches for the old segment, so the mark in it must be durable first.
  if (auto anchored = mark_.anchor(mark_here()); !anchored) return anchored;
  auto created = create_segment(*options_.files, options_.path, manifest_.store, active_.number + 1,
                                {head_.position.value + 1}, head_.link, bytes);
  if (!created) return std::move(created).error();

  Manifest next = manifest_;
  ManifestSegment& old = next.segments.back();
  old.sealed = true;
  old.last = head_.position;
  old.end = offset_;
  old.link_after = head_.link;
  next.segments.push_back(
      {.number = created->number, .first = {head_.position.value + 1}, .link_before = head_.link});
  if (auto prepared = prepare_manifest(*options_.files, options_.path, next); !prepared) {
    return prepared;
  }
  if (auto swapped = swap_manifest(*options_.files, options_.path); !swapped) {
    // Which MANIFEST a restart would find is not known: nothing may be added to either.
    failure_ = swapped.error().message;
    return stopped();
  }
  manifest_ = std::move(next);
  created->bug = bug_;
  active_ = *created;
  segments_.add(std::move(*created));
  segments_.close_file(active_.number - 1);
  offset_ = format::segment_header_bytes;
  zeroed_to_ = offset_;
  return mark_.write(mark_here());
}

void LogWriter::write_frame() {
  const bool seeded = bug_ != PlantedBug::checksum_not_seeded;
  const auto bytes =
      frame_.finish(manifest_.store, seeded ? active_.number : 0, seeded ? offset_ : 0);
  in_flight_.frame_bytes = bytes.size();
  for (Attempt* attempt : in_flight_.attempts) {
    if (attempt->entry.count == 0) continue;
    const std::uint64_t address = attempt->entry.address;
    attempt->check = append_header_check(manifest_.store, active_.number, address,
                                         bytes.subspan(address - offset_));
  }
  if (auto wrote = active_.file->write_at(offset_, bytes); !wrote) {
    // All of it may have been written. Its beginning is wiped, so that the next frame goes over
    // it, and only when that is durable has nothing been written for good.
    const std::array<std::byte, format::frame_header_bytes> wiped{};
    if (!active_.file->write_at(offset_, wiped) || !active_.file->sync()) {
      synced(wrote);
      return;
    }
    for (Attempt* attempt : in_flight_.attempts) settle(*attempt, wrote.error());
    take_back_refusals(in_flight_, wrote.error());
    in_flight_ = {};
    return;
  }
  zero_ahead(offset_ + bytes.size(), bytes.size());
  if (bug_ == PlantedBug::mark_before_sync) {
    const Head durable = std::exchange(head_, in_flight_.head);
    offset_ += bytes.size();
    (void)mark_.write(mark_here());
    offset_ -= bytes.size();
    head_ = durable;
  }
}

void LogWriter::zero_ahead(std::uint64_t end, std::size_t frame_bytes) {
  if (end <= zeroed_to_) return;
  zeroed_to_ = end;
  if (frame_bytes > zero_ahead_frame_bytes_max) return;
  static const std::vector<std::byte> zeros(zero_ahead_bytes);
  const std::uint64_t bytes = std::min(zero_ahead_bytes, active_.file_bytes - end);
  // Only for speed: if it fails, the next group pays the journal.
  if (active_.file->write_at(end, std::span(zeros).first(bytes))) zeroed_to_ = end + bytes;
}

Result<void> LogWriter::sync() {
  if (!in_flight() || options_.durability == Durability::survives_process_only) return {};
  if (bug_ == PlantedBug::sync_left_out) return {};
  return active_.file->sync();
}

void LogWriter::synced(const Result<void>& result) {
  if (!result) {
    // The page cache may now show what the disk will never have: nothing can be built on it.
    failure_ = result.error().message;
    for (Attempt* attempt : in_flight_.attempts) {
      settle(*attempt, {ErrorCode::outcome_unknown,
                        failure_ + ": the append may be durable or not; reopen the store and look "
                                   "its id up"});
    }
    take_back_refusals(in_flight_, stopped());
    in_flight_ = {};
    drop_formed();
    return;
  }
  head_ = in_flight_.head;
  if (in_flight()) {
    last_recorded_at_ = *in_flight_.time;
    offset_ += std::exchange(in_flight_.frame_bytes, 0);
    // This group is durable whatever becomes of the mark, but readers beside us go by the mark.
    if (auto wrote = mark_.write(mark_here()); !wrote) {
      failure_ = wrote.error().message;
      drop_formed();
    }
  }
  for (Attempt* attempt : in_flight_.attempts) {
    attempt->state = Attempt::State::settled;
    attempt->outcome.emplace(receipt(*attempt));
  }
  in_flight_ = {};
}

void LogWriter::end(const Error& why) {
  if (!failure_.empty()) return;
  failure_ = why.message;
  drop_formed();
}

void LogWriter::drop_formed() {
  if (!forming_) return;
  for (Attempt* attempt : forming_->attempts) settle(*attempt, stopped());
  take_back_refusals(*forming_, stopped());
  forming_->attempts.clear();
  frame_.begin({});
}

Mark LogWriter::mark_here() const {
  return {.boot = boot_,
          .store = manifest_.store,
          .era = manifest_.eras.back().era,
          .position = head_.position,
          .link = head_.link,
          .segment = active_.number,
          .offset = offset_};
}

std::uint64_t LogWriter::log_bytes() const {
  std::uint64_t bytes = offset_;
  for (const ManifestSegment& segment : manifest_.segments) bytes += segment.end;
  return bytes;
}

Result<void> LogWriter::close() {
  if (!failure_.empty()) return stopped();
  if (options_.durability == Durability::survives_process_only) {
    if (auto synced = active_.file->sync(); !synced) return synced;
  }
  if (auto anchored = mark_.anchor(mark_here()); !anchored) return anchored;
  if ((manifest_.compatible & format::answered_unsynced) == 0) return {};
  manifest_.compatible &= ~format::answered_unsynced;
  if (auto prepared = prepare_manifest(*options_.files, options_.path, manifest_); !prepared) {
    return prepared;
  }
  return swap_manifest(*options_.files, options_.path);
}

Receipt LogWriter::receipt(const Attempt& attempt) const {
  Receipt receipt = receipt_of(attempt.entry, manifest_.store, manifest_.eras.back().era);
  // Without events it is the head that it was checked against.
  if (attempt.entry.count == 0) receipt.last_position = receipt.first_position;
  return receipt;
}

}  // namespace annals::internal
