// Real spherical harmonics of degree 0..3, for every build of the renderer: no standard library
// here, and internal linkage, since some builds use instructions that others must not link to.
#pragma once

#include "core/host_device.h"

namespace voxpack {
namespace {

// Y_0 .. Y_15 of the unit direction d, with Condon-Shortley signs (formulas in
// docs/field-format.md).
VOXPACK_HOST_DEVICE inline void harmonics16(const float d[3], float out[16]) {
  const float x = d[0], y = d[1], z = d[2];
  const float xx = x * x, yy = y * y, zz = z * z;
  out[0] = 0.28209479177387814f;
  out[1] = -0.48860251190291987f * y;
  out[2] = 0.48860251190291987f * z;
  out[3] = -0.48860251190291987f * x;
  out[4] = 1.0925484305920792f * x * y;
  out[5] = -1.0925484305920792f * y * z;
  out[6] = 0.31539156525252005f * (3 * zz - 1);
  out[7] = -1.0925484305920792f * x * z;
  out[8] = 0.5462742152960396f * (xx - yy);
  out[9] = -0.5900435899266435f * y * (3 * xx - yy);
  out[10] = 2.890611442640554f * x * y * z;
  out[11] = -0.4570457994644658f * y * (5 * zz - 1);
  out[12] = 0.3731763325901154f * z * (5 * zz - 3);
  out[13] = -0.4570457994644658f * x * (5 * zz - 1);
  out[14] = 1.445305721320277f * z * (xx - yy);
  out[15] = -0.5900435899266435f * x * (xx - 3 * yy);
}

}  // namespace
}  // namespace voxpack
