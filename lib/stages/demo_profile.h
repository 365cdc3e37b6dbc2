// The turned parts of the demo object as distances in the (radius, height) plane, templates over
// float and ProfileDual. All are exact distances or lower bounds that change by at most 1 per unit.
#pragma once

#include "stages/demo_shape.h"

namespace voxpack {

// Box centred at radius 0 (or `centre_r`), corners rounded by `round`.
template <class T>
T rounded_box(T r, T z, float half_r, float half_z, float round) {
  const T over_r = absolute(r) - (half_r - round);
  const T over_z = absolute(z) - (half_z - round);
  if (value_of(over_r) > 0 && value_of(over_z) > 0) return hypotenuse(over_r, over_z) - round;
  return larger_of(over_r, over_z) - round;
}

// Union with a fillet of size k.
template <class T>
T smooth_union(T a, T b, float k) {
  const T apart = absolute(a - b);
  const T less = smaller_of(a, b);
  if (value_of(apart) >= k) return less;
  const T blend = -(apart - k);
  return less - blend * blend * (0.25f / k);
}

inline constexpr float kNeckFoot = 0.10f;  // the neck reaches down into the body to here

template <class T>
T body_profile(T r, T z) {
  T body = rounded_box(r, z + 0.38f, kDemoBodyRadius, 0.60f, 0.12f);
  // The recess below leaves a foot ring.
  if (value_of(z) < -0.8f) {
    body = larger_of(body, -rounded_box(r, z + 0.98f, 0.56f, 0.98f + kDemoFootHeight, 0.012f));
  }
  if (value_of(z) > 0.0f) {
    body = smooth_union(body, rounded_box(r, z - 0.25f, 0.46f, 0.25f - kNeckFoot, 0.01f), 0.10f);
  }
  return body;
}

template <class T>
T sleeve_profile(T r, T z) {
  return rounded_box(r, z - kDemoSleeveMiddle, kDemoSleeveRadius, kDemoSleeveHalf, 0.006f);
}

template <class T>
T lid_profile(T r, T z) {
  return rounded_box(r, z - 0.46f, 0.52f, 0.10f, 0.03f);
}

template <class T>
T cloth_profile(T r, T z) {
  return rounded_box(r, z - (kDemoClothTop - 0.02f), 0.42f, 0.02f, 0.006f);
}

template <class T>
T knob_profile(T r, T z) {
  return hypotenuse(r, z - kDemoKnobCentre.z) - kDemoKnobRadius;
}

template <class T>
T ring_profile(T r, T z) {
  return hypotenuse(r - 0.475f, z - 0.325f) - 0.012f;
}

// Distance to the room inside the jar, negative within it.
template <class T>
T cavity_profile(T r, T z) {
  const T belly = rounded_box(r, z + 0.37f, 0.645f, 0.53f, 0.09f);
  const T throat = rounded_box(r, z - 0.20f, 0.41f, 0.155f, 0.01f);
  return smooth_union(belly, throat, 0.06f);
}

}  // namespace voxpack
