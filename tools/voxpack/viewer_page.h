// The pages of `voxpack view`: one that holds everything, and those of the server.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"

namespace voxpack {

struct ViewerPageOptions {
  std::string title;
  bool auto_rotate = false;
};

// The viewer's bundle. Fails with `unsupported` in a build without it.
Result<std::string> viewer_bundle();

// A page that shows `package` without any other file or server.
std::string offline_page(const std::string& bundle, std::span<const uint8_t> package,
                         const ViewerPageOptions& options);

// A page that lists packages by their paths and shows the one that is chosen, with the bundle at
// /voxpack_viewer.js.
std::string folder_page(const std::vector<std::string>& packages, const ViewerPageOptions& options);

}  // namespace voxpack
