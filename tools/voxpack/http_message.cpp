#include "http_message.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace voxpack {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The text up to `separator`, which is taken off `text` with it; all of it if there is none.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  const auto at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + separator.size());
  return part;
}

bool read_number(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(16 * high + low);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<HttpRequest> parse_request(std::string_view head) {
  HttpRequest request;
  std::string_view first = take_until(head, "\r\n");
  request.method = take_until(first, " ");
  request.target = take_until(first, " ");
  const bool is_1_1 = first == "HTTP/1.1";
  if (request.method.empty() || request.target.empty() || (!is_1_1 && first != "HTTP/1.0")) {
    return std::nullopt;
  }
  while (!head.empty()) {
    std::string_view line = take_until(head, "\r\n");
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    request.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  }
  const std::string connection = lower(request.header("connection"));
  request.keep_alive = is_1_1 ? connection != "close" : connection == "keep-alive";
  return request;
}

std::optional<std::string> path_of_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  const auto decoded = percent_decoded(target.substr(1, target.find_first_of("?#") - 1));
  if (!decoded) return std::nullopt;
  for (const char c : *decoded) {
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  }
  std::string_view rest = *decoded;
  while (!rest.empty()) {
    const std::string_view part = take_until(rest, "/");
    if (part.empty() || part == "." || part == "..") return std::nullopt;
  }
  return decoded;
}

RangeKind parse_range(std::string_view header, uint64_t size, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) {
    return RangeKind::whole;
  }
  std::string_view to = trimmed(header.substr(kUnit.size()));
  if (to.find('-') == std::string_view::npos) return RangeKind::whole;
  const std::string_view from = take_until(to, "-");
  uint64_t first = 0, last = 0;
  if (from.empty()) {  // the last so many
    if (!read_number(to, last)) return RangeKind::whole;
    if (last == 0 || size == 0) return RangeKind::outside;
    range = {size - std::min(size, last), size - 1};
    return RangeKind::part;
  }
  if (!read_number(from, first) || (!to.empty() && !read_number(to, last))) return RangeKind::whole;
  if (!to.empty() && last < first) return RangeKind::whole;
  if (first >= size) return RangeKind::outside;
  range = {first, to.empty() ? size - 1 : std::min(last, size - 1)};
  return RangeKind::part;
}

std::string_view media_type(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".webp", "image/webp"},
      {".svg", "image/svg+xml"},
      {".vxp", "application/octet-stream"}};
  const std::string name = lower(path);
  for (const auto& [extension, type] : kTypes) {
    if (name.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

}  // namespace voxpack
