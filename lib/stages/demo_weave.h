// Plain weave: height and threads at a place of a cloth, in thread pitches.
#pragma once

#include "stages/demo_math.h"

namespace voxpack {

struct WeavePlace {
  float height = 0;  // 0..1
  bool warp = true;  // the thread on top runs along v
  int thread = 0;    // its number across
  float across = 0;  // -1..1 across the thread
  float along = 0;   // pitches along it
};

inline WeavePlace weave_at(float u, float v) {
  const int iu = whole_below(u), iv = whole_below(v);
  const float fu = 2 * (u - iu) - 1, fv = 2 * (v - iv) - 1;
  // Cross sections are arcs; along its way a thread rises over one crossing and dips under the
  // next.
  const float arc_u = 1 - fu * fu, arc_v = 1 - fv * fv;
  const float rise = ((iu + iv) & 1) ? 1.0f : -1.0f;
  const float warp = arc_u * (0.55f + 0.45f * rise * arc_v);
  const float weft = arc_v * (0.55f - 0.45f * rise * arc_u);
  if (warp >= weft) return {warp, true, iu, fu, v};
  return {weft, false, iv, fv, u};
}

}  // namespace voxpack
