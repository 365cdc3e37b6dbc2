// evaluate: how near a package or field comes to the photos of a data set.

#include "draw.h"
#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

struct EvaluateArgs {
  std::string model;
  std::string save_views;
  ViewsArgs views;
  int worst = 5;
};

Status evaluate(const EvaluateArgs& args, Command& command) {
  OutputFolder folder;
  if (!args.save_views.empty()) VOXPACK_TRY(folder.open(args.save_views));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const Model model, open_model(args.model, command));
  VOXPACK_ASSIGN(const std::vector<View> views, open_split(args.views, true, command));
  const Report::Stage stage(command.report, "evaluate");
  VOXPACK_ASSIGN(const auto renderer, kernels->make_renderer(model.field));
  VOXPACK_ASSIGN(
      const auto measured,
      measure_views(*renderer, views, {args.save_views.empty() ? nullptr : &folder}, command));
  command.report.set("point_count", static_cast<uint64_t>(model.field.point_count()));
  command.report.set("size_bytes", model.size_bytes);
  command.report.set_metrics(summarize(measured));
  command.print(format("%-16s %s\n%-16s %s\n\n", "points",
                       count_text(model.field.point_count()).c_str(), "bytes",
                       count_text(model.size_bytes).c_str()));
  command.print(metrics_table(measured, static_cast<size_t>(args.worst)));
  folder.keep();
  return {};
}

}  // namespace

void add_evaluate(CLI::App& app, Command& command) {
  auto args = std::make_shared<EvaluateArgs>();
  CLI::App* cmd = app.add_subcommand("evaluate", "Measure a package or field against photos");
  cmd->add_option("model", args->model, "Package or field")->type_name("MODEL")->required();
  add_views_options(cmd, args->views, true);
  cmd->add_option("--save-views", args->save_views, "Folder for the drawn views; made if missing")
      ->type_name("DIR");
  cmd->add_option("--worst", args->worst, "How many of the worst views to list, 0 to 10000")
      ->check(within(0, 10'000))
      ->type_name("INT")
      ->capture_default_str();
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return evaluate(*args, command); }; });
}

}  // namespace voxpack
