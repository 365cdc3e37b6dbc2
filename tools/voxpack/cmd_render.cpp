// render: pictures of a package or field.

#include "core/interrupt.h"
#include "draw.h"
#include "io/atomic_file.h"
#include "io/image_io.h"
#include "orbit.h"
#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

struct RenderArgs {
  std::string model;
  std::string output;
  std::string size = "800x800";
  std::string background = "white";
  std::string format = "png";
  int turntable = 0;    // frames; 0: none
  bool poster = false;  // the first view of the viewer, too
  ViewsArgs views;
  OrbitOptions orbit;
};

// "800x600" into the orbit's size.
Status read_size(const std::string& text, OrbitOptions& orbit) {
  int used = 0;
  const bool read = text.size() < 16 &&
                    std::sscanf(text.c_str(), "%dx%d%n", &orbit.width, &orbit.height, &used) == 2;
  if (read && static_cast<size_t>(used) == text.size() && orbit.width >= 1 && orbit.height >= 1 &&
      orbit.width <= kMaxImageSide && orbit.height <= kMaxImageSide) {
    return {};
  }
  return {Errc::usage, "--size " + text + ": write WIDTHxHEIGHT in pixels, 1 to " +
                           std::to_string(kMaxImageSide) + " each"};
}

Status write_picture(const std::string& path, const Image& image, bool as_webp) {
  if (!as_webp) return write_png(path, image);
  VOXPACK_ASSIGN(const std::vector<uint8_t> bytes, encode_webp(image));
  return write_file(path, bytes);
}

// What is drawn without --views: the orbit, or the frames of the turntable; and the poster.
std::vector<View> views_around(const RenderArgs& args, OrbitOptions orbit, const Field& field) {
  std::vector<View> views;
  if (args.turntable > 0) orbit.count = args.turntable;
  if (args.turntable > 0 || orbit.count > 0) views = orbit_views(field, orbit);
  if (args.turntable > 0) {
    for (size_t i = 0; i < views.size(); ++i) views[i].name = format("frame_%04zu", i);
  }
  return views;
}

Status render(const RenderArgs& args, Command& command) {
  OrbitOptions orbit = args.orbit;
  VOXPACK_TRY(read_size(args.size, orbit));
  OutputFolder folder;
  VOXPACK_TRY(folder.open(args.output));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const Model model, open_model(args.model, command));
  std::vector<View> views;
  if (args.views.views.empty()) {
    views = views_around(args, orbit, model.field);
  } else {
    VOXPACK_ASSIGN(views, open_split(args.views, false, command));
  }
  if (args.poster) {  // where the viewer begins
    orbit.count = 1;
    views.push_back(orbit_views(model.field, orbit).front());
    views.back().name = "poster";
  }
  const Report::Stage stage(command.report, "render");
  VOXPACK_ASSIGN(const auto renderer, kernels->make_renderer(model.field));
  const Background background =
      args.background == "white" ? Background::white : Background::transparent;
  PictureF picture;
  for (size_t i = 0; i < views.size(); ++i) {
    VOXPACK_TRY(check_interrupt());
    command.console.progress({.stage = "render",
                              .fraction = double(i) / double(views.size()),
                              .detail = "view " + views[i].name});
    VOXPACK_TRY(renderer->render(views[i].camera, picture).in(views[i].name));
    VOXPACK_TRY(write_picture(folder.add(views[i].name + "." + args.format),
                              to_image(picture, background), args.format == "webp"));
  }
  command.report.set("point_count", static_cast<uint64_t>(model.field.point_count()));
  command.report.set("size_bytes", model.size_bytes);
  command.report.set("view_count", static_cast<uint64_t>(views.size()));
  command.console.info("drew " + std::to_string(views.size()) + " pictures in " + args.output);
  folder.keep();
  return {};
}

}  // namespace

void add_render(CLI::App& app, Command& command) {
  auto args = std::make_shared<RenderArgs>();
  CLI::App* cmd = app.add_subcommand("render", "Draw pictures of a package or field");
  cmd->add_option("model", args->model, "Package or field")->type_name("MODEL")->required();
  cmd->add_option("-o,--output", args->output, "Folder for the pictures; made if missing")
      ->type_name("DIR")
      ->required();
  add_views_options(cmd, args->views, false);
  CLI::Option* orbit = cmd->add_option("--orbit", args->orbit.count,
                                       "Without --views: cameras around the object; 0: none")
                           ->check(within(0, 10'000))
                           ->type_name("INT")
                           ->capture_default_str();
  CLI::Option* turntable = cmd->add_option("--turntable", args->turntable,
                                           "Instead: frames of one turn, frame_0000 and on")
                               ->check(within(1, 10'000))
                               ->type_name("INT");
  cmd->add_flag("--poster", args->poster, "Also poster.*: the picture that the viewer begins with");
  cmd->add_option("--format", args->format, "png, or webp (lossy, quality 90)")
      ->check(CLI::IsMember({"png", "webp"}))
      ->type_name("NAME")
      ->capture_default_str();
  cmd->add_option("--size", args->size, "Size of orbit pictures in pixels")
      ->type_name("WxH")
      ->capture_default_str();
  cmd->add_option("--elevation", args->orbit.elevation_deg, "Of the orbit, degrees, -89 to 89")
      ->check(within(-89.0, 89.0))
      ->type_name("FLOAT")
      ->capture_default_str();
  cmd->add_option("--background", args->background, "white or transparent")
      ->check(CLI::IsMember({"white", "transparent"}))
      ->type_name("NAME")
      ->capture_default_str();
  orbit->excludes("--views");
  turntable->excludes("--views")->excludes(orbit);
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return render(*args, command); }; });
}

}  // namespace voxpack
