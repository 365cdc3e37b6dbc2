// Where the object can be: the visual hull of the photos' masks (Laurentini 1994) and its box.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/status.h"
#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

// Occupied cells of a cube.
struct Hull {
  Cube cube;
  int cells = 0;                  // per axis
  std::vector<uint8_t> occupied;  // [z][y][x], 0 or 1

  bool at(int x, int y, int z) const { return occupied[(size_t(z) * cells + y) * cells + x] != 0; }
};

// A hull of `cells`^3 cells in the smallest cube around it. A cell stays if no photo shows all of
// it as transparent; photos without alpha carve nothing. Fails with bad_data if there are no
// photos, if nothing is left (all photos transparent, or poses that do not fit the photos), or if a
// camera stands inside the object as the other photos show it.
Result<Hull> make_hull(std::span<const View> views, int cells);

// A field at `resolution` (a multiple of hull.cells, or a divisor) with a point at every site of
// the hull's cells; density and features are zero.
Field hull_field(const Hull& hull, int resolution, const AppearanceModel& appearance);

}  // namespace voxpack
