#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace annals::kafka_test {

/// A record as a plain consumer sees it.
struct TopicRecord {
  std::int64_t offset = 0;
  std::optional<std::string> key;    ///< Nothing: it has none, which is not an empty one.
  std::optional<std::string> value;  ///< Likewise.
  std::map<std::string, std::string> headers;

  /// A header's value; fails the test if it is missing.
  std::string header(const std::string& name) const;
  std::uint64_t number(const std::string& name) const;
};

/// Everything that lies in a topic now, partition by partition, read by a consumer without a group.
/// Fails the test if that takes more than a minute.
std::vector<std::vector<TopicRecord>> read_topic(const std::string& brokers,
                                                 const std::string& topic);

/// Fails the test if the topic cannot be made.
void make_topic(const std::string& brokers, const std::string& topic, int partitions,
                const std::vector<std::pair<std::string, std::string>>& settings = {});
/// Of the partition that has the fewest, how many copies are in sync. Fails the test if nobody
/// answers.
int copies_in_sync(const std::string& brokers, const std::string& topic);
/// Waits for so many, as they are after a broker came back; fails the test after two minutes.
void until_in_sync(const std::string& brokers, const std::string& topic, int copies);
/// Puts the records of `from` for which `keep` is true, all in the same partitions, into `to`,
/// which is made if it is not there.
void copy_topic(const std::string& brokers, const std::string& from, const std::string& to,
                const std::function<bool(std::size_t partition, const TopicRecord& record)>& keep);
/// Removes the topic and all that is in it, and waits until it is gone.
void delete_topic(const std::string& brokers, const std::string& topic);
/// Gives the topic more partitions, `count` in all.
void add_partitions(const std::string& brokers, const std::string& topic, int count);
/// Waits until all brokers know. The topic's other settings become what the broker has by default.
void set_topic_setting(const std::string& brokers, const std::string& topic,
                       const std::string& name, const std::string& value);
/// Removes the records of a partition before an offset, as retention does.
void delete_records(const std::string& brokers, const std::string& topic, int partition,
                    std::int64_t before);

/// One record without headers.
void produce(const std::string& brokers, const std::string& topic, const std::string& key,
             const std::string& value);

/// A transaction of so many records in each partition that comes to nothing: nobody reads them.
void abort_records(const std::string& brokers, const std::string& topic, int partitions, int count);

}  // namespace annals::kafka_test
