// The program of docs/how-to/kafka.md: a service that writes, and one that reads.

#include <filesystem>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "cli/program.hpp"
#include "kafka/brokers.hpp"
#include "kafka/topic.hpp"

#include <signal.h>

namespace annals {
namespace {

using test::Program;

TEST(HowToKafka, WhatAServiceWritesAnotherReadsWithItsTokenAndBothEndWhenTold) {
  ANNALS_NEEDS_KAFKA();
  const testkit::TemporaryFolder folder;
  std::filesystem::current_path(folder.path());
  const std::string brokers = *kafka_test::brokers();
  const std::string topic = kafka_test::new_topic_name();
  const std::chrono::seconds longest(60);

  Program writing({DOCS_KAFKA, "write", brokers, topic});
  const auto token = writing.lines(1, longest);
  ASSERT_EQ(token.size(), 1U) << writing.wait().err;
  Program reading({DOCS_KAFKA, "read", brokers, topic, token.front()});
  EXPECT_EQ(reading.lines(1, longest), std::vector<std::string>{"5"});
  for (Program* program : {&reading, &writing}) {
    program->signal(SIGTERM);
    const auto ended = program->wait();
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_EQ(ended.err, "");
  }

  const auto wrong = test::run({DOCS_KAFKA, "read", brokers, topic, "no token"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.err.find("token"), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace annals
