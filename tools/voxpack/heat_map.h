// Pictures of a detail map: where the field carries high frequencies that are seen.
#pragma once

#include <array>
#include <span>

#include "field/camera.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "process.h"
#include "stages/detect.h"

namespace voxpack {

inline constexpr int kHeatDecades = 6;  // of detail from black to white

// Black, red, yellow, white for 0..1; outside as at the ends. R, G, B in 0..1.
std::array<double, 3> heat_colour(double heat);

// Writes at most 8 PNGs, from cameras spread evenly over `views` (from an orbit if empty): black is
// no detail, then red, yellow, white on a logarithmic scale over six decades below the largest
// detail. `detail` must belong to `field`.
Status draw_heat_maps(const Field& field, const DetailMap& detail, std::span<const View> views,
                      Kernels& kernels, OutputFolder& folder);

}  // namespace voxpack
