// One site of Optimizer::regrid(): the trilinear value of an old lattice of one level at a site of
// a new one. Only + and *, so that every device gives the same bits.
#pragma once

#include "kernels/march_view.h"

namespace voxpack {

// Coordinates in its block of the site of bit `bit` of a block's mask.
VOXPACK_HOST_DEVICE inline void site_of_bit(int bit, int site[3]) {
  for (int a = 0; a < 3; ++a) site[a] = (bit >> a & 1) | (bit >> (a + 3) & 1) << 1;
}

// The rows whose values are averaged.
struct SiteTaps {
  int count = 0;  // 0 (void), 1, 2, 4 or 8
  uint32_t rows[8];
};

// `site` is in cells of the new lattice, which are 1 / factor old ones; factor is 1 or 2. All
// leaves of `old` are of level 0.
VOXPACK_HOST_DEVICE inline SiteTaps site_taps(const LatticeView& old, const int site[3],
                                              int factor) {
  SiteTaps taps;
  int cell[3], block[3];
  for (int a = 0; a < 3; ++a) {
    cell[a] = site[a] / factor;
    block[a] = cell[a] / 4;
    if (block[a] >= old.top_size * 8) return taps;
  }
  const uint32_t entry =
      old.top[((block[2] >> 3) * static_cast<uint64_t>(old.top_size) + (block[1] >> 3)) *
                  old.top_size +
              (block[0] >> 3)];
  if (is_void_cell(entry)) return taps;  // leaves of level 0 never fill a whole cell
  const uint32_t leaf_entry =
      old.tables[static_cast<uint64_t>(entry - 1) * 512 +
                 ((block[2] & 7) * 8 + (block[1] & 7)) * 8 + (block[0] & 7)];
  if (leaf_entry == 0) return taps;
  const uint32_t* corners =
      old.corner_rows + static_cast<uint64_t>(leaf_entry - 1) * kCornersPerLeaf;
  for (int c = 0; c < 8; ++c) {
    int corner[3];
    bool used = true;
    for (int a = 0; a < 3; ++a) {
      const int upper = c >> a & 1;
      used = used && (upper == 0 || site[a] % factor != 0);
      corner[a] = cell[a] % 4 + upper;
    }
    if (used) taps.rows[taps.count++] = corners[(corner[2] * 5 + corner[1]) * 5 + corner[0]];
  }
  return taps;
}

// Float `k` of the new row; `values` are the old ones. Float 0, the density, times `density_scale`.
VOXPACK_HOST_DEVICE inline float regrid_one(const SiteTaps& taps, const float* values, int stride,
                                            int k, float density_scale) {
  if (taps.count == 0) return 0.0f;
  const float share = 1.0f / static_cast<float>(taps.count);
  const float weight = k == 0 ? share * density_scale : share;
  float sum = 0;
  for (int t = 0; t < taps.count; ++t) {
    sum += weight * values[static_cast<uint64_t>(taps.rows[t]) * stride + k];
  }
  return sum;
}

}  // namespace voxpack
