// Rays against the demo object: exact where that is easy, else sphere tracing within bounds.
#include "stages/demo_parts.h"

namespace voxpack {
namespace {

// Upright cylinders around the turned parts: radius and heights.
struct Cylinder {
  float radius, lo, hi;
};
constexpr Cylinder kBodyBound{kDemoSleeveRadius + kWeaveHeight + 0.0005f, -0.985f, 0.235f};
constexpr Cylinder kLidBound{0.5205f, 0.225f, 0.5765f};
// Where the body is a plain cylinder with nothing before it.
constexpr float kPlainLo = kDemoSleeveMiddle + kDemoSleeveHalf + kWeaveHeight + 0.001f;
constexpr float kPlainHi = 0.099f;

// Cuts [near, far] to the part of the ray inside the box.
bool clip(const DemoBox& box, Vec3f origin, Vec3f inverse, float& near, float& far) {
  const Vec3f a = (box.lo - origin) * inverse, b = (box.hi - origin) * inverse;
  near = larger_of(
      near, larger_of(larger_of(smaller_of(a.x, b.x), smaller_of(a.y, b.y)), smaller_of(a.z, b.z)));
  far = smaller_of(
      far, smaller_of(smaller_of(larger_of(a.x, b.x), larger_of(a.y, b.y)), larger_of(a.z, b.z)));
  return near < far;
}

// The part [near, far] of the ray inside the cylinder; false if there is none before `far` on
// entry.
bool clip(const Cylinder& cylinder, Vec3f origin, Vec3f direction, float inverse_z, float& near,
          float& far) {
  const float lo = (cylinder.lo - origin.z) * inverse_z, hi = (cylinder.hi - origin.z) * inverse_z;
  near = larger_of(near, smaller_of(lo, hi));
  far = smaller_of(far, larger_of(lo, hi));
  if (!(near < far)) return false;
  const float a = direction.x * direction.x + direction.y * direction.y;
  const float b = origin.x * direction.x + origin.y * direction.y;
  const float c = origin.x * origin.x + origin.y * origin.y - cylinder.radius * cylinder.radius;
  if (a < 1e-12f) return c < 0;
  const float root = b * b - a * c;
  if (root <= 0) return false;
  const float half = std::sqrt(root), inverse = 1 / a;
  near = larger_of(near, (-b - half) * inverse);
  far = smaller_of(far, (-b + half) * inverse);
  return near < far;
}

// The hit on the plain wall of the body for a ray that enters kBodyBound at `near`; negative:
// unknown.
float plain_wall_hit(Vec3f origin, Vec3f direction, float near) {
  const float outer = origin.z + direction.z * near;
  if (!(outer > kPlainLo && outer < kPlainHi)) return -1;
  const float a = direction.x * direction.x + direction.y * direction.y;
  const float b = origin.x * direction.x + origin.y * direction.y;
  const float c = origin.x * origin.x + origin.y * origin.y - kDemoBodyRadius * kDemoBodyRadius;
  const float root = b * b - a * c;
  if (a < 1e-12f || root <= 0) return -1;
  const float t = (-b - std::sqrt(root)) / a;
  const float z = origin.z + direction.z * t;
  return z > kPlainLo && z < kPlainHi ? t : -1;
}

float knob_hit(Vec3f origin, Vec3f direction) {
  const Vec3f to = origin - kDemoKnobCentre;
  const float b = dot(to, direction);
  const float root = b * b - dot(to, to) + kDemoKnobRadius * kDemoKnobRadius;
  return root > 0 ? -b - std::sqrt(root) : -1;
}

// Sphere tracing within [near, far]. Between the heights of a relief the distance may change faster
// than 1 per unit close to the surface.
template <class Distance>
float trace(Vec3f origin, Vec3f direction, float near, float far, float relief_lo, float relief_hi,
            Distance distance) {
  constexpr float kClose = 2.5e-4f;
  float t = near;
  for (int step = 0; step < 160 && t < far; ++step) {
    const Vec3f p = origin + direction * t;
    const float d = distance(p);
    if (d < kClose) return t;
    t += d < kRelief && p.z > relief_lo && p.z < relief_hi ? d * 0.8f : d;
  }
  return -1;
}

constexpr DemoBox box_around(const Cylinder& c) {
  return {{-c.radius, -c.radius, c.lo}, {c.radius, c.radius, c.hi}};
}
constexpr DemoBox kKnobBound{
    {-kDemoKnobRadius, -kDemoKnobRadius, kDemoKnobCentre.z - kDemoKnobRadius},
    {kDemoKnobRadius, kDemoKnobRadius, kDemoKnobCentre.z + kDemoKnobRadius}};
constexpr DemoBox kBoxes[] = {box_around(kBodyBound),
                              box_around(kLidBound),
                              kKnobBound,
                              kHandleBound,
                              kCardBound,
                              kStringBound};

}  // namespace

std::span<const DemoBox> demo_boxes() { return kBoxes; }

float demo_hit(Vec3f origin, Vec3f direction) {
  const Vec3f inverse{1 / direction.x, 1 / direction.y, 1 / direction.z};
  float hit = -1, near = 0, far = kFar;
  if (clip(kBodyBound, origin, direction, inverse.z, near, far)) {
    hit = plain_wall_hit(origin, direction, near);
    if (hit < 0)
      hit = trace(origin, direction, near, far, kDemoSleeveMiddle - kDemoSleeveHalf - kRelief,
                  kPlainLo + kRelief, lower_distance);
  }
  near = 0;
  far = hit > 0 ? hit : kFar;
  if (clip(kLidBound, origin, direction, inverse.z, near, far)) {
    const float t = trace(origin, direction, near, far, 0.38f, kFar, top_distance);
    if (t > 0) hit = t;
  }
  const float knob = knob_hit(origin, direction);
  if (knob > 0 && (hit < 0 || knob < hit)) hit = knob;
  const auto offer = [&](const DemoBox& box, auto distance) {
    float first = 0, last = hit > 0 ? hit : kFar;
    if (!clip(box, origin, inverse, first, last)) return;
    const float t = trace(origin, direction, first, last, kFar, kFar, distance);
    if (t > 0) hit = t;
  };
  offer(kHandleBound, handle_distance);
  offer(kCardBound, tag_distance);
  offer(kStringBound, string_distance);
  return hit;
}

}  // namespace voxpack
