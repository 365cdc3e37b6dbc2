// The JSON of posed photos (transforms.json and its relatives): frames with poses and intrinsics.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "field/camera.h"

namespace voxpack {

// One frame. Where the JSON gives no size, camera.width is 0 and the intrinsics follow from the
// image.
struct PosedFrame {
  std::string file_path;  // as in the JSON, relative to its folder or absolute
  Camera camera;  // pose and lens always; fx, fy, cx, cy, width, height as far as given (else 0)
  double angle_x = 0;  // radians, 0: not given
  double angle_y = 0;
  bool has_center = false;  // cx and cy are given
};

struct PosedFrames {
  std::vector<PosedFrame> frames;  // at least one
  // nerfstudio's optional split, file_path values; empty if not given.
  std::vector<std::string> train_names;
  std::vector<std::string> test_names;
  bool has_masks = false;  // some frame has a mask_path
};

// Fails with io if the file cannot be read; with bad_data if it is not JSON, has no frames, or a
// frame's numbers, pose or path are wrong (the sentence names file and frame); with unsupported for
// other lens models.
Result<PosedFrames> read_transforms_json(const std::string& path);

// Completes the camera of `frame` for an image of width x height pixels: focal length from the
// field of view, centre from the size, intrinsics of a uniformly scaled size scaled (`scaled` is
// set). Fails with bad_data if the JSON's size has another shape or no focal length is given.
Result<Camera> camera_for_size(const PosedFrame& frame, int width, int height, bool& scaled);

}  // namespace voxpack
