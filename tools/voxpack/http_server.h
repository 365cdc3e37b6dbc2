// A small HTTP/1.1 server of one folder for this machine alone: it listens on the loopback address,
// answers GET and HEAD (byte ranges too), and never leaves the folder.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/status.h"

namespace voxpack {

struct HttpFolder {
  std::string root;  // folder to serve
  // A page that is made when it is asked for, by its path without the leading slash ("" is the
  // root): its contents, or nothing. Files of the folder come first. May be called by several
  // threads at once.
  std::function<std::optional<std::string>(const std::string& path)> make_page;
};

// Serves until interrupt_signal is set, then returns Errc::interrupted. `on_start` gets the port,
// which the system chooses if `port` is 0. Fails with `io` if the folder or the port cannot be had.
Status serve_folder(const HttpFolder& folder, int port, const std::function<void(int)>& on_start);

}  // namespace voxpack
