// The planes of the index: top grid, tables, densities, records, aprons.
#include <algorithm>
#include <bit>
#include <cstring>

#include "decoder/atlas_builder.h"

namespace voxpack {
namespace {

template <class T>
void store(std::vector<uint8_t>& bytes, size_t texel, const T& value) {
  std::memcpy(&bytes[texel * sizeof(T)], &value, sizeof(T));
}

// Void entries of a cube of n^3 get how far they are from others, or from the end where `stops`:
// the largest distance on any axis less 1, at most `most`. One sweep forward and one back.
void measure_void(int n, bool stops, uint32_t most, std::vector<uint32_t>& reach) {
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
            if (!inside && !stops) continue;
            const uint32_t near =
                inside ? reach[(static_cast<size_t>(at[2]) * n + at[1]) * n + at[0]] : 0;
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

// Texel: x = leaf number of the table's first leaf | low byte of t, y = its first slot of `density`
// | high byte of t (bits 24..31). t is 0: void, x the reach in cells around; 0xff00 + shift: one
// leaf whose number is x, whose slot is y, 0xffffff if there is nothing to see; else table + 1.
std::vector<uint8_t> AtlasBuilder::make_top() const {
  const int n = map_.top_size;
  std::vector<uint32_t> reach(map_.top.size());
  for (size_t i = 0; i < reach.size(); ++i) reach[i] = map_.top[i] == 0 ? 256 : 0;
  measure_void(n, false, 256, reach);
  std::vector<uint32_t> whole(map_.leaves.size(), 0), slots(map_.leaves.size(), 0xffffff);
  uint32_t slot = 0;
  for (uint32_t i = 0; i < order_.size(); ++i) {
    whole[order_[i]] = i;
    if (corners_.is_dense[order_[i]]) slots[order_[i]] = slot++;
  }
  std::vector<uint8_t> out(planes_[0].bytes());
  for (size_t i = 0; i < map_.top.size(); ++i) {
    const uint32_t entry = map_.top[i];
    uint32_t t = 0, x = reach[i] - 1, y = 0;
    if (entry & kAtlasWholeCell) {
      const uint32_t leaf = entry & ~kAtlasWholeCell;
      t = 0xff00u + map_.leaves[leaf].shift;
      x = whole[leaf];
      y = slots[leaf];
    } else if (entry != 0) {
      t = entry;
      x = table_first_[entry - 1];
      y = table_slot_[entry - 1];
    }
    const uint32_t texel[2] = {x | (t & 0xff) << 24, y | (t >> 8) << 24};
    std::memcpy(&out[8 * i], texel, 8);
  }
  return out;
}

// Texel: a leaf is 0x8000 | dense << 11 | shift << 9 | number in the table; void: the reach in fine
// blocks around, within the table. Table i is the cube of 8^3 texels at (i & 15, i >> 4 & 15, i >>
// 8).
std::vector<uint8_t> AtlasBuilder::make_tables() const {
  std::vector<uint8_t> out(planes_[1].bytes(), 0);
  std::vector<uint16_t> local(map_.leaves.size(), 0);
  for (size_t t = 0; t < map_.table_count(); ++t) {
    const size_t end = t + 1 < map_.table_count() ? table_first_[t + 1] : order_.size();
    for (size_t i = table_first_[t]; i < end && i < table_first_[t] + kAtlasTableSize; ++i) {
      local[order_[i]] = static_cast<uint16_t>(i - table_first_[t]);
    }
  }
  std::vector<uint32_t> reach(kAtlasTableSize);
  for (size_t t = 0; t < map_.table_count(); ++t) {
    const uint32_t* table = &map_.tables[t * kAtlasTableSize];
    for (int i = 0; i < kAtlasTableSize; ++i) reach[static_cast<size_t>(i)] = table[i] == 0 ? 8 : 0;
    measure_void(kAtlasTopCell, true, 8, reach);
    for (uint32_t i = 0; i < kAtlasTableSize; ++i) {
      uint32_t texel = reach[i] - 1;
      if (table[i] != 0) {
        const uint32_t leaf = table[i] - 1;
        texel = 0x8000u | uint32_t{corners_.is_dense[leaf]} << 11 |
                uint32_t{map_.leaves[leaf].shift} << 9 | local[leaf];
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
  for (const uint32_t leaf : order_) {
    if (!corners_.is_dense[leaf]) continue;
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

// Texel: low and high half of the mask of the leaf's own sites, its first site in `points`, and its
// texel in `aprons` (0xffffffff: it has none).
std::vector<uint8_t> AtlasBuilder::make_records() const {
  std::vector<uint8_t> out(planes_[3].bytes(), 0);
  uint32_t apron = 0;
  for (size_t i = 0; i < order_.size(); ++i) {
    const uint32_t leaf = order_[i];
    const uint64_t mask = map_.leaves[leaf].mask | corners_.own[leaf];
    const uint32_t texel[4] = {static_cast<uint32_t>(mask), static_cast<uint32_t>(mask >> 32),
                               first_site_[leaf],
                               corners_.apron[leaf] != 0 ? apron++ : 0xffffffffu};
    std::memcpy(&out[16 * i], texel, 16);
  }
  return out;
}

std::vector<uint8_t> AtlasBuilder::make_aprons() const {
  std::vector<uint8_t> out(planes_[4].bytes(), 0);
  size_t next = 0;
  for (const uint32_t leaf : order_) {
    if (corners_.apron[leaf] == 0) continue;
    store(out, next++, corners_.apron[leaf]);
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
      corners_.codes = {};
      map_.tables = {};
      return density;
    }
    case 3:
      return make_records();
    default:
      return make_aprons();
  }
}

}  // namespace voxpack
