// Which part is near, and its normal.
#include "stages/demo_parts.h"

namespace voxpack {
namespace {

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
  ProfileDual best = body_profile(r, z);
  DemoSurface out{DemoPart::glaze, best.value, {}, {}};
  const auto offer = [&](DemoPart part, ProfileDual profile, float relief) {
    if (profile.value - relief >= out.distance) return;
    out.part = part;
    out.distance = profile.value - relief;
    best = profile;
  };
  if (p.z < kDemoSleeveMiddle + kDemoSleeveHalf + 0.25f) {
    const ProfileDual sleeve = sleeve_profile(r, z);
    const bool close = std::fabs(sleeve.value) < kRelief;
    offer(DemoPart::sleeve, sleeve, close ? sleeve_relief(front_angle(p), p.z) : kWeaveHeight);
  } else if (out.distance > kUpperFoot - p.z) {  // else all of these are farther
    const ProfileDual lid = lid_profile(r, z), cloth = cloth_profile(r, z);
    const bool close = std::fabs(cloth.value) < kRelief;
    offer(DemoPart::lid, lid,
          std::fabs(lid.value) < kRelief && radius > 0.5f ? knurl_relief(front_angle(p), p.z) : 0);
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

}  // namespace voxpack
