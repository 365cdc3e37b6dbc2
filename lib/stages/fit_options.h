// What bake and refine can correct of the photos they optimise against.
#pragma once

namespace voxpack {

// What is optimised of the train views beside the field, for photos whose poses or exposures are
// not exact. The corrections are not kept: what is baked is the field.
struct FitOptions {
  bool poses = false;     // a rigid motion of the object before each camera
  bool exposure = false;  // a gain of each colour channel of each photo
};

}  // namespace voxpack
