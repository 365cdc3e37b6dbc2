// Values on a lattice: rows of the points and of the hanging corners.
#include <algorithm>

#include "kernels/lattice.h"

namespace voxpack {

int row_stride(int channels) { return channels < 8 ? 8 : (channels < 16 ? 16 : 32); }

std::vector<float> make_rows(const Field& field, const Lattice& lattice, int stride) {
  std::vector<float> rows(lattice.row_count() * stride, 0.0f);
  const int channels = field.channels();
  for (size_t i = 0; i < field.point_count(); ++i) {
    float* row = rows.data() + (i + 1) * stride;
    row[0] = field.density[i];
    std::copy_n(field.features.data() + i * channels, channels, row + 1);
  }
  resolve_hanging(lattice, stride, rows.data());
  return rows;
}

void resolve_hanging(const Lattice& lattice, int stride, float* rows) {
  float* target = rows + (1 + lattice.point_count) * stride;
  for (const HangingRow& hanging : lattice.hanging) {
    for (int k = 0; k < stride; ++k) {
      float sum = 0;
      for (int c = 0; c < 8; ++c)
        sum += hanging.weights[c] * rows[size_t{hanging.sources[c]} * stride + k];
      target[k] = sum;
    }
    target += stride;
  }
}

void scatter_hanging(const Lattice& lattice, int stride, float* gradients, uint8_t* touched_pages) {
  for (size_t i = lattice.hanging.size(); i-- > 0;) {
    const HangingRow& hanging = lattice.hanging[i];
    const size_t row = 1 + lattice.point_count + i;
    if (!touched_pages[row / kRowsPerPage]) continue;
    float* source = gradients + row * stride;
    for (int c = 0; c < 8; ++c) {
      if (hanging.weights[c] == 0) continue;
      touched_pages[hanging.sources[c] / kRowsPerPage] = 1;
      float* target = gradients + size_t{hanging.sources[c]} * stride;
      for (int k = 0; k < stride; ++k) target[k] += hanging.weights[c] * source[k];
    }
    std::fill_n(source, stride, 0.0f);
  }
}

void update_empty_leaves(Lattice& lattice, int stride, const float* rows) {
#pragma omp parallel for schedule(static)
  for (size_t leaf = 0; leaf < lattice.leaves.size(); ++leaf) {
    const uint32_t* corners = lattice.corner_rows.data() + leaf * kCornersPerLeaf;
    bool empty = true;
    for (int c = 0; c < kCornersPerLeaf && empty; ++c)
      empty = !(rows[size_t{corners[c]} * stride] > 0);
    lattice.leaves[leaf].is_empty = empty;
  }
}

}  // namespace voxpack
