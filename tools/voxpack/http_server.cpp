#include "http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <list>
#include <thread>
#include <utility>

#include "core/interrupt.h"
#include "http_message.h"

namespace voxpack {
namespace {

constexpr size_t kMaxHead = 16 << 10;  // bytes of a request's head
constexpr size_t kPiece = 256 << 10;   // bytes read from a file at once
constexpr int kPollMs = 200;           // how often a wait looks for the end of the program
constexpr int kIdleMs = 15'000;        // without a byte: the connection ends
constexpr size_t kMaxConnections = 64;

bool stopped() { return interrupt_signal.load(std::memory_order_relaxed) != 0; }

// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

// Whether `events` happen before the time is over and the program is to end.
bool wait_for(int descriptor, short events) {
  for (int waited = 0; waited < kIdleMs && !stopped(); waited += kPollMs) {
    pollfd one{descriptor, events, 0};
    const int count = ::poll(&one, 1, kPollMs);
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
  return false;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (!wait_for(socket, POLLOUT)) {
      return false;
    }
  }
  return true;
}

// Pages of other origins reach this server through names that lead to the loopback address; only
// its own names are answered.
bool names_this_machine(std::string_view host) {
  const std::string_view name = host.substr(0, host.rfind(':'));
  return host.empty() || name == "127.0.0.1" || name == "localhost";
}

class Connection {
 public:
  Connection(const HttpFolder& folder, const std::filesystem::path& root, Descriptor socket)
      : folder_(folder), root_(root), socket_(std::move(socket)) {}

  void run() {
    while (!stopped() && answer_one()) continue;
    // What the client still sends is read, for otherwise the system would drop the answer with it.
    ::shutdown(socket_.get(), SHUT_WR);
    char bytes[4096];
    for (size_t left = 16 * kMaxHead; left > 0 && wait_for(socket_.get(), POLLIN);) {
      const ssize_t count = ::recv(socket_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
      if (count <= 0) return;
      left -= std::min(left, static_cast<size_t>(count));
    }
  }

 private:
  // Whether the connection can go on.
  bool answer_one() {
    const std::optional<std::string> head = read_head();
    if (!head) return false;
    const auto request = parse_request(*head);
    if (!request) {
      send_error(400, "Bad Request", true);
      return false;
    }
    return answer(*request) && request->keep_alive;
  }

  // The next request up to its empty line; what follows it stays in pending_.
  std::optional<std::string> read_head() {
    for (;;) {
      if (const auto end = pending_.find("\r\n\r\n"); end != std::string::npos) {
        std::string head = pending_.substr(0, end + 2);
        pending_.erase(0, end + 4);
        return head;
      }
      if (pending_.size() > kMaxHead) {
        send_error(431, "Request Header Fields Too Large", true);
        return std::nullopt;
      }
      char bytes[4096];
      if (!wait_for(socket_.get(), POLLIN)) return std::nullopt;
      const ssize_t count = ::recv(socket_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
      if (count > 0) pending_.append(bytes, static_cast<size_t>(count));
    }
  }

  // Whether the connection can go on.
  bool answer(const HttpRequest& request) {
    const bool with_body = request.method != "HEAD";
    if (request.method != "GET" && request.method != "HEAD") {
      send_error(405, "Method Not Allowed", with_body);
      return false;  // a body may follow
    }
    if (!request.header("content-length").empty() || !request.header("transfer-encoding").empty()) {
      send_error(400, "Bad Request", with_body);
      return false;
    }
    if (!names_this_machine(request.header("host"))) {
      return send_error(403, "Forbidden", with_body);
    }
    const auto path = path_of_target(request.target);
    if (!path) return send_error(400, "Bad Request", with_body);
    if (const Descriptor file = open_file(*path); file.get() >= 0) {
      return send_file(file.get(), *path, request.header("range"), with_body);
    }
    if (const auto page = folder_.make_page(*path)) {
      const std::string_view type = path->empty() ? media_type(".html") : media_type(*path);
      const std::string head = head_of("200 OK", type, page->size(), "");
      return send_all(socket_.get(), head) && (!with_body || send_all(socket_.get(), *page));
    }
    return send_error(404, "Not Found", with_body);
  }

  // A regular file below the root, also after symbolic links are followed.
  Descriptor open_file(const std::string& path) const {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(root_ / path, error);
    if (path.empty() || error) return Descriptor();
    const auto [end, unused] = std::mismatch(root_.begin(), root_.end(), real.begin(), real.end());
    if (end != root_.end()) return Descriptor();
    Descriptor file(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return Descriptor();
    }
    return file;
  }

  bool send_file(int file, const std::string& path, std::string_view range_header, bool with_body) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return send_error(404, "Not Found", with_body);
    const auto size = static_cast<uint64_t>(status.st_size);
    ByteRange range{0, size == 0 ? 0 : size - 1};
    const RangeKind kind = parse_range(range_header, size, range);
    if (kind == RangeKind::outside) {
      const std::string head = head_of("416 Range Not Satisfiable", media_type(path), 0,
                                       "Content-Range: bytes */" + std::to_string(size) + "\r\n");
      return send_all(socket_.get(), head);
    }
    const uint64_t count = size == 0 ? 0 : range.last - range.first + 1;
    std::string extra = "Accept-Ranges: bytes\r\n";
    if (kind == RangeKind::part) {
      extra += "Content-Range: bytes " + std::to_string(range.first) + "-" +
               std::to_string(range.last) + "/" + std::to_string(size) + "\r\n";
    }
    const char* code = kind == RangeKind::part ? "206 Partial Content" : "200 OK";
    if (!send_all(socket_.get(), head_of(code, media_type(path), count, extra))) return false;
    std::string piece;
    for (uint64_t sent = 0; with_body && sent < count; sent += piece.size()) {
      piece.resize(std::min<uint64_t>(kPiece, count - sent));
      const ssize_t got =
          ::pread(file, piece.data(), piece.size(), static_cast<off_t>(range.first + sent));
      if (got <= 0) return false;  // it became shorter: the client sees a cut body
      piece.resize(static_cast<size_t>(got));
      if (!send_all(socket_.get(), piece)) return false;
    }
    return true;
  }

  static std::string head_of(std::string_view code, std::string_view type, uint64_t size,
                             const std::string& extra) {
    return "HTTP/1.1 " + std::string(code) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(size) +
           "\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n" + extra + "\r\n";
  }

  bool send_error(int code, const char* reason, bool with_body) {
    const std::string line = std::to_string(code) + " " + reason;
    const std::string body = line + "\n";
    const std::string extra = code == 405 ? "Allow: GET, HEAD\r\n" : "";
    return send_all(socket_.get(), head_of(line, "text/plain; charset=utf-8", body.size(), extra) +
                                       (with_body ? body : ""));
  }

  const HttpFolder& folder_;
  const std::filesystem::path& root_;
  Descriptor socket_;
  std::string pending_;
};

Status system_error(const std::string& what) {
  return {Errc::io, what + ": " + std::strerror(errno)};
}

// Connections in threads of their own, which are joined when they are done.
class ConnectionPool {
 public:
  ~ConnectionPool() {
    for (Worker& worker : workers_) worker.thread.join();
  }

  // Whether there is room for another one.
  bool start(const HttpFolder& folder, const std::filesystem::path& root, Descriptor socket) {
    for (auto at = workers_.begin(); at != workers_.end();) {
      if (!at->done) {
        ++at;
        continue;
      }
      at->thread.join();
      at = workers_.erase(at);
    }
    if (workers_.size() >= kMaxConnections) return false;
    Worker& worker = workers_.emplace_back();
    worker.thread = std::thread([&folder, &root, &worker, socket = std::move(socket)]() mutable {
      Connection(folder, root, std::move(socket)).run();
      worker.done = true;
    });
    return true;
  }

 private:
  struct Worker {
    std::thread thread;
    std::atomic<bool> done = false;
  };
  std::list<Worker> workers_;
};

}  // namespace

Status serve_folder(const HttpFolder& folder, int port, const std::function<void(int)>& on_start) {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(folder.root, error);
  if (error || !std::filesystem::is_directory(root, error)) {
    return {Errc::io, folder.root + ": no such folder"};
  }
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.get() < 0) return system_error("cannot make a socket");
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), any, size) != 0 || ::listen(listener.get(), 64) != 0 ||
      ::getsockname(listener.get(), any, &size) != 0) {
    return system_error("cannot listen on port " + std::to_string(port));
  }
  on_start(ntohs(address.sin_port));
  ConnectionPool connections;
  while (!stopped()) {
    pollfd one{listener.get(), POLLIN, 0};
    if (::poll(&one, 1, kPollMs) <= 0) continue;
    Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.get() < 0) continue;
    connections.start(folder, root, std::move(socket));  // without room it is closed at once
  }
  return check_interrupt();
}

}  // namespace voxpack
