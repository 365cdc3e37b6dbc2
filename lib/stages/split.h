// split: gives blocks where detail is left the next finer level, for a refinement to fill.
#pragma once

#include <cstdint>

#include "field/field.h"
#include "stages/detect.h"

namespace voxpack {

// `field` with blocks of level l >= 0 replaced by their eight of level l - 1, where that is worth
// most: by the detail of a block (detect.h) over the points that it gains. What a coarser level
// would lose foretells what a finer one could win, as detail of neighbouring scales goes together.
// New points have the values that the field has at their places, so the pictures stay as they are
// until it is refined; where field.importance is known, that of a block is shared out to its
// points.
//
// At most `target_points` points; the field as it is if it has as many. `detail` must belong to
// `field`, or it fails with usage. Fails with bad_data where `field` is not valid, with device if
// memory is short.
Result<Field> split_blocks(const Field& field, const DetailMap& detail, uint64_t target_points);

}  // namespace voxpack
