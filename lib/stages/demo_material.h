// What the demo object is made of, and the studio it stands in.
#pragma once

#include "stages/demo_shape.h"

namespace voxpack {

// Linear colours. `mirror` is the reflectance straight on; `blur` 0 (mirror) to 1 (matt).
struct DemoMaterial {
  Vec3f albedo;
  Vec3f mirror;
  float blur = 1;
  float openness = 1;  // share of the studio the place sees
};

// Material of the point p on `surface`.
DemoMaterial demo_material(Vec3f p, const DemoSurface& surface);

// Light reflected towards the camera; `view` is the unit direction from the camera to the point.
// Linear.
Vec3f demo_shade(const DemoMaterial& material, Vec3f normal, Vec3f view);

// The same averaged over the directions a point is seen from.
Vec3f demo_shade_average(const DemoMaterial& material, Vec3f normal);

// Exposure curve: linear light to the linear value of a photo, 0..1.
Vec3f demo_expose(Vec3f light);

// The sRGB code 0..1 of a linear value.
float encode_srgb(float linear);

}  // namespace voxpack
