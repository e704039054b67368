// Who may relay, with a clock of the test's own.

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "relay_lease.hpp"

namespace annals::internal {
namespace {

using namespace std::chrono_literals;

class RelayLeases : public testing::Test {
 protected:
  void SetUp() override { checkpoints_ = *open_relay_checkpoint_folder(folder_.path()); }
  bool claim(RelayLease& lease) {
    auto claimed = lease.claim(begin_, [this] { return now_; });
    EXPECT_TRUE(claimed) << claimed.error().message;
    return claimed && *claimed;
  }
  bool save(RelayLease& lease) {
    auto saved = lease.save(now_);
    EXPECT_TRUE(saved) << saved.error().message;
    return saved && *saved;
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_;
  Checkpoint begin_{{new_store_id(), Era{}, GlobalPosition{}}};
  RelayLease::Moment now_{};
};

TEST_F(RelayLeases, OneHoldsIt) {
  RelayLease one(*checkpoints_, "t", 10s);
  RelayLease two(*checkpoints_, "t", 10s);
  EXPECT_TRUE(claim(one));
  EXPECT_FALSE(claim(two));
  EXPECT_TRUE(one.holds(now_));
  EXPECT_FALSE(two.holds(now_));
  EXPECT_EQ(two.epoch(), 1U);
  RelayLease other(*checkpoints_, "another-topic", 10s);
  EXPECT_TRUE(claim(other));
}

TEST_F(RelayLeases, ALeaseThatIsRenewedGoesOn) {
  RelayLease one(*checkpoints_, "t", 10s);
  RelayLease two(*checkpoints_, "t", 10s);
  ASSERT_TRUE(claim(one));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(claim(two));
    now_ += 9s;
    EXPECT_TRUE(save(one));
  }
  EXPECT_FALSE(claim(two));
}

TEST_F(RelayLeases, OneThatRanOutIsTakenOverAndItsHolderCanWriteNothing) {
  RelayLease one(*checkpoints_, "t", 10s);
  RelayLease two(*checkpoints_, "t", 1s);
  ASSERT_TRUE(claim(one));
  EXPECT_FALSE(claim(two));
  now_ += 9'999ms;
  EXPECT_TRUE(one.holds(now_));
  EXPECT_FALSE(claim(two)) << "the holder's lease counts, not one's own";
  now_ += 1ms;
  EXPECT_FALSE(one.holds(now_)) << "it must not go on without asking";
  EXPECT_TRUE(claim(two));
  EXPECT_EQ(two.record().epoch, 2U);
  one.record().checkpoint.token.position = {100};
  EXPECT_FALSE(save(one));
  EXPECT_EQ((*checkpoints_->load("t"))->checkpoint, begin_);
  EXPECT_FALSE(claim(one));
}

TEST_F(RelayLeases, ARelayThatJustCameWaitsForAWholeLease) {
  RelayLease one(*checkpoints_, "t", 10s);
  ASSERT_TRUE(claim(one));
  now_ += 1h;
  RelayLease two(*checkpoints_, "t", 10s);
  EXPECT_FALSE(claim(two)) << "it has not seen yet that nothing moves";
  now_ += 10s;
  EXPECT_TRUE(claim(two));
}

TEST_F(RelayLeases, OneThatIsGivenBackIsFreeAtOnceWithWhatItSays) {
  RelayLease one(*checkpoints_, "t", 10s);
  ASSERT_TRUE(claim(one));
  one.record().checkpoint.token.position = {5};
  one.record().failure = "x";
  one.release(now_);
  EXPECT_FALSE(one.holds(now_));
  EXPECT_EQ((*checkpoints_->load("t"))->failure, "x");
  RelayLease two(*checkpoints_, "t", 10s);
  EXPECT_TRUE(claim(two));
  EXPECT_EQ(two.record().checkpoint.token.position, GlobalPosition{5});
  EXPECT_EQ(two.record().failure, "");
  one.release(now_);
  EXPECT_TRUE(two.holds(now_));
  EXPECT_TRUE((*checkpoints_->load("t"))->holder) << "only what is one's own can be given back";
}

TEST_F(RelayLeases, ADeadHoldersIsFreeAtOnce) {
  RelayRecord record{.topic = "t", .revision = 1, .epoch = 8, .checkpoint = begin_};
  record.holder = make_holder();
  record.holder->started = 1;  // Another process had that pid.
  record.lease = 1h;
  ASSERT_TRUE(*checkpoints_->replace(record));
  RelayLease one(*checkpoints_, "t", 10s);
  EXPECT_TRUE(claim(one));
  EXPECT_EQ(one.record().epoch, 9U);
}

// A place whose answers can be lost.
class LosesAnswers : public RelayCheckpoints {
 public:
  explicit LosesAnswers(RelayCheckpoints& inner) : inner_(inner) {}
  std::string name() const override { return "one that loses answers"; }
  Result<std::optional<RelayRecord>> load(std::string_view topic) const override {
    return inner_.load(topic);
  }
  Result<bool> replace(const RelayRecord& record) override {
    if (before) before();
    if (does) static_cast<void>(inner_.replace(record));
    return Error{ErrorCode::outcome_unknown, "lost"};
  }
  bool does = true;
  std::function<void()> before;

 private:
  RelayCheckpoints& inner_;
};

TEST_F(RelayLeases, ALostAnswerIsSettledByReadingAgain) {
  LosesAnswers place(*checkpoints_);
  RelayLease one(place, "t", 10s);
  EXPECT_TRUE(claim(one));
  place.does = false;
  const auto failed = one.save(now_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(one.holds(now_)) << "nothing was written, and nobody has taken over";
  place.does = true;
  EXPECT_TRUE(save(one));
  RelayLease two(*checkpoints_, "t", 10s);
  EXPECT_FALSE(claim(two));
  now_ += 10s;
  place.before = [&] { EXPECT_TRUE(claim(two)); };
  EXPECT_FALSE(save(one)) << "what stands there is another's";
}

// A place that is long at reading.
class SlowToRead : public RelayCheckpoints {
 public:
  explicit SlowToRead(RelayCheckpoints& inner) : inner_(inner) {}
  std::string name() const override { return "a slow one"; }
  Result<std::optional<RelayRecord>> load(std::string_view topic) const override {
    if (meanwhile) meanwhile();
    return inner_.load(topic);
  }
  Result<bool> replace(const RelayRecord& record) override { return inner_.replace(record); }
  std::function<void()> meanwhile;

 private:
  RelayCheckpoints& inner_;
};

TEST_F(RelayLeases, TimeThatReadingTakesIsNoSilenceOfTheHolder) {
  SlowToRead place(*checkpoints_);
  RelayLease one(*checkpoints_, "t", 10s);
  RelayLease two(place, "t", 10s);
  ASSERT_TRUE(claim(one));
  place.meanwhile = [&] {
    now_ += 15s;
    EXPECT_TRUE(save(one));
  };
  EXPECT_FALSE(claim(two)) << "it has just been written";
  place.meanwhile = {};
  now_ += 9'999ms;
  EXPECT_FALSE(claim(two));
  now_ += 1ms;
  EXPECT_TRUE(claim(two));
}

}  // namespace
}  // namespace annals::internal
