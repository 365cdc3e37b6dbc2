// demo: the built-in product, as a folder of posed photos or as a field file.

#include <omp.h>

#include "command.h"
#include "io/dataset_write.h"
#include "io/field_io.h"
#include "process.h"
#include "stages/demo.h"

namespace voxpack {
namespace {

struct DemoArgs {
  std::string output;
  bool field = false;
  int resolution = 512;
  DemoPhotoOptions photos;
};

Status write_demo_field(const DemoArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  Result<Field> field = [&] {
    const Report::Stage stage(command.report, "demo");
    return make_demo_field(args.resolution, command.console);
  }();
  if (!field.ok()) return std::move(field).error();
  const Report::Stage stage(command.report, "write");
  VOXPACK_TRY(write_field(args.output, field.value()));
  command.report.set("point_count", static_cast<uint64_t>(field.value().point_count()));
  command.console.info("wrote " + std::to_string(field.value().point_count()) + " points to " +
                       args.output);
  return {};
}

Status write_demo_photos(const DemoArgs& args, Command& command) {
  // Before the long work: the folder can be made and written to.
  {
    OutputFolder folder;
    VOXPACK_TRY(folder.open(args.output));
  }
  Result<DataSet> data = [&] {
    const Report::Stage stage(command.report, "demo");
    return make_demo_dataset(args.photos, command.console);
  }();
  if (!data.ok()) return std::move(data).error();
  const Report::Stage stage(command.report, "write");
  VOXPACK_TRY(write_dataset(args.output, data.value(), omp_get_max_threads()));
  const size_t views = data.value().train.size() + data.value().test.size();
  command.report.set("view_count", static_cast<uint64_t>(views));
  command.console.info("wrote " + std::to_string(views) + " photos to " + args.output);
  return {};
}

}  // namespace

void add_demo(CLI::App& app, Command& command) {
  auto args = std::make_shared<DemoArgs>();
  CLI::App* cmd = app.add_subcommand("demo", "Write a built-in product: photos, or a field");
  cmd->add_option("-o,--output", args->output,
                  "Folder for the photos; with --field the file (.safetensors)")
      ->type_name("PATH")
      ->required();
  CLI::Option* field = cmd->add_flag("--field", args->field, "Write a field instead of photos");
  cmd->add_option("--resolution", args->resolution, "With --field: cells per axis")
      ->check(CLI::Range(kMinDemoResolution, kMaxDemoResolution))
      ->type_name("INT")
      ->capture_default_str()
      ->needs(field);
  const auto photo_option = [&](const char* name, int& value, int lo, int hi, const char* text) {
    cmd->add_option(name, value, text)
        ->check(CLI::Range(lo, hi))
        ->type_name("INT")
        ->capture_default_str()
        ->excludes(field);
  };
  photo_option("--size", args->photos.size, 16, 4096, "Width and height of a photo, pixels");
  photo_option("--train-views", args->photos.train_views, 1, 2000, "Photos to bake from");
  photo_option("--test-views", args->photos.test_views, 0, 2000, "Photos to measure with");
  cmd->add_option("--seed", args->photos.seed, "Moves the cameras")
      ->type_name("INT")
      ->capture_default_str()
      ->excludes(field);
  cmd->callback([args, &command] {
    command.run = [args, &command] {
      return args->field ? write_demo_field(*args, command) : write_demo_photos(*args, command);
    };
  });
}

}  // namespace voxpack
