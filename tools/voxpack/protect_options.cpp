#include "protect_options.h"

#include <cstdio>
#include <filesystem>
#include <vector>

#include "io/image_io.h"

namespace voxpack {
namespace {

ProtectBox parse_box(const std::string& text) {
  ProtectBox box;
  int end = -1;
  const int found =
      std::sscanf(text.c_str(), "%lf,%lf,%lf,%lf,%lf,%lf%n", &box.lower[0], &box.lower[1],
                  &box.lower[2], &box.upper[0], &box.upper[1], &box.upper[2], &end);
  if (found != 6 || static_cast<size_t>(end) != text.size()) {
    throw CLI::ValidationError("--protect-box",
                               text + " is not six numbers X0,Y0,Z0,X1,Y1,Z1 with commas");
  }
  return box;
}

}  // namespace

void add_protect_options(CLI::App* cmd, Protection& protect, std::string& masks) {
  cmd->add_option("--protect", masks,
                  "Folder of masks NAME.png of train views: what is white there stays sharp")
      ->type_name("DIR")
      ->group("Detect");
  cmd->add_option_function<std::vector<std::string>>(
         "--protect-box",
         [&protect](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) protect.boxes.push_back(parse_box(text));
         },
         "Box in the world that stays sharp: X0,Y0,Z0,X1,Y1,Z1; may be given more than once")
      ->type_name("BOX")
      ->group("Detect");
  cmd->add_option("--protect-weight", protect.weight,
                  "How many times what is protected counts, 1 to 10000")
      ->check(CLI::Range(1.0, 1e4))
      ->type_name("FLOAT")
      ->group("Detect")
      ->capture_default_str();
}

Status open_masks(const std::string& masks, const DataSet* views, Protection& protect,
                  Command& command) {
  if (masks.empty()) return {};
  if (views == nullptr)
    return {Errc::usage, "--protect needs the views of its masks; give --views"};
  command.report.add_input(masks);
  for (const View& view : views->train) {
    const std::string path = (std::filesystem::path(masks) / (view.name + ".png")).string();
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    VOXPACK_ASSIGN(const Image mask, read_image(path));
    VOXPACK_ASSIGN(const std::vector<Camera> parts, mask_cameras(view.camera, mask).in(path));
    protect.cameras.insert(protect.cameras.end(), parts.begin(), parts.end());
  }
  if (protect.cameras.empty()) {
    return {Errc::bad_data, masks +
                                ": no mask marks anything in a train view; masks are called as the "
                                "views, with .png"};
  }
  return {};
}

}  // namespace voxpack
