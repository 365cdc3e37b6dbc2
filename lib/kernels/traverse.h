// Walk of a ray through the leaf blocks of a lattice, front to back. Compiled by every build of the
// march code and by the exact kernels; only + - * / and comparisons, so that all builds without
// contraction agree.
#pragma once

#include "kernels/march_view.h"

namespace voxpack {
namespace {

VOXPACK_HOST_DEVICE inline float smaller(float a, float b) { return a < b ? a : b; }
VOXPACK_HOST_DEVICE inline float larger(float a, float b) { return a > b ? a : b; }

VOXPACK_HOST_DEVICE inline int clamp_int(int v, int lo, int hi) {
  return v < lo ? lo : (v > hi ? hi : v);
}

// Calls visit(leaf_index, t_in, t_out) for every non-empty leaf on the ray; visit returns false to
// stop.
template <class Visit>
VOXPACK_HOST_DEVICE inline void traverse(const LatticeView& lattice, const MarchRay& ray,
                                         Visit&& visit) {
  constexpr float kNudge = 1e-3f;  // of a fine cell: far below a sample step
  constexpr float kRounding =
      3e-7f;  // more than two units in the last place: t + nudge is always larger than t
  constexpr float kFarthest = 1048576.0f;  // beyond, floats cannot tell the samples apart
  const float extent = static_cast<float>(lattice.top_size * 32);
  float inverse[3];
  float t = 0.0f;
  float t_end = 1e30f;
  float speed = 0.0f;
  for (int a = 0; a < 3; ++a) {
    const float d = ray.step_direction[a];
    const float safe = d > 1e-12f || d < -1e-12f ? d : (d < 0 ? -1e-12f : 1e-12f);
    inverse[a] = 1.0f / safe;
    const float t0 = (0.0f - ray.origin[a]) * inverse[a];
    const float t1 = (extent - ray.origin[a]) * inverse[a];
    t = larger(t, smaller(t0, t1));
    t_end = smaller(t_end, larger(t0, t1));
    speed = larger(speed, d < 0 ? -d : d);
  }
  if (!(speed > 0.0f) || !(t_end < kFarthest)) return;
  const float nudge = larger(kNudge / speed, kRounding * t_end);
  const int last_block = lattice.top_size * 8 - 1;
  while (t < t_end) {
    const float probe = t + nudge;
    int block[3];
    for (int a = 0; a < 3; ++a) {
      const float p = ray.origin[a] + probe * ray.step_direction[a];
      block[a] = clamp_int(static_cast<int>(p * 0.25f), 0, last_block);
    }
    const uint32_t entry =
        lattice.top[((block[2] >> 3) * lattice.top_size + (block[1] >> 3)) * lattice.top_size +
                    (block[0] >> 3)];
    float lower[3];
    float size;
    int leaf = -1;
    if (is_void_cell(entry)) {
      const int reach = static_cast<int>(entry & kMaxVoidReach);
      size = static_cast<float>(2 * reach + 1) * 32.0f;
      for (int a = 0; a < 3; ++a) lower[a] = static_cast<float>((block[a] >> 3) - reach) * 32.0f;
    } else {
      uint32_t leaf_entry = (entry & ~kWholeCell) + 1;
      if (!(entry & kWholeCell)) {
        const int index = ((block[2] & 7) * 8 + (block[1] & 7)) * 8 + (block[0] & 7);
        leaf_entry = lattice.tables[static_cast<uint64_t>(entry - 1) * 512 + index];
      }
      if (leaf_entry == 0) {
        size = 4.0f;
        for (int a = 0; a < 3; ++a) lower[a] = static_cast<float>(block[a]) * 4.0f;
      } else {
        leaf = static_cast<int>(leaf_entry - 1);
        const LeafView& view = lattice.leaves[leaf];
        size = view.size;
        for (int a = 0; a < 3; ++a) lower[a] = view.lower[a];
      }
    }
    float t_out = t_end;
    for (int a = 0; a < 3; ++a) {
      const float side = inverse[a] > 0.0f ? lower[a] + size : lower[a];
      t_out = smaller(t_out, (side - ray.origin[a]) * inverse[a]);
    }
    t_out = larger(t_out, t + nudge);
    if (leaf >= 0 && !lattice.leaves[leaf].is_empty) {
      if (!visit(leaf, t, t_out)) return;
    }
    t = t_out;
  }
}

// The cell of a sample: rows of its 8 corners (x fastest) and their trilinear weights.
VOXPACK_HOST_DEVICE inline void locate(const LatticeView& lattice, int leaf, const MarchRay& ray,
                                       float t, const uint32_t*& rows, float fraction[3]) {
  const LeafView& view = lattice.leaves[leaf];
  const float cells_per_size = 4.0f / view.size;
  int corner = 0;
  constexpr int kPitch[3] = {1, 5, 25};
  for (int a = 0; a < 3; ++a) {
    const float local =
        (ray.origin[a] + t * ray.step_direction[a] - view.lower[a]) * cells_per_size;
    const int cell = clamp_int(static_cast<int>(local), 0, 3);
    const float f = local - static_cast<float>(cell);
    fraction[a] = f < 0.0f ? 0.0f : (f > 1.0f ? 1.0f : f);
    corner += cell * kPitch[a];
  }
  rows = lattice.corner_rows + static_cast<uint64_t>(leaf) * kCornersPerLeaf + corner;
}

// Place of corner c (x fastest) of a cell among the 5 x 5 x 5 corners of its leaf.
VOXPACK_HOST_DEVICE inline constexpr int corner_offset(int c) {
  return (c & 1) + (c >> 1 & 1) * 5 + (c >> 2) * 25;
}

VOXPACK_HOST_DEVICE inline void trilinear_weights(const float f[3], float weights[8]) {
  const float x1 = f[0], x0 = 1.0f - f[0];
  const float y1 = f[1], y0 = 1.0f - f[1];
  const float z1 = f[2], z0 = 1.0f - f[2];
  const float a = y0 * z0, b = y1 * z0, c = y0 * z1, d = y1 * z1;
  weights[0] = x0 * a;
  weights[1] = x1 * a;
  weights[2] = x0 * b;
  weights[3] = x1 * b;
  weights[4] = x0 * c;
  weights[5] = x1 * c;
  weights[6] = x0 * d;
  weights[7] = x1 * d;
}

}  // namespace
}  // namespace voxpack
