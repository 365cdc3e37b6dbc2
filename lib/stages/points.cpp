// Selection of points, and the points of the next finer level.
#include "stages/points.h"

#include <algorithm>
#include <bit>

#include "kernels/lattice.h"
#include "kernels/regrid_math.h"

namespace voxpack {
namespace {

// Mask of the sites of the block (x, y, z) of the doubled lattice whose value involves a point.
uint64_t mask_of(const LatticeView& view, const int block[3], int resolution) {
  uint64_t mask = 0;
  for (int bit = 0; bit < 64; ++bit) {
    int site[3];
    site_of_bit(bit, site);
    for (int a = 0; a < 3; ++a) site[a] += kBlockCells * block[a];
    if (std::max({site[0], site[1], site[2]}) > 2 * resolution) continue;  // outside the cube
    const SiteTaps taps = site_taps(view, site, 2);
    if (std::any_of(taps.rows, taps.rows + taps.count, [](uint32_t row) { return row != 0; }))
      mask |= uint64_t{1} << bit;
  }
  return mask;
}

}  // namespace

Field select_points(const Field& field, const std::vector<uint8_t>& keep) {
  std::vector<uint64_t> masks;
  masks.reserve(field.blocks.size());
  for (const Block& block : field.blocks) {
    uint64_t mask = 0;
    uint32_t point = block.first_point;
    for (uint64_t left = block.mask; left != 0; left &= left - 1, ++point) {
      if (keep[point] != 0) mask |= left & -left;
    }
    masks.push_back(mask);
  }
  return select_sites(field, masks);
}

Field select_sites(const Field& field, const std::vector<uint64_t>& masks) {
  Field out;
  out.cube = field.cube;
  out.resolution = field.resolution;
  out.appearance = field.appearance;
  const bool has_values = !field.density.empty();
  const size_t channels = static_cast<size_t>(field.channels());
  size_t kept_count = 0;
  for (size_t b = 0; b < field.blocks.size(); ++b) {
    kept_count += static_cast<size_t>(std::popcount(field.blocks[b].mask & masks[b]));
  }
  LargeVector<float>&density = out.density.edit(), &features = out.features.edit(),
  &importance = out.importance.edit();
  if (has_values) {
    density.resize(kept_count);
    features.resize(kept_count * channels);
    if (!field.importance.empty()) importance.resize(kept_count);
  }
  std::vector<size_t> sources;  // block of the field of each block
  uint32_t count = 0;
  for (size_t b = 0; b < field.blocks.size(); ++b) {
    Block kept = field.blocks[b];
    kept.mask &= masks[b];
    kept.first_point = count;
    if (kept.mask == 0) continue;
    out.blocks.push_back(kept);
    sources.push_back(b);
    count += static_cast<uint32_t>(point_count(kept));
  }
  if (!has_values) return out;
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < out.blocks.size(); ++b) {
    const Block& from = field.blocks[sources[b]];
    size_t point = from.first_point, to = out.blocks[b].first_point;
    for (uint64_t left = from.mask; left != 0; left &= left - 1, ++point) {
      if ((out.blocks[b].mask & left & -left) == 0) continue;
      density[to] = field.density[point];
      std::copy_n(field.features.data() + point * channels, channels,
                  features.data() + to * channels);
      if (!importance.empty()) importance[to] = field.importance[point];
      ++to;
    }
  }
  return out;
}

Result<Field> drop_unused(const Field& field) {
  VOXPACK_ASSIGN(const std::vector<uint8_t> used, find_used_points(field));
  return select_points(field, used);
}

Result<Field> double_resolution(const Field& field) {
  VOXPACK_ASSIGN(const Lattice lattice, make_lattice(field));
  const LatticeView view = lattice.view();
  std::vector<Block> fine(lattice.leaves.size() * 8);
#pragma omp parallel for schedule(dynamic, 256)
  for (size_t i = 0; i < fine.size(); ++i) {
    int at[3];
    for (size_t a = 0; a < 3; ++a)
      at[a] = static_cast<int>(lattice.leaves[i / 8].lower[a]) / 2 + static_cast<int>(i >> a & 1);
    fine[i] = {0,
               static_cast<uint16_t>(at[0]),
               static_cast<uint16_t>(at[1]),
               static_cast<uint16_t>(at[2]),
               0,
               mask_of(view, at, field.resolution)};
  }
  std::erase_if(fine, [](const Block& block) { return block.mask == 0; });
  std::sort(fine.begin(), fine.end(), block_before);
  uint64_t count = 0;
  for (Block& block : fine) {
    block.first_point = static_cast<uint32_t>(count);
    count += static_cast<uint64_t>(point_count(block));
  }
  if (count > kMaxPoints)
    return {Errc::device, "up-sampling gives " + std::to_string(count) + " points; too many"};
  Field out;
  out.cube = field.cube;
  out.resolution = field.resolution * 2;
  out.appearance = field.appearance;
  out.blocks = std::move(fine);
  return out;
}

}  // namespace voxpack
