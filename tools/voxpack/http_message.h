// What the built-in server reads from a request: its head, the path it names, the range it wants.
// Safe on untrusted bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace voxpack {

struct HttpRequest {
  std::string method;                          // "GET"
  std::string target;                          // as sent: "/a%20b.vxp?x=1"
  bool keep_alive = true;                      // the client may send another one
  std::map<std::string, std::string> headers;  // names in lower case

  // The value of a header, "" if there is none.
  std::string_view header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string_view() : std::string_view(at->second);
  }
};

// The request whose head (all lines up to the empty one) is `head`; nothing if it is not one of
// HTTP/1.0 or 1.1.
std::optional<HttpRequest> parse_request(std::string_view head);

// The path that a target names, decoded, without the leading slash and the query: "a b.vxp"; ""
// for the root. Nothing for a target that could lead elsewhere: parts "." and "..", empty parts,
// backslashes, control characters, damaged escapes.
std::optional<std::string> path_of_target(std::string_view target);

// Bytes first .. last of a file.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;
};
enum class RangeKind { whole, part, outside };

// What a Range header asks of a file of `size` bytes; `range` is set for `part`. More than one
// range and other units mean `whole`.
RangeKind parse_range(std::string_view header, uint64_t size, ByteRange& range);

// By the name's extension; application/octet-stream if it is not known.
std::string_view media_type(std::string_view path);

}  // namespace voxpack
