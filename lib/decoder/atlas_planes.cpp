// The planes of the index: top grid, tables, densities, records, aprons.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "decoder/atlas_builder.h"
#include "decoder/atlas_sites.h"

namespace voxpack {
namespace {

template <class T>
void store(std::vector<uint8_t>& bytes, size_t texel, const T& value) {
  std::memcpy(&bytes[texel * sizeof(T)], &value, sizeof(T));
}

// How far the void entries of a table are from others and from its end: the largest distance on any
// axis less 1. `dense`: a bit per entry, 64 for each z, x fastest; grown step by step.
void measure_table(std::array<uint64_t, 8> dense, std::array<uint8_t, kAtlasTableSize>& reach) {
  constexpr uint64_t kX0 = 0x0101010101010101ULL, kX7 = kX0 << 7;
  reach.fill(0);
  for (uint8_t step = 1; step < 4; ++step) {  // the middle is 4 from the end
    std::array<uint64_t, 8> wide, grown;
    for (size_t z = 0; z < 8; ++z) {
      const uint64_t row = dense[z] | (dense[z] & ~kX7) << 1 | (dense[z] & ~kX0) >> 1 | kX0 | kX7;
      wide[z] = row | row << 8 | row >> 8 | 0xff | 0xffULL << 56;
    }
    for (size_t z = 0; z < 8; ++z) {
      grown[z] = z == 0 || z == 7 ? ~uint64_t{0} : wide[z - 1] | wide[z] | wide[z + 1];
      for (uint64_t rest = ~grown[z]; rest != 0; rest &= rest - 1) {
        reach[z * 64 + static_cast<size_t>(std::countr_zero(rest))] = step;
      }
    }
    dense = grown;
  }
}

// Void entries of a cube of n^3 get how far they are from others: the largest distance on any axis
// less 1, at most `most`. One sweep forward and one back.
void measure_void(int n, uint32_t most, std::vector<uint32_t>& reach) {
  const auto sweep = [&](int step) {
    const int first = step > 0 ? 0 : n - 1;
    for (int z = first; z >= 0 && z < n; z += step) {
      for (int y = first; y >= 0 && y < n; y += step) {
        for (int x = first; x >= 0 && x < n; x += step) {
          uint32_t& own = reach[(static_cast<size_t>(z) * n + y) * n + x];
          if (own == 0) continue;
          for (int i = 0; i < 13; ++i) {  // the 13 of the 26 neighbours that the sweep has passed
            const int at[3] = {x + step * (i % 3 - 1), y + step * (i / 3 % 3 - 1),
                               z + step * (i / 9 - 1)};
            const bool inside =
                std::min({at[0], at[1], at[2]}) >= 0 && std::max({at[0], at[1], at[2]}) < n;
            if (!inside) continue;
            const uint32_t near = reach[(static_cast<size_t>(at[2]) * n + at[1]) * n + at[0]];
            own = std::min(own, near + 1);
          }
          own = std::min(own, most);
        }
      }
    }
  };
  sweep(1);
  sweep(-1);
}

}  // namespace

// Texel: x = t, y = slot. t is 0: void, y the reach in cells around; 0xff00 + shift: one leaf, y
// its slot; else table + 1, y its first slot.
std::vector<uint8_t> AtlasBuilder::make_top() const {
  std::vector<uint32_t> whole(map_.leaves.size(), 0);
  for (uint32_t i = 0; i < slots_.size(); ++i) whole[slots_[i]] = i;
  const auto is_void = [&](uint32_t entry) {
    return entry == 0 || (entry & kAtlasWholeCell && !corners_.is_dense[entry & ~kAtlasWholeCell]);
  };
  std::vector<uint32_t> reach(map_.top.size());
  for (size_t i = 0; i < reach.size(); ++i) reach[i] = is_void(map_.top[i]) ? 256 : 0;
  measure_void(map_.top_size, 256, reach);
  std::vector<uint8_t> out(planes_[0].bytes());
  for (size_t i = 0; i < map_.top.size(); ++i) {
    const uint32_t entry = map_.top[i];
    uint32_t texel[2] = {0, reach[i] - 1};
    if (!is_void(entry) && entry & kAtlasWholeCell) {
      const uint32_t leaf = entry & ~kAtlasWholeCell;
      texel[0] = 0xff00u + map_.leaves[leaf].shift;
      texel[1] = whole[leaf];
    } else if (!is_void(entry)) {
      texel[0] = entry;
      texel[1] = table_slot_[entry - 1];
    }
    std::memcpy(&out[8 * i], texel, 8);
  }
  return out;
}

// Texel: 0x8000 | shift << 9 | slot in the table for a leaf with something to see; else the reach
// in fine blocks around, within the table. Table i is the cube of 8^3 texels at (i & 15, i >> 4 &
// 15, i
// >> 8).
std::vector<uint8_t> AtlasBuilder::make_tables() const {
  std::vector<uint8_t> out(planes_[1].bytes(), 0);
  std::vector<uint32_t> slot(map_.leaves.size(), 0);
  for (uint32_t i = 0; i < slots_.size(); ++i) slot[slots_[i]] = i;
  std::array<uint8_t, kAtlasTableSize> reach;
  for (size_t t = 0; t < map_.table_count(); ++t) {
    const uint32_t* table = &map_.tables[t * kAtlasTableSize];
    std::array<uint64_t, 8> dense{};
    for (uint32_t i = 0; i < kAtlasTableSize; ++i) {
      if (table[i] == 0 || corners_.is_dense[table[i] - 1] == 0) continue;
      dense[i >> 6] |= uint64_t{1} << (i & 63);
    }
    measure_table(dense, reach);
    for (uint32_t i = 0; i < kAtlasTableSize; ++i) {
      uint32_t texel = reach[i];
      if (dense[i >> 6] >> (i & 63) & 1) {
        const uint32_t leaf = table[i] - 1;
        texel = 0x8000u | uint32_t{map_.leaves[leaf].shift} << 9 | (slot[leaf] - table_slot_[t]);
      }
      const size_t x = (t & 15) * 8 + (i & 7), y = (t >> 4 & 15) * 8 + (i >> 3 & 7);
      const size_t z = (t >> 8) * 8 + (i >> 6);
      store(out, (z * 128 + y) * 128 + x, static_cast<uint16_t>(texel));
    }
  }
  return out;
}

// Slot i is the cube of 5^3 texels at (i % columns, i / columns % rows, i / (columns * rows)).
std::vector<uint8_t> AtlasBuilder::make_density() const {
  const AtlasPlane& plane = planes_[2];
  std::vector<uint8_t> out(plane.bytes(), 0);
  uint32_t slot = 0;
  for (const uint32_t leaf : slots_) {
    const size_t x = slot % brick_columns_ * 5, y = slot / brick_columns_ % brick_rows_ * 5;
    const size_t z = slot / (brick_columns_ * brick_rows_) * 5;
    for (size_t row = 0; row < 25; ++row) {
      std::memcpy(&out[((z + row / 5) * plane.height + y + row % 5) * plane.width + x],
                  &corners_.codes[size_t{leaf} * kAtlasCorners + row * 5], 5);
    }
    ++slot;
  }
  return out;
}

// Which of the five corners of a row of a leaf have a point; y and z are 0..3.
uint32_t AtlasBuilder::row_mask(uint32_t leaf, int y, int z) const {
  const auto bits_of = [&](uint32_t of) { return map_.leaves[of].mask | corners_.own[of]; };
  const uint64_t own = bits_of(leaf);
  uint32_t mask = 0;
  for (int x = 0; x < 4; ++x) mask |= static_cast<uint32_t>(own >> site_bit(x, y, z) & 1) << x;
  const int32_t next = corners_.next[leaf];
  const uint64_t last = next >= 0 ? bits_of(static_cast<uint32_t>(next)) >> site_bit(0, y, z)
                                  : corners_.apron[leaf] >> apron_bit(4, y, z);
  return mask | static_cast<uint32_t>(last & 1) << 4;
}

// Texel 25 s + 5 z + y of slot s: number of the first point of the row << 5 | mask of its corners.
std::vector<uint8_t> AtlasBuilder::make_rows() const {
  struct Visitor {
    std::vector<uint32_t> row_first, own_first;  // [leaf][16], [leaf]
    uint32_t next = 0;

    void row(uint32_t leaf, int y, int z) {
      row_first[size_t{leaf} * 16 + static_cast<size_t>(z * 4 + y)] = next;
    }
    void own_rows(uint32_t leaf) { own_first[leaf] = next; }
    void point(uint32_t) { ++next; }
    void extra(uint32_t) { ++next; }
  };
  Visitor sites;
  sites.row_first.resize(map_.leaves.size() * 16);
  sites.own_first.resize(map_.leaves.size());
  visit_sites(sites);
  std::vector<uint8_t> out(planes_[3].bytes(), 0);
  for (size_t s = 0; s < slots_.size(); ++s) {
    const uint32_t leaf = slots_[s];
    for (int i = 0; i < 25; ++i) {
      const int y = i % 5, z = i / 5;
      const int holder =
          y == 4 || z == 4 ? leaf_behind(map_, leaf, 0, y >> 2, z >> 2) : static_cast<int>(leaf);
      uint32_t first, mask;
      if (holder >= 0) {
        const auto from = static_cast<uint32_t>(holder);
        first = sites.row_first[size_t{from} * 16 + static_cast<size_t>((z & 3) * 4 + (y & 3))];
        mask = row_mask(from, y & 3, z & 3);
      } else {
        const int bit = apron_bit(0, y, z);
        const uint64_t apron = corners_.apron[leaf];
        first = sites.own_first[leaf] +
                static_cast<uint32_t>(std::popcount(apron & ((uint64_t{1} << bit) - 1)));
        mask = static_cast<uint32_t>(apron >> bit & 31);
      }
      store(out, s * 25 + static_cast<size_t>(i), first << 5 | mask);
    }
  }
  return out;
}

std::vector<uint8_t> AtlasBuilder::make_plane(size_t index) {
  switch (index) {
    case 0:
      return make_top();
    case 1:
      return make_tables();
    case 2: {
      std::vector<uint8_t> density = make_density();
      release(corners_.codes);
      return density;
    }
    default: {
      std::vector<uint8_t> rows = make_rows();
      release(map_.tables);
      release(map_.top);
      release(corners_.is_dense);
      release(slots_);
      return rows;
    }
  }
}

}  // namespace voxpack
