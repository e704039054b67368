#include "conninfo.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace annals::postgres {

namespace {

struct Parsed {
  std::map<std::string, std::string> words;
  std::string complaint;  // Empty: it can be read.
};

// libpq's complaint without what it quotes, which may be a part of a password; signs between words
// are no secret.
std::string fit_to_show(std::string_view complaint) {
  std::string shown;
  while (true) {
    const std::size_t open = complaint.find('"');
    const std::size_t close = open == complaint.npos ? open : complaint.find('"', open + 1);
    if (close == complaint.npos) break;
    const std::string_view quoted = complaint.substr(open + 1, close - open - 1);
    const bool is_sign =
        quoted.size() == 1 && std::string_view("=:/[]?&").find(quoted[0]) != std::string_view::npos;
    shown += complaint.substr(0, open);
    shown += '"';
    shown += is_sign ? quoted : "…";
    shown += '"';
    complaint.remove_prefix(close + 1);
  }
  shown += complaint.substr(0, complaint.find('"'));
  while (!shown.empty() && (shown.back() == '\n' || shown.back() == ' ')) shown.pop_back();
  return shown;
}

Parsed parsed(const std::string& url) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &complaint), PQconninfoFree);
  Parsed result;
  if (!options) {
    result.complaint = complaint != nullptr ? fit_to_show(complaint) : "out of memory";
  }
  PQfreemem(complaint);
  if (!options) return result;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) result.words[option->keyword] = option->val;
  }
  // The rest of a password with an @ in it that is not percent-encoded.
  if (const auto host = result.words.find("host");
      host != result.words.end() && host->second.find('@') != std::string::npos) {
    result.complaint = "the host's name has an @ in it; in a user's name or password write it %40";
  }
  return result;
}

// "one,two" and "1,2" as "one:1,two:2": libpq takes one port for all of the hosts, or one for each.
std::string places(std::string_view hosts, std::string_view ports) {
  if (ports.find(',') == std::string_view::npos) {
    return std::string(hosts) + (ports.empty() ? "" : ":" + std::string(ports));
  }
  std::string shown;
  const auto next = [](std::string_view& list) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return one;
  };
  while (!hosts.empty() || !ports.empty()) {
    if (!shown.empty()) shown += ',';
    shown += next(hosts);
    if (const std::string_view port = next(ports); !port.empty()) shown += ':' + std::string(port);
  }
  return shown;
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
  auto [words, complaint] = parsed(options.url);
  if (!complaint.empty()) return std::nullopt;
  const auto unless_given = [&words = words](const char* word, std::string value) {
    words.emplace(word, std::move(value));
  };
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
  unless_given("connect_timeout", std::to_string(std::max<long>(2, seconds)));
  unless_given("application_name", options.application_name);
  // A peer that is gone without a word is noticed in half a minute, not in hours.
  unless_given("keepalives_idle", "10");
  unless_given("keepalives_interval", "5");
  unless_given("keepalives_count", "4");
  unless_given("tcp_user_timeout", "30000");
  words["client_encoding"] = "UTF8";
  const auto password = words.find("password");
  return Conninfo{written(words), password == words.end() ? std::string() : password->second};
}

std::string without_password(std::string_view url) {
  const auto [words, complaint] = parsed(std::string(url));
  if (!complaint.empty()) {
    return "(a connection URL that cannot be read: " + complaint +
           "; expected postgres://USER@HOST/DATABASE?…, what is no letter or digit in a name or "
           "password percent-encoded, and after the ? words of libpq)";
  }
  std::string shown = "postgres://";
  const auto word = [&words = words](const char* name) {
    const auto found = words.find(name);
    return found == words.end() ? std::string() : found->second;
  };
  if (const std::string user = word("user"); !user.empty()) shown += user + "@";
  return shown + places(word("host"), word("port")) + "/" + word("dbname");
}

}  // namespace annals::postgres
