#include <gtest/gtest.h>

#include <annals/codec/fingerprint.hpp>

#include "shapes.hpp"

namespace {

namespace before {
struct Account {
  bool open = false;
  annals::Money balance{};
  ANNALS_STATE(Account, open, balance);
};
}  // namespace before
namespace renamed {
struct Konto {
  bool open = false;
  annals::Money balance{};
  ANNALS_STATE(Konto, open, balance);
};
}  // namespace renamed
namespace other_name {
struct Account {
  bool opened = false;
  annals::Money balance{};
  ANNALS_STATE(Account, opened, balance);
};
}  // namespace other_name
namespace other_order {
struct Account {
  annals::Money balance{};
  bool open = false;
  ANNALS_STATE(Account, balance, open);
};
}  // namespace other_order
namespace other_type {
struct Account {
  bool open = false;
  std::optional<annals::Money> balance;
  ANNALS_STATE(Account, open, balance);
};
}  // namespace other_type

TEST(Fingerprint, TheShapeIsWrittenOut) {
  EXPECT_EQ(annals::shape<shapes::Line>(), "{text:string,price:money,quantity:optional<int32>}");
  EXPECT_EQ(annals::shape<shapes::Tree>(), "{name:string,children:list<^1>}");
  EXPECT_EQ(annals::shape<shapes::Empty>(), "{}");
  EXPECT_EQ(annals::shape<shapes::Everything>(),
            "{flag:boolean,integers:{i8:int8,i16:int16,i32:int32,i64:int64,u8:uint8,u16:uint16,"
            "u32:uint32,u64:uint64,other:int64},ratio:float64,text:string,at:timestamp,day:date,"
            "amount:money,id:id,iban:text(an IBAN such as \"DE75512108001245126199\"),"
            "channel:enum(branch,web,atm),mood:enum(calm,tense),note:optional<string>,"
            "extra:optional<{text:string,price:money,quantity:optional<int32>}>,"
            "lines:list<{text:string,price:money,quantity:optional<int32>}>,bits:list<boolean>,"
            "matrix:list<list<int32>>,gaps:list<optional<int32>>,names:list<string>,"
            "triple:array<int32,3>,balances:map<string,money>,by_number:map<int32,string>,"
            "by_channel:map<enum(branch,web,atm),boolean>,by_day:map<date,float64>,"
            "tree:{name:string,children:list<^1>},any:json}");
}

TEST(Fingerprint, DependsOnNamesTypesAndOrderOfFieldsOnly) {
  const auto fingerprint = annals::fingerprint<before::Account>();
  EXPECT_EQ(annals::fingerprint<renamed::Konto>(), fingerprint);
  EXPECT_NE(annals::fingerprint<other_name::Account>(), fingerprint);
  EXPECT_NE(annals::fingerprint<other_order::Account>(), fingerprint);
  EXPECT_NE(annals::fingerprint<other_type::Account>(), fingerprint);
}

TEST(Fingerprint, IsTheSameInEveryBuild) {
  // FNV-1a of "{open:boolean,balance:money}", computed elsewhere.
  EXPECT_EQ(annals::shape<before::Account>(), "{open:boolean,balance:money}");
  EXPECT_EQ(annals::fingerprint<before::Account>(), 0x666DAC7A476F2AE5U);
}

}  // namespace
