#include "conninfo.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace annals::postgres {

namespace {

std::optional<std::map<std::string, std::string>> parsed(const std::string& url) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &complaint), PQconninfoFree);
  // Not shown to anybody: it quotes what it stumbled over, which may be a password.
  PQfreemem(complaint);
  if (!options) return std::nullopt;
  std::map<std::string, std::string> words;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) words[option->keyword] = option->val;
  }
  // The rest of a password with an @ in it that is not percent-encoded.
  if (const auto host = words.find("host");
      host != words.end() && host->second.find('@') != std::string::npos) {
    return std::nullopt;
  }
  return words;
}

std::string written(const std::map<std::string, std::string>& words) {
  std::string text;
  for (const auto& [word, value] : words) {
    text += (text.empty() ? "" : " ") + word + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += '\'';
  }
  return text;
}

}  // namespace

std::optional<Conninfo> conninfo_of(const ConnectionOptions& options) {
  auto words = parsed(options.url);
  if (!words) return std::nullopt;
  const auto unless_given = [&](const char* word, std::string value) {
    words->emplace(word, std::move(value));
  };
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
  unless_given("connect_timeout", std::to_string(std::max<long>(2, seconds)));
  unless_given("application_name", options.application_name);
  // A peer that is gone without a word is noticed in half a minute, not in hours.
  unless_given("keepalives_idle", "10");
  unless_given("keepalives_interval", "5");
  unless_given("keepalives_count", "4");
  unless_given("tcp_user_timeout", "30000");
  (*words)["client_encoding"] = "UTF8";
  const auto password = words->find("password");
  return Conninfo{written(*words), password == words->end() ? std::string() : password->second};
}

std::string without_password(std::string_view url) {
  auto words = parsed(std::string(url));
  if (!words) {
    return "(a connection URL that cannot be read: expected postgres://USER@HOST/DATABASE, other "
           "characters percent-encoded)";
  }
  std::string shown = "postgres://";
  const auto word = [&](const char* name) {
    const auto found = words->find(name);
    return found == words->end() ? std::string() : found->second;
  };
  if (const std::string user = word("user"); !user.empty()) shown += user + "@";
  shown += word("host");
  if (const std::string port = word("port"); !port.empty()) shown += ":" + port;
  return shown + "/" + word("dbname");
}

}  // namespace annals::postgres
