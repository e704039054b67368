#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <annals/commands/command_bus.hpp>

#include "aggregates/account.hpp"

// Commands over several streams.
namespace bank {

using annals::Boundary;
using annals::Query;
using annals::QueryState;
using annals::States;

inline Money cents(std::int64_t amount) { return Money::of_minor(amount, "EUR"); }

struct Transfer {
  std::string from;
  std::string to;
  Money amount{};
  ANNALS_COMMAND(Transfer, "transfer", from, to, amount);
};

struct TransferDecider {
  using Commands = annals::Commands<Transfer>;

  static Boundary boundary(const Transfer& c) {
    return Boundary{}.aggregate<Account>(c.from).aggregate<Account>(c.to);
  }
  static Decision decide(const Transfer& c, const States<Account>& accounts) {
    if (!accounts[c.from].open || !accounts[c.to].open) return reject("not-open", "open both");
    if (accounts[c.from].balance < c.amount) return reject("insufficient-funds", "too little");
    if (c.from == c.to) return {};
    return {annals::to(c.from, MoneyWithdrawn{c.amount}),
            annals::to(c.to, MoneyDeposited{c.amount})};
  }
};

struct UserRegistered {
  std::string name;
  std::string city;
  ANNALS_EVENT(UserRegistered, "user_registered", name, city);
  static std::vector<std::string> tags(const UserRegistered& e) {
    return {"name:" + e.name, "city:" + e.city};
  }
};
struct User {
  static constexpr auto category = "user";
  using Events = annals::Events<UserRegistered>;
  std::string name;
  void evolve(const UserRegistered& e) { name = e.name; }
};
struct UserNames {
  using Events = annals::Events<UserRegistered>;
  std::set<std::string> names;
  void evolve(const UserRegistered& e) { names.insert(e.name); }
};

struct RegisterUser {
  std::string id;
  std::string name;
  std::string city;
  ANNALS_COMMAND(RegisterUser, "register_user", id, name, city);
};
/// A name belongs to one user, whatever their id.
struct RegisterDecider {
  using Commands = annals::Commands<RegisterUser>;
  static Boundary boundary(const RegisterUser& c) {
    return Boundary{}.aggregate<User>(c.id).query<UserNames>(Query::tag("name:" + c.name));
  }
  static Decision decide(const RegisterUser& c, const QueryState<UserNames>& taken,
                         const States<User>& users) {
    if (users.exists(c.id)) return reject("registered", "this user has a name already");
    if (taken->names.contains(c.name)) return reject("name-taken", "the name is taken");
    return annals::to(c.id, UserRegistered{c.name, c.city});
  }
};

struct JoinCity {
  std::string id;
  std::string city;
  ANNALS_COMMAND(JoinCity, "join_city", id, city);
};
/// At most `most` users of one city.
struct JoinDecider {
  static constexpr std::uint64_t most = 5;
  using Commands = annals::Commands<JoinCity>;
  static Boundary boundary(const JoinCity& c) {
    return Boundary{}.aggregate<User>(c.id).query<UserNames>(Query::tag("city:" + c.city));
  }
  static Decision decide(const JoinCity& c, const QueryState<UserNames>& there) {
    if (there.events() >= most) return reject("city-full", "no room");
    return annals::to(c.id, UserRegistered{c.id, c.city});
  }
};

}  // namespace bank
