// What commands read: a model (a package or a field file, told by content) and posed photos.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "field/dataset.h"
#include "field/field.h"
#include "stages/pack.h"
#include "stages/package_bill.h"

namespace voxpack {

struct Model {
  Field field;
  uint64_t size_bytes = 0;  // of the file
  bool is_package = false;
};

// Whether the file starts like a package; false also if it cannot be read.
bool is_package_file(const std::string& path);

// Reads a .vxp package or a .safetensors field. Fails as their readers do, with the path.
Result<Model> open_model(const std::string& path, Command& command);

// The parts of a package file and their bytes. Fails as the package reader does, with the path.
Result<std::vector<PackagePart>> open_parts(const std::string& path);

// Where the bytes of a package file go. Fails as the package reader does, with the path.
Result<std::vector<BillRow>> open_bill(const std::string& path);

// Reads a field file; a package is refused with the command that turns it into a field.
Result<Field> open_field(const std::string& path, Command& command);

// Which photos of a data set are needed; cameras are always read.
struct Photos {
  bool train = false;
  bool test = false;
};
Result<DataSet> open_views(const std::string& path, Photos photos, Command& command);

// Whether `path` is a data set (a folder or a JSON file) and not a file with a field.
bool is_data_set(const std::string& path);

// --views SRC and --split, as evaluate, render, check and compare take them.
struct ViewsArgs {
  std::string views;
  std::string split = "test";
};
void add_views_options(CLI::App* cmd, ViewsArgs& args, bool required);

// The views of the split, with photos if asked. Fails with `bad_data` if there are none.
Result<std::vector<View>> open_split(const ViewsArgs& args, bool photos, Command& command);

}  // namespace voxpack
