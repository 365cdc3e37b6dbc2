// Writes posed photos as a Blender / NeRF-synthetic folder: transforms_{train,test}.json,
// train/*.png, test/*.png. read_dataset() gives back the same views, to the last bit of poses and
// pixels.
#pragma once

#include <string>

#include "core/status.h"
#include "field/dataset.h"

namespace voxpack {

// Writes `data` to the folder `path`, made if missing (the folder above it must exist); files of
// these names are replaced. Without test views no test JSON is written, and one that is there is
// refused (usage). `threads` >= 1 encode the pictures; the bytes do not depend on it. After an
// error nothing new is left behind.
//
// Fails with usage if there are no train views, or a view has no image of its camera's size, a name
// with other characters than letters, digits, - and _, or one that its split has already; with
// unsupported for cameras this format cannot express: distorted, off-centre, fx unlike fy, several
// in one split; with io if something cannot be written; with interrupted after Ctrl-C.
Status write_dataset(const std::string& path, const DataSet& data, int threads);

}  // namespace voxpack
