// Pictures of a detail map: where the field carries high frequencies that are seen.
#pragma once

#include <span>

#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "process.h"
#include "stages/detect.h"

namespace voxpack {

// Writes at most 8 PNGs, from cameras spread evenly over `views` (from an orbit if empty): black is
// no detail, then red, yellow, white on a logarithmic scale over six decades below the largest
// detail. `detail` must belong to `field`.
Status draw_heat_maps(const Field& field, const DetailMap& detail, std::span<const View> views,
                      Kernels& kernels, OutputFolder& folder);

}  // namespace voxpack
