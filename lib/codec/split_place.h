// What is known about the coefficients of one split of a node before they are coded.
#pragma once

#include <cstdint>

#include "codec/coded_field.h"
#include "codec/haar_block.h"

namespace voxpack {

inline constexpr int kRowMax = kCodedMaxChannels;

// One number per channel, padded.
template <int kStride>
struct alignas(32) RowOf {
  int32_t at[kStride];
};
using Row = RowOf<kRowMax>;

// Copies a row in pieces of a whole vector; std::memcpy may take smaller ones, and what is loaded
// as a vector soon after would wait for them.
template <int kStride>
inline void copy_row(int32_t* to, const int32_t* from) {
  constexpr int kLanes = kStride < 8 ? 4 : 8;
  static_assert(kStride % kLanes == 0);
  typedef int32_t Lanes [[gnu::vector_size(4 * kLanes), gnu::aligned(4), gnu::may_alias]];
  for (int ch = 0; ch < kStride; ch += kLanes) {
    *reinterpret_cast<Lanes*>(to + ch) = *reinterpret_cast<const Lanes*>(from + ch);
  }
}

// What is known about the coefficients of a split before they are coded; rows are padded.
template <int kStride>
struct SplitPlace {
  Split split;
  int depth = 0;
  int entry = 0;             // of the heap, 1..7
  int axis = 0;              // 0: z, 1: y, 2: x
  RowOf<kStride> predicted;  // difference of the means, in step / 256
  RowOf<kStride> expected;   // magnitude in 1/4096, without what the channels before add
  RowOf<kStride> context;    // 4 * predicted class + 2 * (own magnitudes so far in this node > 0)
  // Features of `expected`, for those who fit its weights.
  RowOf<kStride> parent, around, own, ratio;
};

}  // namespace voxpack
