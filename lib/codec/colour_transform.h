// R, G, B to Y, Co, Cg and back (docs/format.md): the order of the sums is part of the format.
#pragma once

namespace voxpack {

inline void to_y_co_cg(float* v) {
  const float co = v[0] - v[2];
  const float rest = v[2] + co * 0.5f;
  const float cg = v[1] - rest;
  v[0] = rest + cg * 0.5f;
  v[1] = co;
  v[2] = cg;
}

inline void to_r_g_b(float* v) {
  const float rest = v[0] - v[2] * 0.5f;
  const float green = v[2] + rest;
  const float blue = rest - v[1] * 0.5f;
  v[0] = blue + v[1];
  v[1] = green;
  v[2] = blue;
}

}  // namespace voxpack
