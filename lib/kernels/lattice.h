// A field prepared for marching: leaf blocks, the look-up from space to leaves, and for every
// corner of every leaf the row of its value (docs/field-format.md, "The value between sites").
//
// Rows: row 0 is all zeros (empty sites), rows 1 .. point_count are the points, the rows behind are
// hanging corners at level seams, each a fixed combination of up to 8 other rows.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/large_vector.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/march_view.h"

namespace voxpack {

// value[row] = sum of weights[i] * value[sources[i]]; sources come before `row` in the list or are
// points.
struct HangingRow {
  uint32_t sources[8];
  float weights[8];
};

struct Lattice {
  int resolution = 0;
  int finest_level = 0;
  int top_size = 0;
  Cube cube;
  std::vector<uint32_t> top;
  std::vector<uint32_t> tables;
  LargeVector<LeafView> leaves;       // blocks of the field in order, then closure blocks
  LargeVector<uint32_t> corner_rows;  // [leaf][125]
  std::vector<HangingRow> hanging;
  uint64_t point_count = 0;

  uint64_t row_count() const { return 1 + point_count + hanging.size(); }
  LatticeView view() const;
};

// The lattice of the blocks of `field`, whose values are not looked at. Fails with `device` if the
// index tables would not fit the address range (more than 2^31 rows).
Result<Lattice> make_lattice(const Field& field);

// Per point of `field` whether the value anywhere depends on it: 1 if a corner of a leaf reads it,
// itself or through hanging corners, else 0. Errors as make_lattice().
Result<std::vector<uint8_t>> find_used_points(const Field& field);

// Leaf index at a position in fine blocks (4 x 4 x 4 cells of the finest level), -1 where there is
// none.
int leaf_at(const Lattice& lattice, int64_t x, int64_t y, int64_t z);

// Floats per row of a field: 1 + channels rounded up to 8, 16 or 32.
int row_stride(int channels);

// Rows of the field's points and zeros elsewhere: [row_count][stride], float 0 is the density.
std::vector<float> make_rows(const Field& field, const Lattice& lattice, int stride);

// Fills the hanging rows from the others.
void resolve_hanging(const Lattice& lattice, int stride, float* rows);

// Adds the gradients of the hanging rows to their sources, the transpose of resolve_hanging();
// clears them and marks the pages (kRowsPerPage rows) of the sources.
void scatter_hanging(const Lattice& lattice, int stride, float* gradients, uint8_t* touched_pages);

// Marks the leaves that have no positive density at any corner.
void update_empty_leaves(Lattice& lattice, int stride, const float* rows);

// Where a lattice lies in the world, for making rays.
struct RayFrame {
  double origin[3];
  double cells_per_unit;  // level-0 cells
  double fine;            // finest cells per level-0 cell
  double half;            // half the edge of the top grid, level-0 cells
};
RayFrame ray_frame(const Lattice& lattice);

// The centre of the cube on each axis, fine cells.
float centre_of(const Lattice& lattice);

// A world ray with unit direction in the lattice's units (see MarchRay); the same bits on every
// device. Floats are exact enough only near the lattice: a far start is moved by a multiple of the
// largest sample step, which all others divide, so every sample stays in place.
VOXPACK_HOST_DEVICE inline MarchRay to_march_ray(const RayFrame& frame, const double* from,
                                                 const double* direction, float offset) {
  constexpr double kLargestStep = (1 << kMaxLevel) / 2;
  double origin[3];
  double distance2 = 0;
  for (int a = 0; a < 3; ++a) {
    origin[a] = (from[a] - frame.origin[a]) * frame.cells_per_unit;
    distance2 += (origin[a] - frame.half) * (origin[a] - frame.half);
  }
  const double outside = sqrt(distance2) - sqrt(3.0) * frame.half;
  const double skipped = outside > 0 ? floor(outside / kLargestStep) * kLargestStep : 0;
  MarchRay march{};
  for (int a = 0; a < 3; ++a) {
    march.origin[a] = static_cast<float>((origin[a] + skipped * direction[a]) * frame.fine);
    march.step_direction[a] = static_cast<float>(direction[a] * frame.fine);
    march.direction[a] = static_cast<float>(direction[a]);
  }
  march.offset = offset;
  return march;
}
MarchRay to_march_ray(const Lattice& lattice, const Ray& ray, float offset);

}  // namespace voxpack
