// Reads posed photos: Blender / NeRF-synthetic folders and nerfstudio / instant-ngp
// transforms.json. docs/field-format.md lists what is read of them.
#pragma once

#include <string>

#include "core/log.h"
#include "core/status.h"
#include "field/dataset.h"

namespace voxpack {

struct DataSetOptions {
  bool load_images = true;        // false: cameras only, whatever the next two say
  bool load_train_images = true;  // false: train views have cameras only
  bool load_test_images = true;   // false: test views have cameras only
  int threads = 2;                // that decode images, >= 1
};

// The views of `path`: a folder with transforms_train.json (and transforms_test.json), else
// transforms.json; or one such JSON file. Views keep the order of the file. Without a test split,
// views 0, 8, 16 ... become test (if there are at least two views) and `log.info` says so.
//
// Cameras fit the size of the image files: intrinsics for another, uniformly scaled size are
// scaled, with a line of info. Images that are not loaded stay empty; such a file may even be
// missing if the JSON has w and h.
//
// Fails with io if the path, its JSON or an image cannot be read; with bad_data if JSON, frames,
// matrices, sizes or images are wrong, or if all loaded images are fully transparent; with
// unsupported for other camera models; with interrupted after Ctrl-C.
Result<DataSet> read_dataset(const std::string& path, const DataSetOptions& options, Log& log);

}  // namespace voxpack
