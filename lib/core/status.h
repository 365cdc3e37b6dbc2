// Errors as values: every fallible function returns a Status or a Result<T>.
// The code is the exit code of the command (docs/cli.md); the sentence says what, where and what to
// do.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace voxpack {

enum class Errc {
  ok = 0,
  difference = 1,   // a difference was found or a limit missed
  usage = 2,        // command line, options or configuration
  io = 3,           // a file could not be opened, read or written
  bad_data = 4,     // the contents of a file are wrong
  unsupported = 5,  // valid, but not in this build or on this machine
  device = 6,       // device or memory: a retry may help
  internal = 7,     // our own mistake
  interrupted = 130,
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Errc::ok; }
  Errc code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error with "where: " before its sentence; ok stays ok.
  Status in(std::string_view where) && {
    if (!ok()) message_ = std::string(where) + ": " + message_;
    return std::move(*this);
  }

 private:
  Errc code_ = Errc::ok;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status error) : error_(std::move(error)) { assert(!error_.ok()); }
  Result(Errc code, std::string message) : error_(code, std::move(message)) {}

  bool ok() const { return value_.has_value(); }
  const Status& error() const& { return error_; }
  Status error() && { return std::move(error_); }
  const T& value() const& { return *value_; }
  T& value() & { return *value_; }
  T take() && { return std::move(*value_); }

  Result in(std::string_view where) && {
    if (!ok()) error_ = std::move(error_).in(where);
    return std::move(*this);
  }

 private:
  std::optional<T> value_;
  Status error_;
};

// Returns the error of `expression` (a Status) from the calling function.
#define VOXPACK_TRY(expression)                                                \
  do {                                                                         \
    if (::voxpack::Status voxpack_status = (expression); !voxpack_status.ok()) \
      return voxpack_status;                                                   \
  } while (0)

#define VOXPACK_CONCAT_(a, b) a##b
#define VOXPACK_CONCAT(a, b) VOXPACK_CONCAT_(a, b)

// `VOXPACK_ASSIGN(auto x, f());` with f() a Result: declares x, or returns the error.
#define VOXPACK_ASSIGN(declaration, expression)                          \
  auto VOXPACK_CONCAT(voxpack_result_, __LINE__) = (expression);         \
  if (!VOXPACK_CONCAT(voxpack_result_, __LINE__).ok())                   \
    return std::move(VOXPACK_CONCAT(voxpack_result_, __LINE__)).error(); \
  declaration = std::move(VOXPACK_CONCAT(voxpack_result_, __LINE__)).take()

}  // namespace voxpack
