// Selection and up-sampling of points.
#include "stages/points.h"

#include <algorithm>

#include "core/morton.h"
#include "kernels/lattice.h"

namespace voxpack {
namespace {

struct FineBlock {
  Block block;
  uint32_t leaf;      // coarse leaf it lies in
  uint8_t octant[3];  // 0 or 1: its half of the leaf
};

// Trilinear interpolation of a fine site inside a coarse leaf: row and weight of the corners
// involved.
struct Taps {
  int count = 0;
  int corner[8];
  float weight;  // the same for all: 1, 1/2, 1/4 or 1/8
};

Taps taps_of(const uint8_t octant[3], int x, int y, int z) {
  const int half[3] = {octant[0] * kBlockCells + x, octant[1] * kBlockCells + y,
                       octant[2] * kBlockCells + z};  // 0..7, in half cells
  Taps taps;
  for (int c = 0; c < 8; ++c) {
    int corner = 0;
    bool used = true;
    constexpr int kPitch[3] = {1, 5, 25};
    for (int a = 0; a < 3; ++a) {
      const bool upper = c >> a & 1;
      if (upper && half[a] % 2 == 0) used = false;
      corner += (half[a] / 2 + upper) * kPitch[a];
    }
    if (used) taps.corner[taps.count++] = corner;
  }
  taps.weight = 1.0f / static_cast<float>(taps.count);
  return taps;
}

}  // namespace

Field select_points(const Field& field, const std::vector<uint8_t>& keep) {
  Field out;
  out.cube = field.cube;
  out.resolution = field.resolution;
  out.appearance = field.appearance;
  const size_t channels = static_cast<size_t>(field.channels());
  for (const Block& block : field.blocks) {
    Block kept = block;
    kept.first_point = static_cast<uint32_t>(out.density.size());
    uint32_t point = block.first_point;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      if (keep[point] == 0) {
        kept.mask &= ~(left & -left);
        continue;
      }
      out.density.push_back(field.density[point]);
      const auto first = field.features.begin() + static_cast<ptrdiff_t>(point * channels);
      out.features.insert(out.features.end(), first, first + static_cast<ptrdiff_t>(channels));
      if (!field.importance.empty()) out.importance.push_back(field.importance[point]);
    }
    if (kept.mask != 0) out.blocks.push_back(kept);
  }
  return out;
}

Result<Field> upsample(const Field& field, float density_scale) {
  VOXPACK_ASSIGN(const Lattice lattice, make_lattice(field));
  const int stride = row_stride(field.channels());
  const std::vector<float> rows = make_rows(field, lattice, stride);
  std::vector<FineBlock> fine;
  for (uint32_t leaf = 0; leaf < lattice.leaves.size(); ++leaf) {
    const LeafView& view = lattice.leaves[leaf];
    const uint32_t* corners = lattice.corner_rows.data() + size_t{leaf} * kCornersPerLeaf;
    for (uint8_t octant = 0; octant < 8; ++octant) {
      FineBlock block{};
      block.leaf = leaf;
      for (int a = 0; a < 3; ++a) block.octant[a] = octant >> a & 1;
      block.block.x = static_cast<uint16_t>(view.lower[0] / 2 + block.octant[0]);
      block.block.y = static_cast<uint16_t>(view.lower[1] / 2 + block.octant[1]);
      block.block.z = static_cast<uint16_t>(view.lower[2] / 2 + block.octant[2]);
      for (int site = 0; site < 64; ++site) {
        const uint64_t s = static_cast<uint64_t>(site);
        const Taps taps = taps_of(block.octant, static_cast<int>(gather_bits_3(s)),
                                  static_cast<int>(gather_bits_3(s >> 1)),
                                  static_cast<int>(gather_bits_3(s >> 2)));
        const int last =
            std::max({block.block.x * kBlockCells + static_cast<int>(gather_bits_3(s)),
                      block.block.y * kBlockCells + static_cast<int>(gather_bits_3(s >> 1)),
                      block.block.z * kBlockCells + static_cast<int>(gather_bits_3(s >> 2))});
        if (last > 2 * field.resolution)
          continue;  // outside the cube, where the lattice has no sites
        for (int t = 0; t < taps.count; ++t) {
          if (corners[taps.corner[t]] != 0) block.block.mask |= uint64_t{1} << site;
        }
      }
      if (block.block.mask != 0) fine.push_back(block);
    }
  }
  std::sort(fine.begin(), fine.end(),
            [](const FineBlock& a, const FineBlock& b) { return block_before(a.block, b.block); });
  uint64_t count = 0;
  for (FineBlock& block : fine) {
    block.block.first_point = static_cast<uint32_t>(count);
    count += static_cast<uint64_t>(point_count(block.block));
  }
  if (count > kMaxPoints)
    return {Errc::device, "up-sampling gives " + std::to_string(count) + " points; too many"};
  Field out;
  out.cube = field.cube;
  out.resolution = field.resolution * 2;
  out.appearance = field.appearance;
  out.density.resize(count);
  const int channels = field.channels();
  out.features.resize(count * static_cast<size_t>(channels));
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < fine.size(); ++b) {
    const FineBlock& block = fine[b];
    const uint32_t* corners = lattice.corner_rows.data() + size_t{block.leaf} * kCornersPerLeaf;
    size_t point = block.block.first_point;
    for (uint64_t left = block.block.mask; left != 0; left &= left - 1, ++point) {
      const uint64_t s = static_cast<uint64_t>(std::countr_zero(left));
      const Taps taps =
          taps_of(block.octant, static_cast<int>(gather_bits_3(s)),
                  static_cast<int>(gather_bits_3(s >> 1)), static_cast<int>(gather_bits_3(s >> 2)));
      float* features = out.features.data() + point * static_cast<size_t>(channels);
      for (int t = 0; t < taps.count; ++t) {
        const float* row =
            rows.data() + size_t{corners[taps.corner[t]]} * static_cast<size_t>(stride);
        out.density[point] += taps.weight * density_scale * row[0];
        for (int c = 0; c < channels; ++c) features[c] += taps.weight * row[1 + c];
      }
    }
  }
  out.blocks.reserve(fine.size());
  for (const FineBlock& block : fine) out.blocks.push_back(block.block);
  return out;
}

}  // namespace voxpack
