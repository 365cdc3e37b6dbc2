// A field prepared for marching: leaf blocks, the look-up from space to leaves, and for every
// corner of every leaf the row of its value (docs/field-format.md, "The value between sites").
//
// Rows: row 0 is all zeros (empty sites), rows 1 .. point_count are the points, the rows behind are
// hanging corners at level seams, each a fixed combination of up to 8 other rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
  std::vector<LeafView> leaves;       // blocks of the field in order, then closure blocks
  std::vector<uint32_t> corner_rows;  // [leaf][125]
  std::vector<HangingRow> hanging;
  uint64_t point_count = 0;

  uint64_t row_count() const { return 1 + point_count + hanging.size(); }
  LatticeView view() const;
};

// Fails with `device` if the index tables would not fit the address range (more than 2^31 rows).
Result<Lattice> make_lattice(const Field& field);

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

// A world ray in the lattice's units (see MarchRay). It starts near the lattice instead of at the
// camera, a multiple of every level's step further on: the samples are the same.
MarchRay to_march_ray(const Lattice& lattice, const Ray& ray, float offset);

}  // namespace voxpack
