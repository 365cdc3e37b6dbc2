// How the detail of a field is spread over its points, for people.
#pragma once

#include <string>

#include "command.h"
#include "stages/detect.h"

namespace voxpack {

// Puts `detail_histogram` into the report: points and detail per decade below the largest, the last
// entry what is below all decades, points without detail included.
void record_detail(const DetailMap& detail, Command& command);

// The same as a bar chart, in the colours of the heat maps.
std::string detail_histogram_svg(const DetailMap& detail);

}  // namespace voxpack
