#include "sources.h"

#include <omp.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/atomic_file.h"
#include "io/dataset_read.h"
#include "io/field_io.h"

namespace voxpack {
namespace {

constexpr uint64_t kMaxPackageBytes = uint64_t{1} << 34;

Status missing(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return {};
  return {Errc::io, path + ": no such file or folder"};
}

// Whether the file starts like safetensors: a JSON object after eight bytes of length.
bool is_tensor_file(const std::string& path) {
  char start[9] = {};
  std::ifstream in(path, std::ios::binary);
  return in.read(start, sizeof start) && start[8] == '{';
}

}  // namespace

bool is_package_file(const std::string& path) {
  char magic[4] = {};
  std::ifstream in(path, std::ios::binary);
  return in.read(magic, sizeof magic) && std::memcmp(magic, "VXPK", sizeof magic) == 0;
}

Result<Model> open_model(const std::string& path, Command& command) {
  VOXPACK_TRY(missing(path));
  const Report::Stage stage(command.report, "read");
  command.report.add_input(path);
  Model model;
  model.is_package = is_package_file(path);
  std::error_code error;
  model.size_bytes = std::filesystem::file_size(path, error);
  if (model.is_package) {
    VOXPACK_ASSIGN(const auto bytes, read_file(path, kMaxPackageBytes));
    VOXPACK_ASSIGN(model.field, run_unpack(bytes).in(path));
  } else if (std::filesystem::is_regular_file(path, error) && !is_tensor_file(path)) {
    return {Errc::bad_data, path + ": not a package (no magic) and not a field (no safetensors)"};
  } else {
    VOXPACK_ASSIGN(model.field, read_field(path, command.console));
  }
  return model;
}

Result<std::vector<PackagePart>> open_parts(const std::string& path) {
  VOXPACK_ASSIGN(const auto bytes, read_file(path, kMaxPackageBytes));
  return describe_package(bytes).in(path);
}

Result<std::vector<BillRow>> open_bill(const std::string& path) {
  VOXPACK_ASSIGN(const auto bytes, read_file(path, kMaxPackageBytes));
  return bill_of_package(bytes).in(path);
}

Result<Field> open_field(const std::string& path, Command& command) {
  if (is_package_file(path)) {
    return {Errc::usage,
            path + ": is a package, not a field; `voxpack unpack` makes a field of it"};
  }
  VOXPACK_ASSIGN(Model model, open_model(path, command));
  return std::move(model.field);
}

Result<DataSet> open_views(const std::string& path, Photos photos, Command& command) {
  VOXPACK_TRY(missing(path));
  const Report::Stage stage(command.report, "read views");
  command.report.add_input(path);
  DataSetOptions options;
  options.load_images = photos.train || photos.test;
  options.load_train_images = photos.train;
  options.load_test_images = photos.test;
  options.threads = omp_get_max_threads();
  return read_dataset(path, options, command.console);
}

bool is_data_set(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) ||
         std::filesystem::path(path).extension() == ".json";
}

void add_views_options(CLI::App* cmd, ViewsArgs& args, bool required) {
  cmd->add_option("--views", args.views, "Data set: a folder or its transforms.json")
      ->type_name("SRC")
      ->required(required);
  cmd->add_option("--split", args.split, "Which of its views: test or train")
      ->check(CLI::IsMember({"test", "train"}))
      ->type_name("NAME")
      ->capture_default_str();
}

Result<std::vector<View>> open_split(const ViewsArgs& args, bool photos, Command& command) {
  const bool test = args.split == "test";
  VOXPACK_ASSIGN(DataSet set, open_views(args.views, {photos && !test, photos && test}, command));
  std::vector<View>& views = test ? set.test : set.train;
  if (views.empty()) {
    return {Errc::bad_data,
            args.views + ": has no " + args.split + " views; choose another --split"};
  }
  return std::move(views);
}

}  // namespace voxpack
