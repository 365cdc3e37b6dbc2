#include "stages/demo_parts.h"

namespace voxpack {
namespace {

// Handle: an arc in the plane y = 0 that ends in two pins to the ring.
constexpr float kHandleHeight = 0.31f;
constexpr float kHandleRadius = 0.67f;
constexpr float kWireRadius = 0.007f;
constexpr float kGripRadius = 0.026f;
constexpr float kGripSine = 0.26f, kGripCosine = 0.96561f;  // half its angle

// Tag: centre, right, up and outward axes (a little turned, as a card hangs).
constexpr Vec3f kTagCentre{0.795f, 0.125f, -0.19f};
constexpr Vec3f kTagRight{-0.105f, 0.98644f, 0.1260f};
constexpr Vec3f kTagUp{0.06f, -0.1200f, 0.99096f};
constexpr float kTagHalfThickness = 0.0045f;
constexpr float kStringRadius = 0.0065f;
constexpr Vec3f kStringStart{0.475f, 0.066f, 0.325f};
constexpr Vec3f kStringBend{0.700f, 0.094f, 0.205f};
constexpr Vec3f kStringShoulder{0.770f, 0.105f, 0.09f};

float segment_distance(Vec3f p, Vec3f a, Vec3f b) {
  const Vec3f way = b - a, to = p - a;
  return length(to - way * clamp01(dot(to, way) / dot(way, way)));
}

struct TagFrame {
  Vec3f right, up, out;
  TagFrame() {
    up = normalize(kTagUp);
    right = normalize(kTagRight - up * dot(kTagRight, up));
    out = cross(right, up);
  }
};
const TagFrame& tag_frame() {
  static const TagFrame frame;
  return frame;
}

}  // namespace

float wire_distance(Vec3f p) {
  const float x = std::fabs(p.x), up = p.z - kHandleHeight;
  const float arc = up > 0 ? hypotenuse(hypotenuse(x, up) - kHandleRadius, p.y)
                           : length(Vec3f{x - kHandleRadius, p.y, up});
  const float pin =
      segment_distance({x, p.y, p.z}, {kHandleRadius, 0, kHandleHeight}, {0.475f, 0, 0.325f});
  const float bead = length(Vec3f{x - kHandleRadius, p.y, up}) - 0.018f;
  return smaller_of(smaller_of(arc, pin) - kWireRadius, bead);
}

float grip_distance(Vec3f p) {
  const float x = std::fabs(p.x), up = p.z - kHandleHeight;
  if (x * kGripCosine < up * kGripSine) {
    return hypotenuse(hypotenuse(x, up) - kHandleRadius, p.y) - kGripRadius;
  }
  return length(Vec3f{x - kHandleRadius * kGripSine, p.y, up - kHandleRadius * kGripCosine}) -
         kGripRadius;
}

float tag_distance(Vec3f p) {
  const TagFrame& frame = tag_frame();
  const Vec3f to = p - kTagCentre;
  const float x = dot(to, frame.right), y = dot(to, frame.up), z = dot(to, frame.out);
  const float card = rounded_box(x, y, kDemoTagHalfWidth, kDemoTagHalfHeight, 0.02f);
  const float hole = 0.014f - hypotenuse(x, y - 0.135f);
  const float over = larger_of(card, hole), above = std::fabs(z) - kTagHalfThickness;
  return over > 0 && above > 0 ? hypotenuse(over, above) : larger_of(over, above);
}

float string_distance(Vec3f p) {
  const TagFrame& frame = tag_frame();
  const Vec3f hole = kTagCentre + frame.up * 0.135f;
  const Vec3f side = frame.right * 0.011f;
  float best = kFar;
  for (float sign : {-1.0f, 1.0f}) {
    const Vec3f shift = side * sign;
    best = smaller_of(best, segment_distance(p, kStringStart + shift * 2, kStringBend + shift));
    best = smaller_of(best, segment_distance(p, kStringBend + shift, kStringShoulder + shift));
    best = smaller_of(
        best, segment_distance(p, kStringShoulder + shift, hole + frame.out * (sign * 0.010f)));
  }
  const float knot = length(p - kStringStart) - 0.02f;
  const float loop = segment_distance(p, hole - frame.out * 0.010f, hole + frame.out * 0.010f);
  return smaller_of(smaller_of(best, loop) - kStringRadius, knot);
}

float demo_distance(Vec3f p) {
  float best = turned_distance(p);
  const float cavity = -cavity_profile(hypotenuse(p.x, p.y), p.z);
  best = larger_of(best, cavity);
  // Outside of its box a part is at least as far as the box.
  if (box_distance(p, kHandleBound) < best) best = smaller_of(best, handle_distance(p));
  if (box_distance(p, kTagBound) < best) best = smaller_of(best, hanging_distance(p));
  return best;
}

TagPosition demo_tag_position(Vec3f p) {
  const TagFrame& frame = tag_frame();
  const Vec3f to = p - kTagCentre;
  return {dot(to, frame.right), dot(to, frame.up), dot(to, frame.out) > 0};
}

}  // namespace voxpack
