// The viewer's bundle as bytes (scripts/bundle_viewer.py makes the source); only in builds with a
// viewer (VOXPACK_HAS_VIEWER).
#pragma once

#include <cstddef>

namespace voxpack {

extern const unsigned char kViewerBundle[];
extern const size_t kViewerBundleSize;

}  // namespace voxpack
