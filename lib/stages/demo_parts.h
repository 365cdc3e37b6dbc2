// Distances to the parts of the demo object, one by one, for the files that make it up.
#pragma once

#include "stages/demo_profile.h"
#include "stages/demo_relief.h"

namespace voxpack {

inline constexpr float kRelief = 0.01f;  // relief is worked out within this distance of its part
inline constexpr float kFar = 1e9f;

// Body and sleeve, neck included.
inline float lower_distance(Vec3f p) {
  const float r = hypotenuse(p.x, p.y), z = p.z;
  const float body = body_profile(r, z);
  if (z > kDemoSleeveMiddle + kDemoSleeveHalf + 0.25f) return body;
  float sleeve = sleeve_profile(r, z);
  if (sleeve < kRelief && sleeve > -kRelief) {
    sleeve -= sleeve_relief(front_angle(p), z);
  } else {
    sleeve -= kWeaveHeight;
  }
  return smaller_of(body, sleeve);
}

constexpr float kUpperFoot = 0.31f;  // the ring, the lid and all on it are above

// Lid and cloth, which lie above kUpperFoot, without what is outside of a ray's reach there.
inline float lid_distance(Vec3f p) {
  const float r = hypotenuse(p.x, p.y), z = p.z;
  float lid = lid_profile(r, z);
  if (lid < kRelief && lid > -kRelief && r > 0.5f) lid -= knurl_relief(front_angle(p), z);
  float cloth = cloth_profile(r, z);
  if (cloth < kRelief && cloth > -kRelief) {
    cloth -= cloth_relief(p.x, p.y);
  } else {
    cloth -= kWeaveHeight;
  }
  return smaller_of(lid, cloth);
}

// Everything turned above kUpperFoot.
inline float upper_distance(Vec3f p) {
  const float r = hypotenuse(p.x, p.y);
  return smaller_of(lid_distance(p), smaller_of(knob_profile(r, p.z), ring_profile(r, p.z)));
}

// Neck, ring and lid, which a ray meets within kLidBound.
inline float top_distance(Vec3f p) {
  const float lid = lid_distance(p);
  if (p.z > 0.36f) return lid;  // the neck and the ring end below, under the lid
  const float r = hypotenuse(p.x, p.y);
  return smaller_of(lid, smaller_of(body_profile(r, p.z), ring_profile(r, p.z)));
}

inline float turned_distance(Vec3f p) {
  const float lower = lower_distance(p);
  return lower < kUpperFoot - p.z ? lower : smaller_of(lower, upper_distance(p));
}

float wire_distance(Vec3f p);    // handle and pins
float grip_distance(Vec3f p);    // wood on the handle
float tag_distance(Vec3f p);     // card
float string_distance(Vec3f p);  // both strands and the knot

inline float handle_distance(Vec3f p) { return smaller_of(wire_distance(p), grip_distance(p)); }
inline float hanging_distance(Vec3f p) { return smaller_of(tag_distance(p), string_distance(p)); }

// Boxes around handle and tag with everything on them.
inline constexpr DemoBox kHandleBound{{-0.70f, -0.03f, 0.28f}, {0.70f, 0.03f, 1.01f}};
inline constexpr DemoBox kTagBound{{0.44f, -0.02f, -0.39f}, {0.86f, 0.28f, 0.355f}};
inline constexpr DemoBox kCardBound{{0.755f, -0.01f, -0.385f}, {0.845f, 0.27f, 0.005f}};
inline constexpr DemoBox kStringBound{{0.45f, 0.02f, -0.08f}, {0.835f, 0.17f, 0.355f}};

inline float box_distance(Vec3f p, const DemoBox& box) {
  const Vec3f over{larger_of(larger_of(box.lo.x - p.x, p.x - box.hi.x), 0.0f),
                   larger_of(larger_of(box.lo.y - p.y, p.y - box.hi.y), 0.0f),
                   larger_of(larger_of(box.lo.z - p.z, p.z - box.hi.z), 0.0f)};
  return length(over);
}

}  // namespace voxpack
