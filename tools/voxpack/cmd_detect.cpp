// detect-high-frequency: a field to its detail map.

#include "detail_histogram.h"
#include "heat_map.h"
#include "io/atomic_file.h"
#include "io/detail_io.h"
#include "io/field_io.h"
#include "process.h"
#include "protect_options.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct DetectArgs {
  std::string field;
  std::string views;
  std::string output;
  std::string heat_map;
  std::string masks;
  DetectOptions options;
};

Status detect(DetectArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  OutputFolder folder;
  if (!args.heat_map.empty()) VOXPACK_TRY(folder.open(args.heat_map));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const Field field, open_field(args.field, command));
  DataSet views;
  if (!args.views.empty()) {
    VOXPACK_ASSIGN(views, open_views(args.views, {}, command));
  }
  const DataSet* seen = args.views.empty() ? nullptr : &views;
  VOXPACK_TRY(open_masks(args.masks, seen, args.options.protect, command));
  VOXPACK_ASSIGN(const DetailMap detail, detect_step(field, seen, args.options, *kernels, command));
  record_detail(detail, command);
  command.report.set("point_count", static_cast<uint64_t>(field.point_count()));
  if (!args.heat_map.empty()) {
    VOXPACK_TRY(draw_heat_maps(field, detail, views.train, *kernels, folder));
    const std::string histogram = detail_histogram_svg(detail);
    const auto* bytes = reinterpret_cast<const uint8_t*>(histogram.data());
    VOXPACK_TRY(write_file(folder.add("histogram.svg"), {bytes, histogram.size()}));
  }
  VOXPACK_TRY(write_detail(args.output, detail.visibility_sum, detail.visibility_max, detail.detail,
                           field_id(field)));
  folder.keep();
  return {};
}

}  // namespace

void add_detect(CLI::App& app, Command& command) {
  auto args = std::make_shared<DetectArgs>();
  CLI::App* cmd =
      app.add_subcommand("detect-high-frequency", "Find where a field carries detail that is seen");
  cmd->add_option("field", args->field, "Field (.safetensors)")->type_name("FIELD")->required();
  cmd->add_option("--views", args->views, "Data set whose train cameras look (default: a sphere)")
      ->type_name("SRC");
  cmd->add_option("-o,--output", args->output, "Detail map to write (.safetensors)")
      ->type_name("FILE")
      ->required();
  cmd->add_option("--heat-map", args->heat_map,
                  "Folder for pictures of the detail (up to 8) and its histogram")
      ->type_name("DIR");
  add_detect_options(cmd, args->options);
  add_protect_options(cmd, args->options.protect, args->masks);
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return detect(*args, command); }; });
}

}  // namespace voxpack
