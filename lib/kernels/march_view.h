// Plain views of a lattice, a network and a batch of rays, shared by every build of the march code.
// No standard library here: the same code is compiled for several instruction sets (march_impl.h).
#pragma once

#include <cstdint>

#include "core/host_device.h"

namespace voxpack {

// A leaf block as the marcher sees it. Lengths in cells of the finest level ("fine cells").
struct LeafView {
  float lower[3];     // lower corner
  float size;         // edge: 4 << shift
  int32_t shift;      // level - finest level
  uint32_t is_empty;  // 1: no positive density at any corner, nothing to sample
};

// Look-up from fine blocks (4 x 4 x 4 fine cells) to leaves, in two steps: a top grid of 8 x 8 x 8
// fine blocks per cell, then tables of 512 entries. Entries of a table: 0 void, else leaf index
// + 1. Entries of the top grid: leaf index with kWholeCell, void with kVoidCell, else 1 + table
// number.
struct LatticeView {
  int32_t finest_level;
  int32_t top_size;  // cells per axis of the top grid
  const uint32_t* top;
  const uint32_t* tables;  // [table][512], x fastest
  const LeafView* leaves;
  const uint32_t*
      corner_rows;  // [leaf][125] rows of the values at the block's 5 x 5 x 5 corners, x fastest
};

inline constexpr uint32_t kWholeCell = 0x80000000u;
// Without kWholeCell: all cells up to the number in the low bits (0..kMaxVoidReach) away on any
// axis, as far as they lie in the grid, are void too.
inline constexpr uint32_t kVoidCell = 0x40000000u;
inline constexpr uint32_t kMaxVoidReach = 255;

VOXPACK_HOST_DEVICE inline constexpr bool is_void_cell(uint32_t entry) {
  return (entry & (kWholeCell | kVoidCell)) == kVoidCell;
}
inline constexpr int kCornersPerLeaf = 125;

// A ray in fine cells: position(t) = origin + t * step_direction, t in units of h (level-0
// spacing).
struct MarchRay {
  float origin[3];
  float step_direction[3];
  float direction[3];  // unit vector in the world, for the decoder
  float offset;        // u of the sample positions t = (k + u) * s, 0..1
};

struct TrainRay {
  MarchRay ray;
  float target[3];  // premultiplied colour + (1 - alpha) * background
  float background[3];
  float gain[3] = {1, 1, 1};  // of the view: the colour of the object is multiplied with it
  uint32_t view = 0;          // which view's parameters the ray moves with
};

// The appearance network as the marcher wants it. Kind mlp: input weights [inputs][hidden], output
// weights transposed [3][hidden], hidden padded with zeros to a multiple of 16.
struct NetworkView {
  int32_t kind;  // AppearanceKind
  int32_t channels;
  int32_t inputs;
  int32_t hidden;  // padded
  const float* weights_in;
  const float* weights_out;
};

// What one lane of the optimiser accumulates; lanes are fixed in number, so sums do not depend on
// threads.
struct TrainLane {
  float* row_gradients;    // [row][stride]
  uint8_t* touched_pages;  // [row / kRowsPerPage]
  float* gradients_in;     // [inputs][hidden]
  float* gradients_out;    // [3][hidden]
  void* samples;           // scratch of kSampleSpace samples
  float* view_gradients;   // [view][kViewParameters]; null: views are not fitted
  double squared_error;    // sum over rays and channels
  uint64_t sample_count;
};

inline constexpr int kRowsPerPage = 16;
inline constexpr int kMaxSamples = 2048;  // of a ray
inline constexpr int kSampleSpace = 2 * kMaxSamples;
inline constexpr int kSampleBytes = 256;

struct TrainSettings {
  float gradient_scale;    // multiplies every gradient, 1 / rays of the batch
  float concentration;     // lambda of -sum w^2
  float residual_penalty;  // weight of the squared view-dependent residual
  float centre = 0;        // of the cube on each axis, fine cells; for view_gradients
  bool is_probe = false;   // the targets are the derivatives of the colours; no loss
};

// The pairs of one pass of smoothness and their weights (kernels/smoothness.h).
struct SmoothnessPass {
  float density_weight, feature_weight;
  uint32_t first_leaf;   // this one and every kSmoothInterval-th after it take part,
  uint32_t leaf_count;   // as far as they are leaves of the field: the others have no points
  uint32_t point_count;  // rows 1 .. point_count are points

  VOXPACK_HOST_DEVICE bool is_point(uint32_t row) const { return row - 1 < point_count; }
};

struct AdamSettings {
  float rate[32];  // learning rate of each float of a row
  float beta1, beta2;
  float correction1, correction2;  // 1 / (1 - beta^t)
  float epsilon;
};

// One build of the march code. `stride` is the floats per row: 8, 16 or 32; float 0 is the density.
struct MarchTable {
  const char* name;
  void (*train)(const LatticeView&, const float* values, int stride, const NetworkView&,
                const TrainRay* rays, int ray_count, const TrainSettings&, TrainLane&);
  // Accumulated features [ray][stride], float 0 of each is alpha.
  void (*accumulate)(const LatticeView&, const float* values, int stride, const MarchRay* rays,
                     int ray_count, float* sums);
  // Adds the lanes' gradients of one page of rows, updates the rows that have any, clears the
  // gradients.
  void (*adam_page)(float* values, float* first_moments, float* second_moments,
                    float* const* lane_gradients, int lane_count, int stride, int row_count,
                    const AdamSettings&);
  // Adds the gradients of the pairs of one leaf, whose corner rows are [125]. Pages that the rays
  // touched, on any lane, are `touched_pages`.
  void (*smooth_leaf)(const uint32_t* corners, const SmoothnessPass&, const float* values,
                      int stride, const uint8_t* touched_pages, TrainLane&);
};

const MarchTable& march_table_baseline();
const MarchTable& march_table_avx2();
const MarchTable& march_table_avx512();
// The best build this processor runs.
const MarchTable& best_march_table();

}  // namespace voxpack
