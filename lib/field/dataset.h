// Posed photos of one object.
#pragma once

#include <string>
#include <vector>

#include "field/camera.h"

namespace voxpack {

struct DataSet {
  std::vector<View> train;
  std::vector<View> test;
  bool test_is_every_8th =
      false;  // the data set had no test split: views 0, 8, 16 ... were set aside
};

}  // namespace voxpack
