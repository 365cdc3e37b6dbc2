// What is known about the coefficients of one split of a node before they are coded.
#pragma once

#include <cstdint>

#include "codec/coded_field.h"
#include "codec/haar_block.h"

namespace voxpack {

inline constexpr int kRowStep = 8;  // rows of channels have a multiple of this many numbers
inline constexpr int kRowMax = kCodedMaxChannels;

// One number per channel.
struct alignas(32) Row {
  int32_t at[kRowMax];
};

// What is known about the coefficients of a split before they are coded; rows are padded.
struct SplitPlace {
  Split split;
  int depth = 0;
  int entry = 0;  // of the heap, 1..7
  int axis = 0;   // 0: z, 1: y, 2: x
  Row predicted;  // difference of the means, in step / 256
  Row expected;   // magnitude in 1/4096, without what the channels before add
  Row context;    // 4 * predicted class + 2 * (own magnitudes so far in this node > 0)
  // Features of `expected`, for those who fit its weights.
  Row parent, around, own, ratio;
};

}  // namespace voxpack
