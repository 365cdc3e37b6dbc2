#include "decoder/atlas_corners.h"

#include <algorithm>
#include <bit>

namespace voxpack {
namespace {

constexpr uint32_t kNoPoint = 0xffffffffu;
constexpr int kMaxSources = 255;  // of a hanging corner

struct Corner {
  int x, y, z;
};
constexpr Corner corner_at(int i) { return {i % 5, i / 5 % 5, i / 25}; }

class CornerFinder {
 public:
  CornerFinder(const LeafMap& map, std::span<const int8_t> density, AtlasCorners& out)
      : map_(map), density_(density), out_(out) {}

  void find(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    look_around(number);
    int8_t* codes = &out_.codes[size_t{number} * kAtlasCorners];
    for (int i = 0; i < kAtlasCorners; ++i) {
      coarse_[i] = coarse_at(leaf, corner_at(i));
      const auto p = place(leaf, corner_at(i));
      codes[i] =
          coarse_[i] < 0 ? stored_code(p) : hanging_code(static_cast<uint32_t>(coarse_[i]), p);
    }
    note_needed(number, codes);
  }

  // Appends the points that the corners noted as needed are made of.
  void list_sources(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    if ((out_.own[number] | out_.apron[number]) == 0) return;
    for (uint64_t rest = out_.own[number]; rest != 0; rest &= rest - 1) {
      const int i = std::countr_zero(rest);
      list_sources_of(place(leaf, {(i & 1) | (i >> 2 & 2), (i >> 1 & 1) | (i >> 3 & 2),
                                   (i >> 2 & 1) | (i >> 4 & 2)}));
    }
    for (int i = 0; i < kAtlasCorners; ++i) by_apron(number, leaf, i);
  }

 private:
  using Place = std::array<int32_t, 3>;  // fine cells

  Place place(const AtlasLeaf& leaf, Corner c) const {
    const Place low = map_.lower(leaf);
    return {low[0] + (c.x << leaf.shift), low[1] + (c.y << leaf.shift),
            low[2] + (c.z << leaf.shift)};
  }

  // The leaves in the 26 directions around that are coarser; no others matter for hanging.
  void look_around(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    const int32_t size = 1 << leaf.shift;
    const int32_t low[3] = {leaf.x * size, leaf.y * size, leaf.z * size};
    any_coarser_ = false;
    for (int n = 0; n < 27; ++n) {
      const int step[3] = {n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1};
      int32_t at[3];
      for (int a = 0; a < 3; ++a) at[a] = low[a] + (step[a] > 0 ? size : step[a]);
      const int found = map_.leaf_at(at[0], at[1], at[2]);
      const bool is_coarser =
          found >= 0 && map_.leaves[static_cast<size_t>(found)].shift > leaf.shift;
      around_[n] = is_coarser ? found : -1;
      any_coarser_ |= is_coarser;
    }
  }

  // The coarsest leaf around a corner of the leaf looked at last, if the corner hangs on it.
  int coarse_at(const AtlasLeaf& leaf, Corner c) const {
    if (!any_coarser_) return -1;
    const int side[3] = {c.x == 0 ? -1 : c.x / 4, c.y == 0 ? -1 : c.y / 4, c.z == 0 ? -1 : c.z / 4};
    int best = -1;
    for (int s = 1; s < 8; ++s) {
      int n = 13;
      for (int a = 0, pitch = 1; a < 3; ++a, pitch *= 3) n += (s >> a & 1) * side[a] * pitch;
      const int found = around_[n];
      if (found >= 0 && (best < 0 || shift_of(found) > shift_of(best))) best = found;
    }
    return best >= 0 && !is_site(place(leaf, c), shift_of(best)) ? best : -1;
  }

  int shift_of(int leaf) const { return map_.leaves[static_cast<size_t>(leaf)].shift; }
  static bool is_site(const Place& p, int shift) {
    return ((p[0] | p[1] | p[2]) & ((1 << shift) - 1)) == 0;
  }

  uint32_t stored_point(const Place& p) const {
    const int found = map_.leaf_at(p[0] >> 2, p[1] >> 2, p[2] >> 2);
    if (found < 0) return kNoPoint;
    const AtlasLeaf& leaf = map_.leaves[static_cast<size_t>(found)];
    const int bit =
        site_bit(p[0] >> leaf.shift & 3, p[1] >> leaf.shift & 3, p[2] >> leaf.shift & 3);
    if (!(leaf.mask >> bit & 1)) return kNoPoint;
    const uint64_t below = leaf.mask & ((uint64_t{1} << bit) - 1);
    return leaf.first_point + static_cast<uint32_t>(std::popcount(below));
  }

  int8_t stored_code(const Place& p) const {
    const uint32_t point = stored_point(p);
    return point == kNoPoint ? int8_t{0} : density_[point];
  }

  // The cell of `coarse` that holds p: its first corner, and the place of p inside in 1/2^shift.
  struct Cell {
    int corner;
    int32_t inside[3];
  };
  Cell cell_of(const AtlasLeaf& coarse, const Place& p) const {
    const Place low = map_.lower(coarse);
    Cell cell{};
    for (int a = 0, pitch = 1; a < 3; ++a, pitch *= 5) {
      const int32_t local = p[a] - low[a];
      const int32_t at = std::min(local >> coarse.shift, 3);
      cell.corner += pitch * at;
      cell.inside[a] = local - (at << coarse.shift);
    }
    return cell;
  }
  // Weight of corner c of a cell, in 1 / 2^(3 shift).
  static int32_t weight_of(const Cell& cell, int c, int shift) {
    int32_t weight = 1;
    for (int a = 0; a < 3; ++a) {
      weight *= c >> a & 1 ? cell.inside[a] : (1 << shift) - cell.inside[a];
    }
    return weight;
  }

  int8_t hanging_code(uint32_t coarse, const Place& p) const {
    const AtlasLeaf& leaf = map_.leaves[coarse];
    const Cell cell = cell_of(leaf, p);
    const int8_t* codes = &out_.codes[size_t{coarse} * kAtlasCorners];
    int32_t sum = 0;
    for (int c = 0; c < 8; ++c) {
      sum += weight_of(cell, c, leaf.shift) *
             codes[cell.corner + (c & 1) + (c >> 1 & 1) * 5 + (c >> 2) * 25];
    }
    const int32_t one = 1 << (3 * leaf.shift);
    return static_cast<int8_t>((2 * sum + (sum < 0 ? -one : one)) / (2 * one));
  }

  // Marks the corners of the cells that are not empty, as far as they hang.
  void note_needed(uint32_t number, const int8_t* codes) {
    bool dense = false;
    for (int i = 0; i < kAtlasCorners; ++i) dense |= codes[i] > 0;
    out_.is_dense[number] = dense;
    out_.dense_count += dense;
    if (!dense || !any_coarser_) return;
    for (int cell = 0; cell < 64; ++cell) {
      const int first = (cell & 3) + (cell >> 2 & 3) * 5 + (cell >> 4) * 25;
      bool seen = false;
      for (int c = 0; c < 8; ++c) seen |= codes[first + offset_of(c)] > 0;
      for (int c = 0; seen && c < 8; ++c) {
        const int i = first + offset_of(c);
        if (coarse_[i] < 0) continue;
        const Corner at = corner_at(i);
        if (std::max({at.x, at.y, at.z}) == 4) {
          out_.apron[number] |= uint64_t{1} << apron_bit(at.x, at.y, at.z);
        } else {
          out_.own[number] |= uint64_t{1} << site_bit(at.x, at.y, at.z);
        }
      }
    }
  }
  static constexpr int offset_of(int c) { return (c & 1) + (c >> 1 & 1) * 5 + (c >> 2) * 25; }

  void by_apron(uint32_t number, const AtlasLeaf& leaf, int i) {
    // Corners in the order of their bits: those with z = 4, then y = 4, then x = 4.
    if (i >= 61) return;
    if (!(out_.apron[number] >> i & 1)) return;
    const Corner at = i < 25   ? Corner{i % 5, i / 5, 4}
                      : i < 45 ? Corner{(i - 25) % 5, 4, (i - 25) / 5}
                               : Corner{4, (i - 45) % 4, (i - 45) / 4};
    list_sources_of(place(leaf, at));
  }

  void list_sources_of(const Place& p) {
    const size_t first = out_.sources.size();
    add_sources(p, 256, first);
    out_.source_counts.push_back(static_cast<uint8_t>(out_.sources.size() - first));
  }

  // The value at p, wherever p is, times weight / 256 (docs/field-format.md, corner()).
  void add_sources(const Place& p, uint32_t weight, size_t first) {
    int best = -1;
    for (int s = 0; s < 8; ++s) {
      const int found =
          map_.leaf_at((p[0] - (s & 1)) >> 2, (p[1] - (s >> 1 & 1)) >> 2, (p[2] - (s >> 2)) >> 2);
      if (found >= 0 && (best < 0 || shift_of(found) > shift_of(best))) best = found;
    }
    if (best < 0) return;
    if (is_site(p, shift_of(best))) {
      const uint32_t point = stored_point(p);
      if (point != kNoPoint && out_.sources.size() - first < kMaxSources) {
        out_.sources.push_back({point, weight});
      }
      return;
    }
    const AtlasLeaf& coarse = map_.leaves[static_cast<size_t>(best)];
    const Cell cell = cell_of(coarse, p);
    const Place low = map_.lower(coarse);
    for (int c = 0; c < 8; ++c) {
      const auto share = static_cast<uint32_t>(
          (int64_t{weight_of(cell, c, coarse.shift)} * weight) >> (3 * coarse.shift));
      if (share == 0) continue;
      const Corner at = corner_at(cell.corner + offset_of(c));
      add_sources({low[0] + (at.x << coarse.shift), low[1] + (at.y << coarse.shift),
                   low[2] + (at.z << coarse.shift)},
                  share, first);
    }
  }

  const LeafMap& map_;
  std::span<const int8_t> density_;
  AtlasCorners& out_;
  int around_[27] = {};
  int coarse_[kAtlasCorners] = {};  // of the corners of the leaf looked at last
  bool any_coarser_ = false;
};

}  // namespace

AtlasCorners find_atlas_corners(const LeafMap& map, std::span<const int8_t> density_codes,
                                float density_range) {
  AtlasCorners out;
  out.density_range = density_range;
  const size_t count = map.leaves.size();
  out.codes.assign(count * kAtlasCorners, 0);
  out.is_dense.assign(count, 0);
  out.own.assign(count, 0);
  out.apron.assign(count, 0);
  CornerFinder finder(map, density_codes, out);
  for (int shift = 15; shift >= 0; --shift) {  // what others hang on comes first
    for (uint32_t i = 0; i < count; ++i) {
      if (map.leaves[i].shift == shift) finder.find(i);
    }
  }
  for (uint32_t i = 0; i < count; ++i) finder.list_sources(i);
  return out;
}

}  // namespace voxpack
