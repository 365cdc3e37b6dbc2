// Which points the views see.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "field/field.h"

namespace voxpack {

// Per block the sites to keep: points whose largest visibility is at least `min_visibility`, and
// points of negative density next to (26 neighbours at the same level) a kept one of positive
// density: those end the surface.
std::vector<uint64_t> find_seen(const Field& field, std::span<const float> visibility_max,
                                float min_visibility);

}  // namespace voxpack
