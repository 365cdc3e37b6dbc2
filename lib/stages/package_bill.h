// The bill of a package: which bytes go for which level and channel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"

namespace voxpack {

// Coded bytes that would go if this part were not there: how sites of `level` lie inside coarser
// ones (geometry), or how the values of one channel differ between them (attributes; what lies
// above the coarsest level counts as levels too).
struct BillRow {
  std::string section;  // "geometry", "attributes 0"
  int level = 0;
  std::string channel;    // "density", "feature 0"; empty for the geometry
  double size_bytes = 0;  // by the probabilities of the coder, so not whole
  double bits_per_point = 0;
};

// Sections in order, channels in order, coarse levels first. The rows of a section add up to its
// bytes but for the few that end its code. Decodes the package; fails like run_unpack().
Result<std::vector<BillRow>> bill_of_package(std::span<const uint8_t> package);

}  // namespace voxpack
