// The arithmetic of one block of coarsening on dense windows, exact: only + and * in a fixed order
// per value, so that any build and any device gives the same bits (docs/numerics.md).
//
// A coarse block has 4^3 sites. Its fine window is the 9^3 fine sites that they reach, from one
// before the block on; its coarse window the 6^3 coarse sites that interpolate those, from one
// before the block on. All windows have x fastest. T is float or a vector of floats.
#pragma once

#include "core/host_device.h"

namespace voxpack {

inline constexpr int kFineWindow = 9;
inline constexpr int kCoarseWindow = 6;
inline constexpr int kFineSites = kFineWindow * kFineWindow * kFineWindow;
inline constexpr int kCoarseSites = kCoarseWindow * kCoarseWindow * kCoarseWindow;

// Between sites 2 i and 2 i + 2 of the fine window lies site i + 1 of the coarse one. Reads 6
// values of `coarse`, `pitch` apart, and writes 9 of `fine`.
template <class T>
VOXPACK_HOST_DEVICE inline void upsample_line(const T* coarse, int coarse_pitch, T* fine,
                                              int fine_pitch) {
  for (int i = 0; i < kCoarseWindow - 1; ++i) {
    const T a = coarse[i * coarse_pitch], b = coarse[(i + 1) * coarse_pitch];
    fine[2 * i * fine_pitch] = 0.5f * (a + b);
    if (i + 2 < kCoarseWindow) fine[(2 * i + 1) * fine_pitch] = b;
  }
}

// The transpose of interpolation: reads 9 values and writes those of the block's 4 coarse sites.
template <class T>
VOXPACK_HOST_DEVICE inline void downsample_line(const T* fine, int fine_pitch, T* coarse,
                                                int coarse_pitch) {
  for (int i = 0; i < 4; ++i) {
    const T ends = fine[2 * i * fine_pitch] + fine[(2 * i + 2) * fine_pitch];
    coarse[i * coarse_pitch] = fine[(2 * i + 1) * fine_pitch] + 0.5f * ends;
  }
}

// Trilinear interpolation of a coarse window [6^3] at all sites of the fine window [9^3].
template <class T>
inline void upsample_window(const T* coarse, T* fine) {
  T planes[9 * 6 * 6], rows[9 * 9 * 6];
  for (int i = 0; i < 36; ++i) upsample_line(coarse + i, 36, planes + i, 36);
  for (int z = 0; z < 9; ++z) {
    for (int i = 0; i < 6; ++i) upsample_line(planes + z * 36 + i, 6, rows + z * 54 + i, 6);
  }
  for (int i = 0; i < 81; ++i) upsample_line(rows + i * 6, 1, fine + i * 9, 1);
}

// Sums of a fine window [9^3] with the weights of that interpolation, for the block's own coarse
// sites [4^3].
template <class T>
inline void downsample_window(const T* fine, T* coarse) {
  T rows[9 * 9 * 4], planes[9 * 4 * 4];
  for (int i = 0; i < 81; ++i) downsample_line(fine + i * 9, 1, rows + i * 4, 1);
  for (int z = 0; z < 9; ++z) {
    for (int i = 0; i < 4; ++i) downsample_line(rows + z * 36 + i, 4, planes + z * 16 + i, 4);
  }
  for (int i = 0; i < 16; ++i) downsample_line(planes + i, 16, coarse + i, 16);
}

}  // namespace voxpack
