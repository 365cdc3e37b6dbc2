// compress: any source to a package, through the same steps and options as the five verbs one by
// one.

#include "io/atomic_file.h"
#include "io/field_io.h"
#include "process.h"
#include "protect_options.h"
#include "size_text.h"
#include "sources.h"
#include "steps.h"

namespace voxpack {
namespace {

struct CompressArgs {
  std::string source;
  std::string views;
  std::string output;
  std::string save_field;
  std::string masks;
  std::string preset = "phone";
  StepOptions options;
};

// Sets what the preset says and the command line does not. `phone` is the defaults of the verbs.
void apply_preset(const CLI::App& cmd, CompressArgs& args) {
  const auto set = [&cmd](const char* option, auto& value, auto preset_value) {
    if (cmd.count(option) == 0) value = preset_value;
  };
  StepOptions& options = args.options;
  if (args.preset == "draft") {
    set("--resolution", options.bake.resolution, 128);
    set("--iterations", options.bake.iterations, 1000);
    set("--target-points", options.reduce.prune.target_points, 300'000);
    set("--target-size", options.quantize.target_size_bytes, 1'000'000);
    set("--refine-iterations", options.reduce.refine_iterations, 0);
  } else if (args.preset == "tiny") {
    set("--target-points", options.reduce.prune.target_points, uint64_t{1'000'000});
    set("--target-size", options.quantize.target_size_bytes, 1'000'000);
  }
}

// The field and the photos that the stages after it look at; `views` stays empty without --views.
struct Source {
  Field field;
  DataSet views;
  bool has_views = false;
};

Result<Source> open_source(const CompressArgs& args, Kernels& kernels, Command& command) {
  Source source;
  const bool from_photos = is_data_set(args.source);
  if (from_photos && !args.views.empty()) {
    return {Errc::usage,
            "--views goes with a field; the photos of " + args.source + " are used for all stages"};
  }
  if (!from_photos) {
    VOXPACK_ASSIGN(source.field, open_field(args.source, command));
  }
  source.has_views = from_photos || !args.views.empty();
  if (source.has_views) {
    VOXPACK_ASSIGN(source.views,
                   open_views(from_photos ? args.source : args.views, {.train = true}, command));
  }
  if (from_photos) {
    VOXPACK_ASSIGN(source.field, bake_step(source.views, args.options.bake, kernels, command));
  }
  return source;
}

Status compress(CompressArgs& args, Command& command) {
  VOXPACK_TRY(check_output_file(args.output));
  if (!args.save_field.empty()) VOXPACK_TRY(check_output_file(args.save_field));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(Source source, open_source(args, *kernels, command));
  OutputFiles saved;
  if (!args.save_field.empty()) {
    VOXPACK_TRY(write_field(args.save_field, source.field));
    saved.add(args.save_field);
  }
  StepOptions& options = args.options;
  const DataSet* views = source.has_views ? &source.views : nullptr;
  VOXPACK_TRY(open_masks(args.masks, views, options.reduce.detect.protect, command));
  Field pruned;
  {
    VOXPACK_ASSIGN(DetailMap detail,
                   detect_step(source.field, views, options.reduce.detect, *kernels, command));
    VOXPACK_ASSIGN(pruned, prune_step(std::move(source.field), std::move(detail), views,
                                      options.reduce, *kernels, command));
  }
  source.field = {};
  VOXPACK_ASSIGN(
      const CodedField codes,
      quantize_step(std::move(pruned), {views, options.fit, options.quantize}, *kernels, command));
  VOXPACK_ASSIGN(const auto bytes, pack_step(codes, command));
  VOXPACK_TRY(write_file(args.output, bytes));
  saved.keep();
  return {};
}

}  // namespace

void add_compress(CLI::App& app, Command& command) {
  auto args = std::make_shared<CompressArgs>();
  CLI::App* cmd = app.add_subcommand("compress", "Photos or a field to a package, all stages");
  cmd->add_option("source", args->source, "Data set (folder or transforms.json) or field file")
      ->type_name("SRC")
      ->required();
  cmd->add_option("-o,--output", args->output, "Package to write (.vxp)")
      ->type_name("FILE")
      ->required();
  cmd->add_option("--preset", args->preset,
                  "Defaults of the options: phone, tiny (1 MB) or draft (fast, coarse)")
      ->check(CLI::IsMember({"phone", "tiny", "draft"}))
      ->type_name("NAME")
      ->capture_default_str();
  cmd->add_option("--views", args->views, "With a field: data set to look from and to refine on")
      ->type_name("SRC");
  cmd->add_option("--save-field", args->save_field, "Also write the baked field (.safetensors)")
      ->type_name("FILE");
  add_bake_options(cmd, args->options.bake);
  add_fit_options(cmd, args->options.bake.fit);
  add_detect_options(cmd, args->options.reduce.detect);
  add_protect_options(cmd, args->options.reduce.detect.protect, args->masks);
  add_prune_options(cmd, args->options.reduce);
  add_quantize_options(cmd, args->options.quantize, args->options.fit);
  cmd->callback([args, cmd, &command] {
    apply_preset(*cmd, *args);
    args->options.reduce.fit = args->options.bake.fit;
    command.run = [args, &command] { return compress(*args, command); };
  });
}

}  // namespace voxpack
