#include "stages/demo_shape.h"

#include <utility>

#include "stages/demo_profile.h"
#include "stages/demo_relief.h"

namespace voxpack {
namespace {

constexpr float kRelief = 0.01f;  // relief is worked out within this distance of its part
constexpr float kFar = 1e9f;

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

// Body and sleeve, neck included.
float lower_distance(Vec3f p) {
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
float lid_distance(Vec3f p) {
  const float r = hypotenuse(p.x, p.y), z = p.z;
  float lid = lid_profile(r, z);
  if (lid < kRelief && lid > -kRelief && r > 0.5f) lid -= knurl_relief(front_angle(p), z);
  float cloth = cloth_profile(r, z);
  if (cloth < kRelief && cloth > -kRelief && z > kDemoClothTop - kRelief) {
    cloth -= cloth_relief(p.x, p.y);
  } else {
    cloth -= kWeaveHeight;
  }
  return smaller_of(lid, cloth);
}

// Everything turned above kUpperFoot.
float upper_distance(Vec3f p) {
  const float r = hypotenuse(p.x, p.y);
  return smaller_of(lid_distance(p), smaller_of(knob_profile(r, p.z), ring_profile(r, p.z)));
}

// Neck, ring and lid, which a ray meets within kLidBound.
float top_distance(Vec3f p) {
  const float lid = lid_distance(p);
  if (p.z > 0.36f) return lid;  // the neck and the ring end below, under the lid
  const float r = hypotenuse(p.x, p.y);
  return smaller_of(lid, smaller_of(body_profile(r, p.z), ring_profile(r, p.z)));
}

float turned_distance(Vec3f p) {
  const float lower = lower_distance(p);
  return lower < kUpperFoot - p.z ? lower : smaller_of(lower, upper_distance(p));
}

float wire_distance(Vec3f p) {
  const float x = std::fabs(p.x), up = p.z - kHandleHeight;
  const float arc = up > 0 ? hypotenuse(hypotenuse(x, up) - kHandleRadius, p.y)
                           : length(Vec3f{x - kHandleRadius, p.y, up});
  const float pin = segment_distance({x, p.y, p.z}, {kHandleRadius, 0, kHandleHeight},
                                     {0.475f, 0, 0.325f});
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
  return larger_of(larger_of(card, hole), std::fabs(z) - kTagHalfThickness);
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
    best = smaller_of(best, segment_distance(p, kStringShoulder + shift,
                                             hole + frame.out * (sign * 0.010f)));
  }
  const float knot = length(p - kStringStart) - 0.02f;
  const float loop = segment_distance(p, hole - frame.out * 0.010f, hole + frame.out * 0.010f);
  return smaller_of(smaller_of(best, loop) - kStringRadius, knot);
}

struct Bound {
  Vec3f lo, hi;
};
// Boxes around handle and tag with everything on them.
constexpr Bound kHandleBound{{-0.70f, -0.03f, 0.28f}, {0.70f, 0.03f, 1.01f}};
constexpr Bound kTagBound{{0.44f, -0.02f, -0.39f}, {0.86f, 0.28f, 0.355f}};
constexpr Bound kCardBound{{0.755f, -0.01f, -0.385f}, {0.845f, 0.27f, 0.005f}};
constexpr Bound kStringBound{{0.45f, 0.02f, -0.08f}, {0.835f, 0.17f, 0.355f}};
// Upright cylinders around the turned parts: radius and heights.
struct Cylinder {
  float radius, lo, hi;
};
constexpr Cylinder kBodyBound{kDemoSleeveRadius + kWeaveHeight + 0.0005f, -0.985f, 0.235f};
constexpr Cylinder kLidBound{0.5205f, 0.225f, 0.5765f};
// Where the body is a plain cylinder with nothing before it.
constexpr float kPlainLo = kDemoSleeveMiddle + kDemoSleeveHalf + kWeaveHeight + 0.001f;
constexpr float kPlainHi = 0.099f;

float box_distance(Vec3f p, const Bound& box) {
  const Vec3f over{larger_of(larger_of(box.lo.x - p.x, p.x - box.hi.x), 0.0f),
                   larger_of(larger_of(box.lo.y - p.y, p.y - box.hi.y), 0.0f),
                   larger_of(larger_of(box.lo.z - p.z, p.z - box.hi.z), 0.0f)};
  return length(over);
}

// Cuts [near, far] to the part of the ray inside the box.
bool clip(const Bound& box, Vec3f origin, Vec3f inverse, float& near, float& far) {
  const Vec3f a = (box.lo - origin) * inverse, b = (box.hi - origin) * inverse;
  near = larger_of(near, larger_of(larger_of(smaller_of(a.x, b.x), smaller_of(a.y, b.y)),
                                   smaller_of(a.z, b.z)));
  far = smaller_of(far, smaller_of(smaller_of(larger_of(a.x, b.x), larger_of(a.y, b.y)),
                                   larger_of(a.z, b.z)));
  return near < far;
}

// The part [near, far] of the ray inside the cylinder; false if there is none before `far` on entry.
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

// The hit on the plain wall of the body for a ray that enters kBodyBound at `near`; negative: unknown.
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

// Sphere tracing within [near, far].
template <class Distance>
float trace(Vec3f origin, Vec3f direction, float near, float far, Distance distance) {
  constexpr float kClose = 1.5e-4f;
  float t = near;
  for (int step = 0; step < 160 && t < far; ++step) {
    const float d = distance(origin + direction * t);
    if (d < kClose) return t;
    // Relief makes the distance change faster than 1 per unit.
    t += d < kRelief ? d * 0.8f : d;
  }
  return -1;
}

float handle_distance(Vec3f p) { return smaller_of(wire_distance(p), grip_distance(p)); }
float hanging_distance(Vec3f p) { return smaller_of(tag_distance(p), string_distance(p)); }

template <class Distance>
Vec3f numeric_gradient(Vec3f p, Distance distance) {
  constexpr float e = 5e-4f;
  return normalize({distance({p.x + e, p.y, p.z}) - distance({p.x - e, p.y, p.z}),
                    distance({p.x, p.y + e, p.z}) - distance({p.x, p.y - e, p.z}),
                    distance({p.x, p.y, p.z + e}) - distance({p.x, p.y, p.z - e})});
}

// The nearest turned part with the analytic normal of its profile; relief is added by the caller.
DemoSurface turned_surface(Vec3f p, bool with_cavity) {
  const float radius = hypotenuse(p.x, p.y);
  const ProfileDual r{radius, 1, 0}, z{p.z, 0, 1};
  const float angle = front_angle(p);
  ProfileDual best = body_profile(r, z);
  DemoSurface out{DemoPart::glaze, best.value, {}, {}};
  const auto offer = [&](DemoPart part, ProfileDual profile, float relief) {
    if (profile.value - relief >= out.distance) return;
    out.part = part;
    out.distance = profile.value - relief;
    best = profile;
  };
  if (p.z < 0) {
    const ProfileDual sleeve = sleeve_profile(r, z);
    const bool close = std::fabs(sleeve.value) < kRelief;
    offer(DemoPart::sleeve, sleeve, close ? sleeve_relief(angle, p.z) : kWeaveHeight);
  } else {
    const ProfileDual lid = lid_profile(r, z), cloth = cloth_profile(r, z);
    const bool close = std::fabs(cloth.value) < kRelief && p.z > kDemoClothTop - kRelief;
    offer(DemoPart::lid, lid,
          std::fabs(lid.value) < kRelief && radius > 0.5f ? knurl_relief(angle, p.z) : 0);
    offer(DemoPart::cloth, cloth, close ? cloth_relief(p.x, p.y) : kWeaveHeight);
    offer(DemoPart::knob, knob_profile(r, z), 0);
    offer(DemoPart::ring, ring_profile(r, z), 0);
  }
  if (with_cavity) {
    const ProfileDual inner = -cavity_profile(r, z);
    if (inner.value > out.distance) {
      out.part = DemoPart::cavity;
      out.distance = inner.value;
      best = inner;
    }
  }
  const float inverse = radius > 1e-9f ? 1 / radius : 0;
  out.base_normal = normalize({p.x * inverse * best.by_r, p.y * inverse * best.by_r, best.by_z});
  out.normal = out.base_normal;
  return out;
}

// Tilts the normal by the slope of the relief along the surface.
void add_relief(Vec3f p, DemoSurface& surface) {
  constexpr float e = 0.0008f;
  const Vec3f n = surface.base_normal;
  if (surface.part == DemoPart::cloth && n.z > 0.5f) {
    const float by_x = cloth_relief(p.x + e, p.y) - cloth_relief(p.x - e, p.y);
    const float by_y = cloth_relief(p.x, p.y + e) - cloth_relief(p.x, p.y - e);
    surface.normal = normalize(n - Vec3f{by_x, by_y, 0} * (0.5f / e));
  } else if (surface.part == DemoPart::sleeve || surface.part == DemoPart::lid) {
    const float r = hypotenuse(p.x, p.y);
    if (n.z > 0.5f || n.z < -0.5f || r < 0.1f) return;
    const bool sleeve = surface.part == DemoPart::sleeve;
    const auto relief = sleeve ? sleeve_relief : knurl_relief;
    const float angle = front_angle(p);
    const Vec3f around{-p.y / r, p.x / r, 0};
    const float by_arc = relief(angle + e / r, p.z) - relief(angle - e / r, p.z);
    const float by_z = relief(angle, p.z + e) - relief(angle, p.z - e);
    surface.normal = normalize(n - (around * by_arc + Vec3f{0, 0, by_z}) * (0.5f / e));
  }
}

}  // namespace

float demo_distance(Vec3f p) {
  float best = turned_distance(p);
  const float cavity = -cavity_profile(hypotenuse(p.x, p.y), p.z);
  best = larger_of(best, cavity);
  // Outside of its box a part is at least as far as the box.
  if (box_distance(p, kHandleBound) < best) best = smaller_of(best, handle_distance(p));
  if (box_distance(p, kTagBound) < best) best = smaller_of(best, hanging_distance(p));
  return best;
}

DemoSurface demo_surface(Vec3f p, bool with_cavity) {
  DemoSurface out = turned_surface(p, with_cavity);
  const auto offer = [&](DemoPart part, auto distance) {
    const float d = distance(p);
    if (d >= out.distance) return;
    const Vec3f normal = numeric_gradient(p, distance);
    out = {part, d, normal, normal};
  };
  if (box_distance(p, kHandleBound) < out.distance) {
    offer(DemoPart::wire, wire_distance);
    offer(DemoPart::grip, grip_distance);
  }
  if (box_distance(p, kTagBound) < out.distance) {
    offer(DemoPart::tag, tag_distance);
    offer(DemoPart::string, string_distance);
  }
  add_relief(p, out);
  return out;
}

float demo_hit(Vec3f origin, Vec3f direction) {
  const Vec3f inverse{1 / direction.x, 1 / direction.y, 1 / direction.z};
  float hit = -1, near = 0, far = kFar;
  if (clip(kBodyBound, origin, direction, inverse.z, near, far)) {
    hit = plain_wall_hit(origin, direction, near);
    if (hit < 0) hit = trace(origin, direction, near, far, lower_distance);
  }
  near = 0;
  far = hit > 0 ? hit : kFar;
  if (clip(kLidBound, origin, direction, inverse.z, near, far)) {
    const float t = trace(origin, direction, near, far, top_distance);
    if (t > 0) hit = t;
  }
  const float knob = knob_hit(origin, direction);
  if (knob > 0 && (hit < 0 || knob < hit)) hit = knob;
  const auto offer = [&](const Bound& box, auto distance) {
    float first = 0, last = hit > 0 ? hit : kFar;
    if (!clip(box, origin, inverse, first, last)) return;
    const float t = trace(origin, direction, first, last, distance);
    if (t > 0) hit = t;
  };
  offer(kHandleBound, handle_distance);
  offer(kCardBound, tag_distance);
  offer(kStringBound, string_distance);
  return hit;
}

float demo_openness(Vec3f p, Vec3f normal) {
  // Sides of the body and everything above the lid see the whole sky.
  if ((p.z < 0.02f && p.z > -0.93f) || p.z > 0.75f) return 1;
  const float r = hypotenuse(p.x, p.y);
  float open = 1;
  for (const float way : {0.04f, 0.12f}) {
    const Vec3f q = p + normal * way;
    const float qr = hypotenuse(q.x, q.y);
    float d = body_profile(qr, q.z);
    if (q.z > 0) d = smaller_of(d, smaller_of(lid_profile(qr, q.z), knob_profile(qr, q.z)));
    open -= 0.4f * clamp01((way - d) / way);
  }
  // The underside is shaded by the table the jar stands on most of its life.
  if (p.z < -0.9f && r < 0.56f) open *= 0.8f;
  return open;
}

TagPosition demo_tag_position(Vec3f p) {
  const TagFrame& frame = tag_frame();
  const Vec3f to = p - kTagCentre;
  return {dot(to, frame.right), dot(to, frame.up), dot(to, frame.out) > 0};
}

}  // namespace voxpack
