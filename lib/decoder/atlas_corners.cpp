#include "decoder/atlas_corners.h"

#include <algorithm>
#include <bit>

#include "decoder/atlas_places.h"

namespace voxpack {
namespace {

constexpr uint32_t kNoPoint = 0xffffffffu;
constexpr int kMaxSources = 255;  // of a hanging corner

class CornerFinder {
 public:
  CornerFinder(const LeafMap& map, std::span<const int8_t> density, AtlasCorners& out)
      : map_(map), density_(density), out_(out), is_plain_(map.leaves.size(), 0) {}

  // The codes of a leaf; those of coarser leaves must be known.
  void find(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    look_around(number);
    int8_t* codes = &out_.codes[size_t{number} * kAtlasCorners];
    for (int behind = 0; behind < 8; ++behind) copy_stored(behind, codes);
    candidates_.clear();
    for (int i = 0; !is_among_equals_ && i < kAtlasCorners; ++i) {
      const Corner c = corner_at(i);
      const int coarse = coarse_at(leaf, c);
      if (coarse >= 0) {
        codes[i] = hanging_code(static_cast<uint32_t>(coarse), place(leaf, c));
        candidates_.push_back({i, true});
      } else if (needs_own_point(upper_sides(c))) {
        const uint32_t point = stored_point(place(leaf, c));
        if (point == kNoPoint) continue;
        codes[i] = density_[point];
        candidates_.push_back({i, false});
      }
    }
    note_needed(number, codes);
  }

  // Appends the points that the corners noted are made of.
  void list_sources(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    out_.first_extra[number] = static_cast<uint32_t>(out_.first_source.size());
    for (uint64_t rest = out_.own[number]; rest != 0; rest &= rest - 1) {
      list_sources_of(place(leaf, corner_at(kSiteCorners[std::countr_zero(rest)])));
    }
    for (uint64_t rest = out_.apron[number]; rest != 0; rest &= rest - 1) {
      const int i = std::countr_zero(rest);
      list_sources_of(place(leaf, i < 25   ? Corner{i % 5, i / 5, 4}
                                  : i < 45 ? Corner{(i - 25) % 5, 4, (i - 25) / 5}
                                           : Corner{4, (i - 45) % 4, (i - 45) / 4}));
    }
  }

 private:
  using Place = std::array<int32_t, 3>;  // fine cells

  Place place(const AtlasLeaf& leaf, Corner c) const {
    const Place low = map_.lower(leaf);
    return {low[0] + (c.x << leaf.shift), low[1] + (c.y << leaf.shift),
            low[2] + (c.z << leaf.shift)};
  }

  // The leaves in the 26 directions around: the coarser ones, on which corners may hang, and those
  // of the same level behind.
  void look_around(uint32_t number) {
    const AtlasLeaf& leaf = map_.leaves[number];
    const int32_t size = 1 << leaf.shift;
    const int32_t low[3] = {leaf.x * size, leaf.y * size, leaf.z * size};
    any_coarser_ = false;
    is_among_equals_ = true;
    for (int n = 0; n < 27; ++n) {
      const int step[3] = {n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1};
      int32_t at[3];
      for (int a = 0; a < 3; ++a) at[a] = low[a] + (step[a] > 0 ? size : step[a]);
      const int found = map_.leaf_at(at[0], at[1], at[2]);
      const int shift = found < 0 ? -1 : shift_of(found);
      around_[n] = shift > leaf.shift ? found : -1;
      any_coarser_ |= shift > leaf.shift;
      if (std::min({step[0], step[1], step[2]}) < 0) continue;
      const int behind = step[0] | step[1] << 1 | step[2] << 2;
      behind_[behind] = shift == leaf.shift ? found : -1;
      may_hold_finer_[behind] = found >= 0 || leaf.shift > 0;
      is_among_equals_ &= shift == leaf.shift;
    }
    is_among_equals_ &= !any_coarser_;
    is_plain_[number] = is_among_equals_;
    out_.next[number] = behind_[1];
  }

  // Whether the shader would not find the stored point of a corner on these upper sides: no leaf of
  // the level owns it, or none holds its row.
  bool needs_own_point(int sides) const {
    if (behind_[sides] < 0) return may_hold_finer_[sides];
    return behind_[sides & 6] < 0;
  }

  // Codes of the corners that one of the eight leaves behind (or the leaf itself) owns.
  void copy_stored(int behind, int8_t* codes) const {
    if (behind_[behind] < 0) return;
    const AtlasLeaf& leaf = map_.leaves[static_cast<size_t>(behind_[behind])];
    uint64_t mask = leaf.mask;
    for (int a = 0; a < 3; ++a) {
      if (behind >> a & 1) mask &= kLowerFaces[a];
    }
    int8_t* to = codes + 4 * offset_of(behind);
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) {
      const uint64_t below = leaf.mask & ((rest & -rest) - 1);
      to[kSiteCorners[static_cast<size_t>(std::countr_zero(rest))]] =
          density_[leaf.first_point + static_cast<uint32_t>(std::popcount(below))];
    }
  }

  // The coarsest leaf around a corner of the leaf looked at last, if the corner hangs on it.
  int coarse_at(const AtlasLeaf& leaf, Corner c) const {
    if (!any_coarser_) return -1;
    const int side[3] = {c.x == 0 ? -1 : c.x / 4, c.y == 0 ? -1 : c.y / 4, c.z == 0 ? -1 : c.z / 4};
    int best = -1;
    for (int s = 1; s < 8; ++s) {
      const int n = 13 + (s & 1) * side[0] + (s >> 1 & 1) * side[1] * 3 + (s >> 2) * side[2] * 9;
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

  // Notes the corners of the cells that are not empty, as far as no point stands for them.
  void note_needed(uint32_t number, const int8_t* codes) {
    const bool dense = std::any_of(codes, codes + kAtlasCorners, [](int8_t c) { return c > 0; });
    out_.is_dense[number] = dense;
    out_.dense_count += dense;
    if (!dense || candidates_.empty()) return;
    bool needed[kAtlasCorners] = {};
    for (int cell = 0; cell < 64; ++cell) {
      const int first = (cell & 3) + (cell >> 2 & 3) * 5 + (cell >> 4) * 25;
      bool seen = false;
      for (int c = 0; c < 8; ++c) seen |= codes[first + offset_of(c)] > 0;
      for (int c = 0; seen && c < 8; ++c) needed[first + offset_of(c)] = true;
    }
    for (const Candidate& at : candidates_) {
      if (needed[at.corner]) note(number, corner_at(at.corner), at.hangs);
    }
  }

  // Where the shader looks for a corner: in the row of the leaf behind along y and z, if that has
  // the same level, and there in the leaf behind along x.
  void note(uint32_t number, Corner c, bool hangs) {
    const int sides = upper_sides(c);
    const int holder = behind_[sides & 6];
    const Corner in_holder = {c.x, sides & 2 ? 0 : c.y, sides & 4 ? 0 : c.z};
    if (holder < 0) {
      out_.apron[number] |= uint64_t{1} << apron_bit(c.x, c.y, c.z);
    } else if (!(sides & 1) || behind_[sides] >= 0) {
      if (!hangs) return;  // the owner's point, if it has one
      out_.own[static_cast<size_t>(behind_[sides])] |=
          uint64_t{1} << site_bit(in_holder.x & 3, in_holder.y, in_holder.z);
    } else {
      out_.apron[static_cast<size_t>(holder)] |= uint64_t{1}
                                                 << apron_bit(4, in_holder.y, in_holder.z);
    }
  }

  void list_sources_of(const Place& p) {
    out_.first_source.push_back(static_cast<uint32_t>(out_.sources.size()));
    add_sources(p, 65536, out_.sources.size());
  }

  // The value at p, wherever p is, times weight / 65536 (docs/field-format.md, corner()).
  void add_sources(const Place& p, uint32_t weight, size_t first) {
    int best = -1;
    for (int s = 0; s < 8; ++s) {
      const int found =
          map_.leaf_at((p[0] - (s & 1)) >> 2, (p[1] - (s >> 1 & 1)) >> 2, (p[2] - (s >> 2)) >> 2);
      if (found >= 0 && (best < 0 || shift_of(found) > shift_of(best))) best = found;
    }
    if (best < 0) return;
    if (is_site(p, shift_of(best))) return add_point(p, weight, first);
    const AtlasLeaf& coarse = map_.leaves[static_cast<size_t>(best)];
    const Cell cell = cell_of(coarse, p);
    const Place low = map_.lower(coarse);
    for (int c = 0; c < 8; ++c) {
      const auto share = static_cast<uint32_t>(
          (int64_t{weight_of(cell, c, coarse.shift)} * weight) >> (3 * coarse.shift));
      if (share == 0) continue;
      const Corner at = corner_at(cell.corner + offset_of(c));
      const Place q = {low[0] + (at.x << coarse.shift), low[1] + (at.y << coarse.shift),
                       low[2] + (at.z << coarse.shift)};
      if (is_plain_[static_cast<size_t>(best)]) {
        add_point(q, share, first);
      } else {
        add_sources(q, share, first);
      }
    }
  }

  void add_point(const Place& p, uint32_t weight, size_t first) {
    const uint32_t point = stored_point(p);
    if (point != kNoPoint && out_.sources.size() - first < kMaxSources) {
      out_.sources.push_back(point << 8 | std::min((weight + 128) >> 8, 255u));
    }
  }

  const LeafMap& map_;
  std::span<const int8_t> density_;
  AtlasCorners& out_;
  std::vector<uint8_t> is_plain_;  // [leaf] no corner of it hangs
  int around_[27] = {};            // coarser leaves around
  int behind_[8] = {};             // leaves of the same level behind
  bool may_hold_finer_[8] = {};    // there are points where no leaf of this level lies behind
  struct Candidate {
    int corner;
    bool hangs;
  };
  std::vector<Candidate> candidates_;  // corners of the leaf for which no point of its level stands
  bool any_coarser_ = false;
  bool is_among_equals_ = false;  // all behind have its level and none around is coarser
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
  out.next.assign(count, -1);
  out.first_extra.assign(count, 0);
  CornerFinder finder(map, density_codes, out);
  for (int shift = 15; shift >= 0; --shift) {  // what others hang on comes first
    for (uint32_t i = 0; i < count; ++i) {
      if (map.leaves[i].shift == shift) finder.find(i);
    }
  }
  for (uint32_t i = 0; i < count; ++i) finder.list_sources(i);
  out.first_source.push_back(static_cast<uint32_t>(out.sources.size()));
  return out;
}

}  // namespace voxpack
