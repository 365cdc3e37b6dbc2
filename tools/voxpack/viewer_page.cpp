#include "viewer_page.h"

#include "viewer_bytes.h"

namespace voxpack {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// For the path of an address; slashes stay.
std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-_.~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string base64(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string page_start(const std::string& title) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escaped(title) +
         "</title>\n<style>\n"
         "html, body { margin: 0; height: 100%; }\n"
         "body { display: flex; flex-direction: column; font: 15px/1.4 system-ui, sans-serif; }\n"
         "voxpack-viewer { flex: 1; min-height: 0; aspect-ratio: auto; }\n"
         "nav { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 8px 12px; }\n"
         "nav a[aria-current] { font-weight: 600; color: inherit; text-decoration: none; }\n"
         "</style>\n";
}

std::string rotation(const ViewerPageOptions& options) {
  return options.auto_rotate ? " auto-rotate" : "";
}

}  // namespace

Result<std::string> viewer_bundle() {
#ifdef VOXPACK_HAS_VIEWER
  return std::string(reinterpret_cast<const char*>(kViewerBundle), kViewerBundleSize);
#else
  return {Errc::unsupported,
          "this build has no viewer: clang and lld for wasm32 were missing when it was built "
          "(scripts/install_deps.sh --tests installs them)"};
#endif
}

std::string offline_page(const std::string& bundle, std::span<const uint8_t> package,
                         const ViewerPageOptions& options) {
  return page_start(options.title) + "</head>\n<body>\n<voxpack-viewer src=\"#package\" alt=\"" +
         escaped(options.title) + "\"" + rotation(options) +
         "></voxpack-viewer>\n<script id=\"package\" type=\"application/octet-stream\">" +
         base64(package) + "</script>\n<script type=\"module\">\n" + bundle +
         "</script>\n</body>\n</html>\n";
}

std::string folder_page(const std::vector<std::string>& packages,
                        const ViewerPageOptions& options) {
  std::string page = page_start(options.title) +
                     "<script type=\"module\" src=\"/voxpack_viewer.js\"></script>\n</head>\n"
                     "<body>\n<nav>\n";
  if (packages.empty()) page += "<span>There is no .vxp package in this folder.</span>\n";
  for (const std::string& path : packages) {
    page += "<a href=\"#" + percent_encoded(path) + "\">" + escaped(path) + "</a>\n";
  }
  page += "</nav>\n<voxpack-viewer" + rotation(options) + "></voxpack-viewer>\n";
  page +=
      "<script type=\"module\">\n"
      "const links = [...document.querySelectorAll('nav a')];\n"
      "const viewer = document.querySelector('voxpack-viewer');\n"
      "function show() {\n"
      "  const link = links.find((a) => a.hash === location.hash) ?? links[0];\n"
      "  if (!link) return;\n"
      "  links.forEach((a) => a.removeAttribute('aria-current'));\n"
      "  link.setAttribute('aria-current', 'true');\n"
      "  viewer.setAttribute('alt', link.textContent);\n"
      "  viewer.setAttribute('src', '/' + link.hash.slice(1));\n"
      "}\n"
      "addEventListener('hashchange', show);\n"
      "show();\n"
      "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace voxpack
