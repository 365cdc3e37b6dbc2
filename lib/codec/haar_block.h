// The integer Haar transform of one tree node: the split of its mean into the means of its
// children, and the prediction of the splits from the surrounding means (docs/format.md,
// "Attributes").
#pragma once

#include <cmath>
#include <cstdlib>

#include "codec/octree.h"

namespace voxpack {

inline constexpr int kFractionBits = 8;         // a decoded number is in step / 256
inline constexpr int64_t kMaxNumber = 1 << 24;  // and is clamped to +- this
inline constexpr int kScaleBits = 20;
inline constexpr int kShareBits = 12;
inline constexpr int32_t kMaxTap = 1 << 16;     // of a difference that a prediction is made from
inline constexpr int32_t kSmallMagnitude = 16;  // coefficients below it need 32 bits only

// Floor of the square root of n below 2^60: the rounded root is at most 1 off.
inline uint64_t integer_sqrt(uint64_t n) {
  auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(n)));
  while (root * root > n) --root;
  while ((root + 1) * (root + 1) <= n) ++root;
  return root;
}

// How two children of weights w1, w2 share their mean.
struct Split {
  int32_t scale =
      0;  // difference of the means for a coefficient of 1 step: sqrt(1/w1 + 1/w2) * 2^20
  int32_t share = 0;    // w2 / (w1 + w2) * 2^12
  int32_t inverse = 0;  // 2^30 / scale
};

inline Split make_split(uint64_t w1, uint64_t w2) {
  Split split;
  split.scale = static_cast<int32_t>(integer_sqrt(((w1 + w2) << 2 * kScaleBits) / (w1 * w2)));
  split.share = static_cast<int32_t>(((w2 << kShareBits) + (w1 + w2) / 2) / (w1 + w2));
  split.inverse = (1 << 30) / split.scale;
  return split;
}

inline constexpr int kSplitTableSize = 33;
struct SplitTable {
  std::array<std::array<Split, kSplitTableSize>, kSplitTableSize> at{};
  SplitTable() {
    for (int a = 1; a < kSplitTableSize; ++a) {
      for (int b = 1; b < kSplitTableSize; ++b) at[a][b] = make_split(a, b);
    }
  }
};

inline Split split_of(const SplitTable& table, uint32_t w1, uint32_t w2) {
  if (w1 < kSplitTableSize && w2 < kSplitTableSize) return table.at[w1][w2];
  return make_split(w1, w2);
}

inline int32_t clamp_number(int64_t v) {
  return static_cast<int32_t>(std::clamp(v, -kMaxNumber, kMaxNumber));
}

// A node's children as a binary heap: 1 the node; 2..3 halves along z; 4..7 along y; 8 + c child c.
// A split is an entry whose two halves both exist; splits are coded in the order of their entries.
struct HaarBlock {
  uint32_t weight[16] = {};  // 0: nothing there
  Split split[8];            // of the entries that are splits
  bool is_split[8] = {};
  int split_count = 0;

  // `child`: the first one.
  void build(const SplitTable& table, uint8_t mask, const NodeWeights& weights, uint32_t child) {
    for (int c = 0; c < 8; ++c) weight[8 + c] = mask >> c & 1 ? weights[child++] : 0;
    split_count = 0;
    for (int i = 7; i >= 1; --i) {
      const uint32_t a = weight[2 * i], b = weight[2 * i + 1];
      weight[i] = std::min(kMaxWeight, a + b);
      is_split[i] = a != 0 && b != 0;
      if (!is_split[i]) continue;
      split[i] = split_of(table, a, b);
      ++split_count;
    }
  }
};

// Per child: the 7 neighbours on its side, faces, edges, corner; they count 9, 9, 9, 3, 3, 3, 1,
// the node 27.
inline constexpr int kTapCount = 7;
inline constexpr std::array<int, kTapCount> kTapWeights = {9, 9, 9, 3, 3, 3, 1};
inline constexpr auto kTaps = [] {
  std::array<std::array<uint8_t, kTapCount>, 8> taps{};
  for (int c = 0; c < 8; ++c) {
    const int x = c & 1 ? 1 : -1, y = c & 2 ? 3 : -3, z = c & 4 ? 9 : -9;
    const int offsets[kTapCount] = {x, y, z, x + y, x + z, y + z, x + y + z};
    for (int t = 0; t < kTapCount; ++t) taps[c][t] = static_cast<uint8_t>(kSelf + offsets[t]);
  }
  return taps;
}();

// 2^16 / n, rounded up, for the numbers of splits.
inline constexpr std::array<int32_t, 8> kActivityReciprocals = {0,     65536, 32768, 21846,
                                                                16384, 13108, 10923, 9363};

// 2^14 / n, rounded up, for the sums of tap weights.
inline constexpr auto kTapReciprocals = [] {
  std::array<int32_t, 65> table{};
  for (int n = 1; n <= 64; ++n) table[n] = ((1 << 14) + n - 1) / n;
  return table;
}();

}  // namespace voxpack
