#include "stages/demo_material.h"

#include "stages/demo_label.h"
#include "stages/demo_relief.h"

namespace voxpack {
namespace {

constexpr Vec3f kDielectric{0.04f, 0.04f, 0.04f};

// A repeatable number 0..1 for a lattice cell.
float cell_noise(int x, int y, int z) {
  uint32_t h = static_cast<uint32_t>(x) * 0x8da6b343u ^ static_cast<uint32_t>(y) * 0xd8163841u ^
               static_cast<uint32_t>(z) * 0xcb1ab31fu;
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  h ^= h >> 13;
  h *= 0x297a2d39u;
  h ^= h >> 16;
  return (h >> 8) * (1.0f / 16777216.0f);
}

int cell(float v, float size) { return whole_below(v * (1 / size)); }

// Dark freckles in the glaze: one round spot in some of the cells.
float freckle(Vec3f p) {
  constexpr float kSize = 0.03f;
  const int x = cell(p.x, kSize), y = cell(p.y, kSize), z = cell(p.z, kSize);
  const float pick = cell_noise(x, y, z);
  if (pick > 0.55f) return 0;
  const Vec3f centre{(x + 0.3f + 0.4f * cell_noise(x + 91, y, z)) * kSize,
                     (y + 0.3f + 0.4f * cell_noise(x, y + 57, z)) * kSize,
                     (z + 0.3f + 0.4f * cell_noise(x, y, z + 33)) * kSize};
  const float radius = 0.002f + 0.006f * pick;
  return 1 - smooth_step(radius * 0.6f, radius, length(p - centre));
}

DemoMaterial print_material(const Ink& ink) {
  const Vec3f gold = ink.color * ink.foil;
  return {ink.color * (1 - ink.foil * 0.85f), mix(kDielectric * 0.6f, gold, ink.foil),
          0.55f - 0.35f * ink.foil, 1};
}

DemoMaterial glaze(Vec3f p, const DemoSurface& surface) {
  const float r = hypotenuse(p.x, p.y);
  if (std::fabs(p.z - kLabelMiddle) < kLabelHeight / 2 && r > kDemoBodyRadius - 0.01f) {
    const float angle = front_angle(p);
    const float y = kLabelMiddle + kLabelHeight / 2 - p.z;
    const float front = angle * kDemoBodyRadius + kFrontLabelWidth / 2;
    if (front > 0 && front < kFrontLabelWidth) return print_material(front_label().at(front, y));
    const float turned = angle > 0 ? angle - kTwoPi / 2 : angle + kTwoPi / 2;
    const float back = turned * kDemoBodyRadius + kBackLabelWidth / 2;
    if (back > 0 && back < kBackLabelWidth) return print_material(back_label().at(back, y));
  }
  if (surface.base_normal.z < -0.7f && p.z < kDemoFootHeight + 0.02f) {
    // Bare clay below, with the stamp.
    const float x = p.x + kStampWidth / 2, y = p.y + foot_stamp().height() / 2;
    const bool stamped = x > 0 && x < kStampWidth && y > 0 && y < foot_stamp().height();
    return {stamped ? foot_stamp().at(x, y).color : Vec3f{0.52f, 0.40f, 0.30f}, kDielectric * 0.5f,
            0.9f, 1};
  }
  // The glaze thins to a paler, warmer tone where it runs off the shoulder.
  const float thin = smooth_step(0.10f, 0.21f, p.z) * (1 - smooth_step(0.22f, 0.28f, p.z));
  const Vec3f teal = mix({0.012f, 0.105f, 0.115f}, {0.10f, 0.22f, 0.19f}, 0.7f * thin);
  return {mix(teal, {0.02f, 0.018f, 0.015f}, 0.8f * freckle(p)), {0.05f, 0.05f, 0.05f}, 0.04f, 1};
}

DemoMaterial woven(const WeavePlace& place, Vec3f warp, Vec3f weft) {
  // Fibres twist around the thread; threads differ a little; the gaps between them are dark.
  const float twist = place.along * 3 + place.across * 0.9f;
  const float fibre = 0.90f + 0.10f * (2 * std::fabs(2 * (twist - whole_below(twist)) - 1) - 1);
  const float thread = 0.88f + 0.24f * cell_noise(place.thread, place.warp ? 7 : 13, 3);
  const float depth = 0.30f + 0.70f * smooth_step(0.05f, 0.75f, place.height);
  return {(place.warp ? warp : weft) * (fibre * thread * depth), kDielectric * 0.25f, 1, depth};
}

DemoMaterial sleeve(Vec3f p) {
  constexpr Vec3f kLinen{0.62f, 0.52f, 0.38f}, kIndigo{0.035f, 0.055f, 0.16f},
      kRust{0.42f, 0.10f, 0.04f};
  const WeavePlace place = sleeve_weave(front_angle(p), p.z);
  const int row = whole_below((p.z - kDemoSleeveMiddle + kDemoSleeveHalf) * (1 / kSleevePitch));
  const int column = place.warp ? place.thread & 15 : 0;
  const bool stripe = row == 2 || row == 3 || row == 16 || row == 17;
  const Vec3f weft = stripe ? kIndigo : row == 9 || row == 10 ? kRust : kLinen;
  return woven(place, column == 4 || column == 11 ? kIndigo : kLinen, weft);
}

DemoMaterial cloth(Vec3f p) {
  // Gingham: bands of coloured threads both ways.
  constexpr Vec3f kWhite{0.75f, 0.72f, 0.66f}, kRed{0.45f, 0.03f, 0.035f};
  const WeavePlace place = cloth_weave(p.x, p.y);
  const Vec3f color = (place.thread >> 3 & 1) ? kRed : kWhite;
  return woven(place, color, color);
}

DemoMaterial wood(Vec3f p) {
  const float grain = std::sin(60 * p.y + 25 * p.z + 6 * std::sin(9 * p.x));
  return {mix({0.30f, 0.15f, 0.06f}, {0.45f, 0.25f, 0.11f}, 0.5f + 0.5f * grain), kDielectric,
          0.35f, 1};
}

DemoMaterial card(Vec3f p, const DemoSurface& surface) {
  const TagPosition at = demo_tag_position(p);
  if (std::fabs(at.x) > kDemoTagHalfWidth || std::fabs(at.y) > kDemoTagHalfHeight ||
      std::fabs(surface.base_normal.z) > 0.9f) {
    return {{0.52f, 0.36f, 0.20f}, kDielectric * 0.3f, 1, 1};
  }
  const Print& print = at.outer ? tag_front() : tag_back();
  const float x = (at.outer ? at.x : -at.x) + kDemoTagHalfWidth;
  return print_material(print.at(x, kDemoTagHalfHeight - at.y));
}

// A soft box: unit direction to its centre, half extents as tangents, light.
struct SoftBox {
  Vec3f middle, right, up;
  float half_x, half_y;
  Vec3f light;
  SoftBox(Vec3f towards, float tan_x, float tan_y, Vec3f color)
      : middle(normalize(towards)), half_x(tan_x), half_y(tan_y), light(color) {
    right = normalize(cross({0, 0, 1}, middle));
    up = cross(middle, right);
  }
};
const SoftBox kBoxes[] = {
    {{-0.75f, -0.70f, 0.75f}, 0.30f, 0.42f, {6.2f, 6.0f, 5.7f}},
    {{0.95f, -0.45f, 0.25f}, 0.13f, 0.60f, {3.4f, 3.6f, 3.9f}},
    {{0.10f, 0.95f, 0.55f}, 0.65f, 0.16f, {3.6f, 3.6f, 3.8f}},
};

// The studio in a direction, blurred.
Vec3f studio(Vec3f d, float blur) {
  const float up = smooth_step(-0.5f - blur, 0.5f + blur, d.z);
  Vec3f light = mix({0.14f, 0.13f, 0.12f}, {0.46f, 0.48f, 0.51f}, up);
  const float soft = 0.02f + 0.75f * blur;
  for (const SoftBox& box : kBoxes) {
    const float along = dot(d, box.middle);
    if (along < 0.15f) continue;
    const float x = std::fabs(dot(d, box.right)) / along, y = std::fabs(dot(d, box.up)) / along;
    const float mask = (1 - smooth_step(box.half_x - soft, box.half_x + soft, x)) *
                       (1 - smooth_step(box.half_y - soft, box.half_y + soft, y)) *
                       smooth_step(0.15f, 0.4f, along);
    // Blur spreads the same light over more directions.
    light += box.light * (mask * box.half_x * box.half_y /
                          ((box.half_x + 0.5f * soft) * (box.half_y + 0.5f * soft)));
  }
  return light;
}

Vec3f irradiance(Vec3f n) {
  Vec3f light = mix({0.20f, 0.19f, 0.18f}, {0.44f, 0.45f, 0.47f}, 0.5f + 0.5f * n.z);
  constexpr float kShare[] = {0.105f, 0.10f, 0.10f};
  int i = 0;
  for (const SoftBox& box : kBoxes) {
    // Large lights reach a little round the corner.
    const float facing = clamp01((dot(n, box.middle) + 0.2f) * (1 / 1.2f));
    light += box.light * (facing * kShare[i++]);
  }
  return light;
}

}  // namespace

DemoMaterial demo_material(Vec3f p, const DemoSurface& surface) {
  DemoMaterial out;
  switch (surface.part) {
    case DemoPart::glaze:
      out = glaze(p, surface);
      break;
    case DemoPart::sleeve:
      out = sleeve(p);
      break;
    case DemoPart::lid:
      out = {{0.05f, 0.04f, 0.02f}, {0.86f, 0.64f, 0.33f}, 0.16f, 1};
      break;
    case DemoPart::cloth:
      out = cloth(p);
      break;
    case DemoPart::knob:
      out = {{0.55f, 0.012f, 0.015f}, {0.05f, 0.05f, 0.05f}, 0.02f, 1};
      break;
    case DemoPart::ring:
    case DemoPart::wire:
      out = {{0.03f, 0.03f, 0.03f}, {0.55f, 0.56f, 0.58f}, 0.12f, 1};
      break;
    case DemoPart::grip:
      out = wood(p);
      break;
    case DemoPart::tag:
      out = card(p, surface);
      break;
    case DemoPart::string:
      out = {{0.50f, 0.44f, 0.33f}, kDielectric * 0.25f, 1, 1};
      break;
    case DemoPart::cavity:
      return {{0.30f, 0.22f, 0.14f}, kDielectric * 0.5f, 0.9f, 0.15f};
  }
  if (surface.part <= DemoPart::ring) out.openness *= demo_openness(p, surface.base_normal);
  return out;
}

Vec3f demo_shade(const DemoMaterial& material, Vec3f normal, Vec3f view) {
  const float facing = clamp01(-dot(normal, view));
  const Vec3f reflected = view + normal * (2 * facing);
  const float edge = 1 - facing, edge2 = edge * edge;
  const float fresnel = edge2 * edge2 * edge * (1 - 0.85f * material.blur);
  const Vec3f mirror = material.mirror + (Vec3f{1, 1, 1} - material.mirror) * fresnel;
  return (material.albedo * irradiance(normal) + mirror * studio(reflected, material.blur)) *
         material.openness;
}

Vec3f demo_shade_average(const DemoMaterial& material, Vec3f normal) {
  return (material.albedo * irradiance(normal) + material.mirror * studio(normal, 1)) *
         material.openness;
}

Vec3f demo_expose(Vec3f light) {
  const auto curve = [](float v) {
    constexpr float kKnee = 0.75f;
    return v < kKnee ? v : kKnee + (1 - kKnee) * (1 - std::exp((kKnee - v) / (1 - kKnee)));
  };
  return {curve(light.x), curve(light.y), curve(light.z)};
}

float encode_srgb(float linear) {
  const float v = clamp01(linear);
  return v <= 0.0031308f ? 12.92f * v : 1.055f * std::pow(v, 1 / 2.4f) - 0.055f;
}

}  // namespace voxpack
