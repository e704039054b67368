// What goes to the server comes back as it was.

#include <annals/postgres/connection.hpp>
#include <annals/postgres/transaction.hpp>

#include "postgres/database.hpp"

namespace annals::postgres {

namespace {

class ParametersOfStatements : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    auto opened = Connection::open({.url = *postgres_test::server_url()});
    ASSERT_TRUE(opened) << opened.error().message;
    connection_ = *std::move(opened);
  }

  Rows run(std::string_view sql, const Parameters& parameters = {}) {
    auto rows = connection_->run(sql, parameters);
    if (!rows) {
      ADD_FAILURE() << rows.error().message;
      return {};
    }
    return *std::move(rows);
  }

  std::unique_ptr<Connection> connection_;
};

const std::string every_byte = [] {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}();

}  // namespace

TEST_F(ParametersOfStatements, TextsNumbersNullsAndBytesComeBack) {
  Parameters parameters;
  parameters.text("it's; \"x\" \\ $1").integer(-5).real(0.1).boolean(true).null();
  parameters.bytes(every_byte).bytes("");
  const Rows rows =
      run("SELECT $1::text, $2::bigint, $3::float8, $4::boolean, $5::text, $6::bytea, $7::bytea",
          parameters);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.text(0, 0), "it's; \"x\" \\ $1");
  EXPECT_EQ(rows.integer(0, 1), -5);
  EXPECT_EQ(rows.real(0, 2), 0.1);
  EXPECT_TRUE(rows.boolean(0, 3));
  EXPECT_TRUE(rows.is_null(0, 4));
  EXPECT_EQ(rows.bytes(0, 5), every_byte);
  EXPECT_FALSE(rows.is_null(0, 6));
  EXPECT_EQ(rows.bytes(0, 6), "");
}

TEST_F(ParametersOfStatements, ArraysOfEveryTypeComeBackWithTheirNulls) {
  using Type = ArrayParameter::Type;
  ArrayParameter texts(Type::text);
  texts.add_bytes("a,{}\"\\");
  texts.add_null();
  ArrayParameter bytes(Type::bytes);
  bytes.add_bytes(every_byte);
  bytes.add_bytes_or_null(std::nullopt);
  ArrayParameter big(Type::bigint);
  big.add_integer(-9'000'000'000);
  big.add_integer_or_null(std::nullopt);
  ArrayParameter small(Type::smallint);
  small.add_integer(-3);
  small.add_integer(7);
  ArrayParameter integers(Type::integer);
  integers.add_integer(70'000);
  integers.add_integer(-1);
  ArrayParameter flags(Type::boolean);
  flags.add_integer(1);
  flags.add_integer(0);
  ArrayParameter reals(Type::float8);
  reals.add_double(1.5);
  reals.add_double(-0.25);
  ArrayParameter uuids(Type::uuid);
  const std::array<std::uint8_t, 16> uuid{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255};
  uuids.add_bytes(uuid);
  uuids.add_null();
  Parameters parameters;
  for (const auto* array : {&texts, &bytes, &big, &small, &integers, &flags, &reals, &uuids}) {
    parameters.array(*array);
  }
  const Rows rows = run(
      "SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::smallint[], $5::integer[],"
      " $6::boolean[], $7::float8[], $8::uuid[])",
      parameters);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.text(0, 0), "a,{}\"\\");
  EXPECT_TRUE(rows.is_null(1, 0));
  EXPECT_EQ(rows.bytes(0, 1), every_byte);
  EXPECT_TRUE(rows.is_null(1, 1));
  EXPECT_EQ(rows.integer(0, 2), -9'000'000'000);
  EXPECT_FALSE(rows.integer_or_null(1, 2));
  EXPECT_EQ(rows.integer(0, 3), -3);
  EXPECT_EQ(rows.integer(1, 4), -1);
  EXPECT_TRUE(rows.boolean(0, 5));
  EXPECT_FALSE(rows.boolean(1, 5));
  EXPECT_EQ(rows.real(1, 6), -0.25);
  EXPECT_EQ(rows.uuid(0, 7), uuid);
}

TEST_F(ParametersOfStatements, AnEmptyArrayIsOne) {
  Parameters parameters;
  parameters.array(ArrayParameter(ArrayParameter::Type::text));
  const Rows rows = run("SELECT cardinality($1::text[])", parameters);
  EXPECT_EQ(rows.integer(0, 0), 0);
}

TEST_F(ParametersOfStatements, ListsOfIntegersAreRead) {
  const Rows rows = run("SELECT ARRAY[1,-2,3000000000], '{}'::bigint[], NULL::int[]");
  EXPECT_EQ(rows.integers(0, 0), (std::vector<std::int64_t>{1, -2, 3'000'000'000}));
  EXPECT_TRUE(rows.integers(0, 1).empty());
  EXPECT_TRUE(rows.integers(0, 2).empty());
}

TEST_F(ParametersOfStatements, PreparedStatementsAreKeptAndMoreOfThemThanAreKeptStillRun) {
  for (int i = 0; i < 300; ++i) {
    const std::string sql = "SELECT $1::int + " + std::to_string(i);
    Parameters parameters;
    parameters.integer(1);
    for (int again = 0; again < 2; ++again) {
      auto rows = connection_->run_prepared(sql, parameters);
      ASSERT_TRUE(rows) << rows.error().message;
      EXPECT_EQ(rows->integer(0, 0), i + 1);
    }
  }
}

}  // namespace annals::postgres
