// --protect, --protect-box and --protect-weight: regions that must stay sharp.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "command.h"
#include "field/dataset.h"
#include "stages/protect.h"

namespace voxpack {

// `masks` receives the folder of --protect.
void add_protect_options(CLI::App* cmd, Protection& protect, std::string& masks);

// Fills protect.cameras from the masks NAME.png in folder `masks`, NAME being that of a train view
// of `views`; nothing if `masks` is empty. Fails with usage without views, with bad_data where no
// view has a mask or one has another size than its view, and as read_image().
Status open_masks(const std::string& masks, const DataSet* views, Protection& protect,
                  Command& command);

}  // namespace voxpack
