#include "csv.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include <zlib.h>

namespace bank {
namespace {

class Csv : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }

  std::string write_gzipped(const std::string& bytes) {
    gzFile file = gzopen(path_.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return path_;
  }

  /// The message of the first error, and the number of good records before it.
  std::pair<std::string, int> first_error() {
    auto csv = CsvReader::open(path_);
    if (!csv) return {csv.error().message, 0};
    for (int good = 0;; ++good) {
      const auto record = csv->next();
      if (!record) return {record.error().message, good};
      if (*record == nullptr) return {"", good};
    }
  }

  annals::testkit::TemporaryFolder folder_;
  const std::string path_ = folder_.file("file.csv");
};

TEST_F(Csv, FieldsAreFoundByTheNamesInTheFirstLine) {
  auto csv = CsvReader::open(write("b,a\n2,one\n")).value();
  CsvRecord& record = **csv.next();
  EXPECT_EQ(record.text("a"), "one");
  EXPECT_EQ(record.integer("b"), 2);
  EXPECT_FALSE(record.error());
  EXPECT_EQ(*csv.next(), nullptr);
  EXPECT_EQ(*csv.next(), nullptr);
}

TEST_F(Csv, AQuotedFieldMayHoldCommasQuotesAndLines) {
  auto csv = CsvReader::open(write("a,b\r\n\"x,\"\"y\"\"\r\nz\",\"\"\r\nlast,")).value();
  CsvRecord& record = **csv.next();
  EXPECT_EQ(record.text("a"), "x,\"y\"\r\nz");
  EXPECT_EQ(record.text("b"), "");
  EXPECT_EQ(record.place(), path_ + ":2");
  CsvRecord& last = **csv.next();
  EXPECT_EQ(last.text("a"), "last");
  EXPECT_EQ(last.text("b"), "");
  EXPECT_EQ(last.place(), path_ + ":4");
  EXPECT_EQ(*csv.next(), nullptr);
}

TEST_F(Csv, AGzippedFileReadsAsThePlainOneDoes) {
  auto csv = CsvReader::open(write_gzipped("a\n1\n")).value();
  EXPECT_EQ((*csv.next())->integer("a"), 1);
}

TEST_F(Csv, AGzippedFileThatIsCutIsAnErrorAndNotAShorterFile) {
  std::string text = "a\n";
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919 % 100'003) + '\n';
  write_gzipped(text);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  EXPECT_NE(first_error().first.find("cut short"), std::string::npos) << first_error().first;
}

TEST_F(Csv, AGzippedFileWithAFlippedBitIsAnError) {
  write_gzipped("a\n1\n2\n3\n");
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-6, std::ios::end);  // in the checksum
  file.put('\x5A');
  file.close();
  EXPECT_NE(first_error().first, "");
}

TEST_F(Csv, ErrorsNameFileAndLine) {
  const struct {
    const char* bytes;
    const char* message;
  } cases[] = {
      {"", ": is empty, expected a line of names"},
      {"a,b\n1\n", ":2: has 1 fields, expected 2"},
      {"a\n1\n1,2\n", ":3: has 2 fields, expected 1"},
      {"a\n1\n\"2\n", ":3: a quoted field is not closed"},
      {"a\nx\"y\n", ":2: a quote inside a field that is not quoted"},
      {"a\n\"x\"y\n", ":2: text after a closing quote"},
  };
  for (const auto& c : cases) {
    write(c.bytes);
    EXPECT_EQ(first_error().first, path_ + c.message);
  }
}

TEST_F(Csv, ARecordWithoutEndIsRefusedBeforeItFillsTheMemory) {
  write("a\n" + std::string(2 * 1024 * 1024, 'x'));
  EXPECT_EQ(first_error().first, path_ + ":2: is longer than 1 MiB");
}

TEST_F(Csv, AMissingFileIsAnErrorThatNamesIt) {
  const auto csv = CsvReader::open(folder_.file("none.csv"));
  ASSERT_FALSE(csv);
  EXPECT_EQ(csv.error().code, annals::ErrorCode::unavailable);
  EXPECT_NE(csv.error().message.find("none.csv: cannot be opened"), std::string::npos);
}

TEST_F(Csv, AFieldThatCannotBeReadIsTheRecordsError) {
  const struct {
    const char* value;
    void (*read)(CsvRecord&);
    const char* message;
  } cases[] = {
      {"12x", [](CsvRecord& r) { r.integer("a"); }, ":2: a is '12x', expected a whole number"},
      {"9223372036854775808", [](CsvRecord& r) { r.integer("a"); }, "expected a whole number"},
      {"1000000000000001", [](CsvRecord& r) { r.hundredths("a"); }, "expected an amount"},
      {"2015-02-29", [](CsvRecord& r) { r.date("a"); }, "expected a date"},
      {"2015-02-28", [](CsvRecord& r) { r.time("a"); }, "expected a time"},
      {"1", [](CsvRecord& r) { r.text("b"); }, ":1: there is no column 'b'"},
  };
  for (const auto& c : cases) {
    auto csv = CsvReader::open(write(std::string("a\n") + c.value + "\n")).value();
    CsvRecord& record = **csv.next();
    c.read(record);
    ASSERT_TRUE(record.error()) << c.value;
    EXPECT_NE(record.error()->message.find(c.message), std::string::npos)
        << record.error()->message;
  }
}

TEST_F(Csv, ADateIsMidnightUtcAtItsStart) {
  auto csv = CsvReader::open(write("a\n2016-02-29\n")).value();
  CsvRecord& record = **csv.next();
  EXPECT_EQ(annals::to_string(record.date("a")), "2016-02-29T00:00:00.000000Z");
}

}  // namespace
}  // namespace bank
