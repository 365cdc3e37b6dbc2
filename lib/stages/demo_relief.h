// The relief on three parts of the demo object: weave of sleeve and cloth, knurl of the lid.
// Heights are added outwards (weave) or cut inwards (knurl, negative); each fades out towards the
// edges of its part.
#pragma once

#include "stages/demo_shape.h"
#include "stages/demo_weave.h"

namespace voxpack {

inline constexpr float kWeaveHeight = 0.0035f;
inline constexpr float kKnurlDepth = 0.006f;
inline constexpr float kSleevePitch = 0.0175f;
inline constexpr float kClothPitch = 0.0135f;
inline constexpr int kSleeveThreads = 256;  // around; even, so that the weave closes
inline constexpr int kKnurlCount = 72;
inline constexpr float kTwoPi = 6.28318531f;

// Angle around the axis, 0 in front (-y), to the reader's right positive, -pi..pi.
// A polynomial within 1e-5 rad: the library's arc tangent takes as long as the rest of a shaded
// point.
inline float front_angle(Vec3f p) {
  const float x = std::fabs(p.x), y = std::fabs(p.y);
  const float far = x > y ? x : y;
  if (!(far > 0)) return 0;
  const float a = (x > y ? y : x) / far, s = a * a;
  float angle =
      a * (0.99997726f +
           s * (-0.33262347f +
                s * (0.19354346f + s * (-0.11643287f + s * (0.05265332f - s * 0.01172120f)))));
  if (x > y) angle = kTwoPi / 4 - angle;
  if (p.y > 0) angle = kTwoPi / 2 - angle;
  return p.x < 0 ? -angle : angle;
}

inline WeavePlace sleeve_weave(float angle, float z) {
  return weave_at(angle * (kSleeveThreads / kTwoPi) + kSleeveThreads,
                  (z - kDemoSleeveMiddle) * (1 / kSleevePitch) + 64.5f);
}

inline WeavePlace cloth_weave(float x, float y) {
  return weave_at(x * (1 / kClothPitch) + 64, y * (1 / kClothPitch) + 64);
}

inline float sleeve_relief(float angle, float z) {
  const float edge = kDemoSleeveHalf - std::fabs(z - kDemoSleeveMiddle);
  const float inside = clamp01((edge - 0.002f) * 100);
  return inside > 0 ? kWeaveHeight * inside * sleeve_weave(angle, z).height : 0;
}

inline float cloth_relief(float x, float y) {
  const float inside = clamp01((0.41f - hypotenuse(x, y)) * 100);
  return inside > 0 ? kWeaveHeight * inside * cloth_weave(x, y).height : 0;
}

inline float knurl_relief(float angle, float z) {
  const float inside = clamp01((0.068f - std::fabs(z - 0.46f)) * 60);
  return inside > 0 ? -kKnurlDepth * inside * (0.5f - 0.5f * std::cos(angle * kKnurlCount)) : 0;
}

}  // namespace voxpack
