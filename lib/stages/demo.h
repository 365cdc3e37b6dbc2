// The built-in demo product, made of analytic surfaces and needing no files: a honey jar with
// printed labels, woven cloth, glossy glaze and metal, and thin wire and string. Its photos are
// ray-traced from the surfaces, not drawn by the voxel renderer.
#pragma once

#include <cstdint>

#include "core/log.h"
#include "core/status.h"
#include "field/dataset.h"
#include "field/field.h"

namespace voxpack {

struct DemoPhotoOptions {
  int train_views = 100;  // 1..2000
  int test_views = 25;    // 0..2000
  int size = 800;         // pixels of width and height, 16..4096
  uint64_t seed = 1;      // moves the cameras
  int samples = 3;        // rays per pixel and axis, 1..8
};

// RGBA photos with straight alpha from cameras on a sphere of radius 4 around the origin, pinhole,
// with the opening angle of the Blender data sets; views are called r_0, r_1 ... in both splits.
// The pixels depend on the options only, not on the number of threads. Fails with usage if an
// option is out of range or the photos would need more than 8 GiB; with interrupted after Ctrl-C.
Result<DataSet> make_demo_dataset(const DemoPhotoOptions& options, Log& log);

inline constexpr int kMinDemoResolution = 32;
inline constexpr int kMaxDemoResolution = 4096;

// The object as a field of kind rgb in the cube [-1.05, 1.05]^3, all points at level 0. Points are
// the sites within 1.75 spacings outside and 2.25 spacings inside of the surface, at every
// resolution; the jar is hollow, so its never seen inner wall has points too (2048: more than 60
// million in all). Density is proportional to depth, zero on the surface; colour is the photo's,
// averaged over directions. Does not depend on the number of threads. Fails with usage if
// resolution is out of range; with interrupted after Ctrl-C.
Result<Field> make_demo_field(int resolution, Log& log);

}  // namespace voxpack
