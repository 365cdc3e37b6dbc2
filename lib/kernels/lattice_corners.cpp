#include "kernels/lattice_corners.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "core/morton.h"
#include "kernels/parallel_copy.h"
#include "kernels/traverse.h"

namespace voxpack {
namespace {
// Place of each site of a block among the 5 x 5 x 5 corners of its leaf.
constexpr std::array<int8_t, 64> site_corners() {
  std::array<int8_t, 64> places{};
  for (uint64_t i = 0; i < 64; ++i) {
    places[i] = static_cast<int8_t>((gather_bits_3(i >> 2) * 5 + gather_bits_3(i >> 1)) * 5 +
                                    gather_bits_3(i));
  }
  return places;
}
constexpr std::array<int8_t, 64> kSiteCorners = site_corners();
// Sites of a block whose coordinate on an axis is 0.
constexpr uint64_t kLowerFaces[3] = {0x5555555555555555ULL & 0x00ff00ff00ff00ffULL,
                                     0x3333333333333333ULL & 0x0000ffff0000ffffULL,
                                     0x0f0f0f0f0f0f0f0fULL & 0x00000000ffffffffULL};

// Positions to rows, open addressing. Row 0 is that of no position here.
class RowMap {
 public:
  // The row of `key`, 0 if it is new: to be set before the next call.
  uint32_t& row_of(uint64_t key) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& slot = slot_of(key);
    if (slot.row == 0) {
      slot.key = key;
      ++count_;
    }
    return slot.row;
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t row = 0;
  };
  Slot& slot_of(uint64_t key) {
    size_t at = static_cast<size_t>((key * 0x9e3779b97f4a7c15ULL) >> (64 - bits_));
    while (slots_[at].row != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(size_t{1} << ++bits_);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.row != 0) slot_of(slot.key) = slot;
    }
  }

  int bits_ = 10;
  size_t count_ = 0;
  std::vector<Slot> slots_ = std::vector<Slot>(size_t{1} << bits_);
};

// Finds the rows of the 125 corners of one leaf.
class CornerFinder {
 public:
  CornerFinder(const Field& field, Lattice& lattice) : field_(field), lattice_(lattice) {
    for (const LeafView& leaf : lattice.leaves) single_level_ &= leaf.shift == 0;
  }

  // Then no corner hangs.
  bool single_level() const { return single_level_; }

  // The corners of a leaf that has only leaves of its level around it: the sites of its block and
  // of the lower faces of the seven blocks behind it. Fills in the rows that are not 0.
  void find_single(uint32_t leaf, uint32_t* rows) const {
    for (int behind = 0; behind < 8; ++behind) {
      const int found = neighbour(leaf, behind & 1, behind >> 1 & 1, behind >> 2);
      if (found < 0 || static_cast<size_t>(found) >= field_.blocks.size()) continue;
      const Block& block = field_.blocks[found];
      uint64_t mask = block.mask;
      for (int a = 0; a < 3; ++a) {
        if (behind >> a & 1) mask &= kLowerFaces[a];
      }
      const int offset = corner_offset(behind) * kBlockCells;
      for (uint64_t left = mask; left != 0; left &= left - 1) {
        const int site = std::countr_zero(left);
        const uint64_t below = block.mask & ((left & -left) - 1);
        rows[offset + kSiteCorners[site]] =
            1 + block.first_point + static_cast<uint32_t>(std::popcount(below));
      }
    }
  }

  // Whether find_single() is right for a leaf among several levels: no leaf around is coarser, and
  // those behind have its level.
  bool is_among_equals(uint32_t leaf) const {
    const int shift = lattice_.leaves[leaf].shift;
    for (int n = 0; n < 27; ++n) {
      const int step[3] = {n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1};
      const int found = neighbour(leaf, step[0], step[1], step[2]);
      const bool is_behind = std::min({step[0], step[1], step[2]}) >= 0;
      // Where there is none, finer ones may lie elsewhere in its place.
      if (found < 0 && is_behind && shift > 0) return false;
      if (found < 0) continue;
      const int other = lattice_.leaves[static_cast<size_t>(found)].shift;
      if (other > shift || (is_behind && other != shift)) return false;
    }
    return true;
  }

  // A corner of a leaf that hangs on the coarser leaf `coarse`.
  struct Hanging {
    uint64_t key;  // of its position
    uint32_t leaf;
    int corner, coarse;
  };

  // The corners of a leaf but those that hang, which are added to `hanging`. For any leaves at the
  // same time.
  void find(uint32_t leaf, uint32_t* rows, std::vector<Hanging>& hanging) const {
    if (is_among_equals(leaf)) return find_single(leaf, rows);
    for (int corner = 0; corner < kCornersPerLeaf; ++corner) {
      const int i = corner % 5, j = corner / 5 % 5, k = corner / 25;
      const std::array<int64_t, 3> p = place(leaf, corner);
      const bool inside = i % kBlockCells && j % kBlockCells && k % kBlockCells;
      const int coarse = inside ? -1 : coarser_leaf(p.data());
      if (coarse < 0) {
        rows[corner] = stored_row(p.data());
      } else {
        const uint64_t key = morton_code(static_cast<uint32_t>(p[0]), static_cast<uint32_t>(p[1]),
                                         static_cast<uint32_t>(p[2]));
        hanging.push_back({key, leaf, corner, coarse});
      }
    }
  }

  // Gives a hanging corner its row, in the order of the calls; true if it is a new one, to be
  // filled.
  bool number(const Hanging& hanging, uint32_t next_row) {
    uint32_t& row = known_.row_of(hanging.key);
    const bool is_new = row == 0;
    if (is_new) row = next_row;
    lattice_
        .corner_rows[size_t{hanging.leaf} * kCornersPerLeaf + static_cast<size_t>(hanging.corner)] =
        row;
    return is_new;
  }

  // The row of a hanging corner; those of the coarser leaf must be known.
  HangingRow row_of(const Hanging& hanging) const {
    const std::array<int64_t, 3> p = place(hanging.leaf, hanging.corner);
    const LeafView& view = lattice_.leaves[hanging.coarse];
    const uint32_t* rows = lattice_.corner_rows.data() + size_t(hanging.coarse) * kCornersPerLeaf;
    int cell[3];
    float fraction[3];
    for (int a = 0; a < 3; ++a) {
      const int64_t local = p[a] - static_cast<int64_t>(view.lower[a]);
      cell[a] = static_cast<int>(std::min<int64_t>(local >> view.shift, kBlockCells - 1));
      fraction[a] = static_cast<float>(local - (int64_t{cell[a]} << view.shift)) /
                    static_cast<float>(1 << view.shift);
    }
    HangingRow row{};
    for (int c = 0; c < 8; ++c) {
      const int i = cell[0] + (c & 1), j = cell[1] + (c >> 1 & 1), k = cell[2] + (c >> 2);
      const float weight = (c & 1 ? fraction[0] : 1 - fraction[0]) *
                           (c & 2 ? fraction[1] : 1 - fraction[1]) *
                           (c & 4 ? fraction[2] : 1 - fraction[2]);
      row.sources[c] = weight > 0 ? rows[(k * 5 + j) * 5 + i] : 0;
      row.weights[c] = weight;
    }
    return row;
  }

 private:
  // The leaf at the lower corner of the place (x, y, z) leaves of its size away, -1: none.
  int neighbour(uint32_t leaf, int x, int y, int z) const {
    const LeafView& view = lattice_.leaves[leaf];
    const int64_t size = int64_t{1} << view.shift;  // in fine blocks
    const auto at = [&](int a, int step) {
      return static_cast<int64_t>(view.lower[a]) / kBlockCells + step * size;
    };
    return leaf_at(lattice_, at(0, x), at(1, y), at(2, z));
  }

  // Row of the point stored at position p (finest lattice), 0 if none is.
  uint32_t stored_row(const int64_t p[3]) const {
    const int leaf = leaf_at(lattice_, p[0] >> 2, p[1] >> 2, p[2] >> 2);
    if (leaf < 0 || static_cast<size_t>(leaf) >= field_.blocks.size()) return 0;
    const Block& block = field_.blocks[leaf];
    const int shift = lattice_.leaves[leaf].shift;
    const uint64_t site =
        morton_code((p[0] >> shift) & 3, (p[1] >> shift) & 3, (p[2] >> shift) & 3);
    if (!(block.mask >> site & 1)) return 0;
    const uint64_t below = block.mask & ((uint64_t{1} << site) - 1);
    return 1 + block.first_point + static_cast<uint32_t>(std::popcount(below));
  }

  // Position of a corner on the finest lattice.
  std::array<int64_t, 3> place(uint32_t leaf, int corner) const {
    const LeafView& view = lattice_.leaves[leaf];
    return {static_cast<int64_t>(view.lower[0]) + (int64_t{corner % 5} << view.shift),
            static_cast<int64_t>(view.lower[1]) + (int64_t{corner / 5 % 5} << view.shift),
            static_cast<int64_t>(view.lower[2]) + (int64_t{corner / 25} << view.shift)};
  }

  // The coarsest leaf around p if p is not one of its sites: then p hangs on it. Else -1.
  int coarser_leaf(const int64_t p[3]) const {
    int coarsest = -1;
    for (int s = 0; s < 8; ++s) {
      const int leaf = leaf_at(lattice_, (p[0] - (s & 1)) >> 2, (p[1] - (s >> 1 & 1)) >> 2,
                               (p[2] - (s >> 2)) >> 2);
      if (leaf >= 0 &&
          (coarsest < 0 || lattice_.leaves[leaf].shift > lattice_.leaves[coarsest].shift)) {
        coarsest = leaf;
      }
    }
    const int64_t low_bits = (int64_t{1} << lattice_.leaves[coarsest].shift) - 1;
    return ((p[0] | p[1] | p[2]) & low_bits) == 0 ? -1 : coarsest;
  }

  const Field& field_;
  Lattice& lattice_;
  bool single_level_ = true;
  RowMap known_;  // of hanging corners
};

}  // namespace

void find_corner_rows(const Field& field, Lattice& lattice) {
  lattice.corner_rows = make_zeros<uint32_t>(lattice.leaves.size() * kCornersPerLeaf);
  const auto rows_of = [&](uint32_t leaf) {
    return lattice.corner_rows.data() + size_t{leaf} * kCornersPerLeaf;
  };
  CornerFinder finder(field, lattice);
  if (finder.single_level()) {
#pragma omp parallel for schedule(dynamic, 1024)
    for (uint32_t leaf = 0; leaf < lattice.leaves.size(); ++leaf)
      finder.find_single(leaf, rows_of(leaf));
    return;
  }
  std::vector<uint32_t> order(lattice.leaves.size());  // by level, coarsest first
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return lattice.leaves[a].shift > lattice.leaves[b].shift;
  });
  // Level by level; hanging corners are numbered in the order of the leaves.
  constexpr size_t kPart = 1024;
  for (size_t first = 0; first < order.size();) {
    const auto shift = lattice.leaves[order[first]].shift;
    size_t end = first;
    while (end < order.size() && lattice.leaves[order[end]].shift == shift) ++end;
    std::vector<std::vector<CornerFinder::Hanging>> hanging((end - first + kPart - 1) / kPart);
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t part = 0; part < hanging.size(); ++part) {
      const size_t stop = std::min(end, first + (part + 1) * kPart);
      for (size_t i = first + part * kPart; i < stop; ++i) {
        finder.find(order[i], rows_of(order[i]), hanging[part]);
      }
    }
    std::vector<CornerFinder::Hanging> fresh;
    const auto first_row = static_cast<uint32_t>(lattice.row_count());
    for (const auto& part : hanging) {
      for (const CornerFinder::Hanging& corner : part) {
        if (finder.number(corner, first_row + static_cast<uint32_t>(fresh.size()))) {
          fresh.push_back(corner);
        }
      }
    }
    const size_t before = lattice.hanging.size();
    lattice.hanging.resize(before + fresh.size());
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < fresh.size(); ++i) lattice.hanging[before + i] = finder.row_of(fresh[i]);
    first = end;
  }
}

void mark_corner_points(const Field& field, Lattice& lattice, std::span<uint8_t> used) {
  const CornerFinder finder(field, lattice);
#pragma omp parallel
  {
    // What a hanging corner is made of are corners of coarser leaves, which are marked as such.
    std::vector<CornerFinder::Hanging> hanging;
#pragma omp for schedule(dynamic, 256)
    for (uint32_t leaf = 0; leaf < lattice.leaves.size(); ++leaf) {
      uint32_t rows[kCornersPerLeaf] = {};
      hanging.clear();
      finder.find(leaf, rows, hanging);
      for (const uint32_t row : rows) {
        if (row == 0) continue;
        std::atomic_ref<uint8_t>(used[row - 1]).store(1, std::memory_order_relaxed);
      }
    }
  }
}

}  // namespace voxpack
