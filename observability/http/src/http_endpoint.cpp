#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <annals/observability/http_endpoint.hpp>

#include "bounded_server.hpp"
#include "signals_blocked.hpp"

#include <netdb.h>
#include <sys/socket.h>

namespace annals {

namespace {

using std::chrono::milliseconds;

// One thread is left to say that the process lives.
constexpr int scrapes_max = internal::BoundedServer::threads - 1;
constexpr const char* plain_text = "text/plain; charset=utf-8";

std::string shown(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

// Why nothing can listen there, as far as that is the address's fault.
Result<void> check_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "cannot listen on '" + host + "': " + ::gai_strerror(failed)};
  }
  ::freeaddrinfo(found);
  return {};
}

class Endpoint final : public HttpEndpoint {
 public:
  explicit Endpoint(const Observability& observability) : observability_(observability) {}

  ~Endpoint() override {
    if (!listener_.joinable()) return;
    server_.stop();
    listener_.join();
  }

  Result<void> listen(const EndpointOptions& options) {
    if (auto possible = check_host(options.host); !possible) return possible;
    // The library's own choice lets two processes share a port, each getting some of the requests.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    // Instead of routes: exact paths, and no body is read.
    server_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          answer(request, response);
          return httplib::Server::HandlerResponse::Handled;
        });
    server_.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
          response.status = 500;
          response.set_content("it failed\n", plain_text);
        });
    errno = 0;
    const bool bound = options.port != 0 ? server_.bind_to_port(options.host, options.port)
                                         : (port_ = bind_anywhere(options.host)) != 0;
    if (!bound) {
      const std::string why = errno != 0 ? std::generic_category().message(errno) : "refused";
      return Error{.code = ErrorCode::unavailable,
                   .message = "cannot listen on " + shown(options.host) + ':' +
                              std::to_string(options.port) + ": " + why};
    }
    server_.make_room_to_knock();
    if (options.port != 0) port_ = options.port;
    url_ = "http://" + shown(options.host) + ':' + std::to_string(port_);
    {
      const internal::SignalsBlocked blocked;
      listener_ = std::thread([this] {
        server_.listen_after_bind();
        ended_ = true;
      });
    }
    // A stop() before it runs would be overlooked.
    while (!server_.is_running() && !ended_) std::this_thread::sleep_for(milliseconds(1));
    return {};
  }

  std::string url() const override { return url_; }
  std::uint16_t port() const override { return port_; }

 private:
  std::uint16_t bind_anywhere(const std::string& host) {
    const int port = server_.bind_to_any_port(host);
    return port > 0 ? static_cast<std::uint16_t>(port) : 0;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    response.status = 200;
    if (request.method != "GET" && request.method != "HEAD") {
      response.status = 405;
      response.set_header("Allow", "GET, HEAD");
      response.set_content("only GET and HEAD\n", plain_text);
    } else if (request.path == "/health") {
      response.set_content("alive\n", plain_text);
    } else if (request.path == "/metrics" || request.path == "/ready") {
      const Scrape scrape(scrapes_);
      if (!scrape.admitted()) {
        response.status = 503;
        response.set_content("too many ask at once\n", plain_text);
      } else if (request.path == "/metrics") {
        response.set_content(observability_.metrics(), std::string(MetricsText::content_type));
      } else {
        const Readiness readiness = observability_.readiness();
        response.status = readiness.ready() ? 200 : 503;
        response.set_content(readiness_json(readiness), "application/json");
      }
    } else {
      response.status = 404;
      response.set_content("there are /metrics, /health and /ready\n", plain_text);
    }
  }

  /// One of those that may ask what is watched at a time.
  class Scrape {
   public:
    explicit Scrape(std::atomic<int>& count) : count_(count), before_(count.fetch_add(1)) {}
    ~Scrape() { count_.fetch_sub(1); }
    Scrape(const Scrape&) = delete;
    Scrape& operator=(const Scrape&) = delete;
    bool admitted() const { return before_ < scrapes_max; }

   private:
    std::atomic<int>& count_;
    const int before_;
  };

  const Observability& observability_;
  std::atomic<int> scrapes_ = 0;
  internal::BoundedServer server_;
  std::atomic<bool> ended_ = false;
  std::uint16_t port_ = 0;
  std::string url_;
  std::thread listener_;
};

}  // namespace

Result<EndpointOptions> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "expected HOST:PORT such as 127.0.0.1:9464, or a port, not '" +
                            std::string(text) + "'"};
  };
  EndpointOptions options;
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    port = text.substr(colon + 1);
    const bool brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (brackets) host = host.substr(1, host.size() - 2);
    // Of more than one colon nobody knows where the port begins.
    if (host.empty() || (!brackets && host.find(':') != std::string_view::npos)) return wrong();
    options.host = host;
  }
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (failed != std::errc{} || end != port.data() + port.size()) return wrong();
  return options;
}

Result<std::unique_ptr<HttpEndpoint>> serve(const Observability& observability,
                                            EndpointOptions options) {
  try {
    auto endpoint = std::make_unique<Endpoint>(observability);
    if (auto listens = endpoint->listen(options); !listens) return std::move(listens).error();
    return std::unique_ptr<HttpEndpoint>(std::move(endpoint));
  } catch (const std::exception& thrown) {
    return Error{.code = ErrorCode::unavailable,
                 .message = std::string("cannot serve metrics: ") + thrown.what()};
  }
}

}  // namespace annals
