// The surfaces of the demo object, a honey jar about 2 units high around the origin: signed
// distance, parts, normals and exact ray hits. z is up; the label looks to -y.
#pragma once

#include <cstdint>
#include <span>

#include "stages/demo_math.h"

namespace voxpack {

enum class DemoPart : uint8_t {
  glaze,   // ceramic body and neck; carries the labels
  sleeve,  // woven band around the foot of the body
  lid,     // metal with a knurled side
  cloth,   // woven disc on the lid
  knob,    // red glossy sphere on top
  ring,    // wire around the neck
  wire,    // thin handle
  grip,    // wood around the middle of the handle
  tag,     // thin card
  string,  // two strands that hold the tag
  cavity,  // inside of the jar, never seen
};

// The red knob, the one part of its colour: a known point for tests of the cameras.
inline constexpr Vec3f kDemoKnobCentre{0, 0, 0.645f};
inline constexpr float kDemoKnobRadius = 0.075f;

// The walls of the body, radius and height range of its straight part, and of the sleeve on it.
inline constexpr float kDemoBodyRadius = 0.70f;
inline constexpr float kDemoFootHeight = -0.95f;  // the recessed face below
inline constexpr float kDemoSleeveRadius = 0.714f;
inline constexpr float kDemoSleeveMiddle = -0.68f;
inline constexpr float kDemoSleeveHalf = 0.17f;
inline constexpr float kDemoClothTop = 0.572f;

// Signed distance to the object, negative inside its material; the jar is hollow. A lower bound
// away from the surface, changes by at most 1.4 per unit (and by kDemoDistanceJump where relief
// begins).
float demo_distance(Vec3f p);
inline constexpr float kDemoSlope = 1.4f;
inline constexpr float kDemoDistanceJump = 0.008f;

struct DemoSurface {
  DemoPart part = DemoPart::glaze;
  float distance = 0;  // of that part
  Vec3f base_normal;   // unit gradient of the distance without the relief
  Vec3f normal;        // with weave and knurl
};

// The part nearest to p, and its normals there. `with_cavity`: the inner wall counts as a part.
DemoSurface demo_surface(Vec3f p, bool with_cavity);

// First hit of the ray with unit direction, as a distance > 0 along it; negative: none. The origin
// must lie outside of the object.
float demo_hit(Vec3f origin, Vec3f direction);

// Boxes that hold the whole object between them.
struct DemoBox {
  Vec3f lo, hi;
};
std::span<const DemoBox> demo_boxes();

// Share of the sky a point of the body or lid sees, 0..1, from the shape of the profile.
float demo_openness(Vec3f p, Vec3f normal);

// The tag's frame: position in the plane of the card (x to the reader's right, y up) and side.
struct TagPosition {
  float x = 0, y = 0;
  bool outer = true;
};
TagPosition demo_tag_position(Vec3f p);
inline constexpr float kDemoTagHalfWidth = 0.11f;
inline constexpr float kDemoTagHalfHeight = 0.17f;

}  // namespace voxpack
