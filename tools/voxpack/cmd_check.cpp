// check: gates on a package, for scripts and CI.

#include <nlohmann/json.hpp>

#include "draw.h"
#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

struct CheckArgs {
  std::string package;
  ViewsArgs views;
  uint64_t max_size = 0;  // 0: no limit, here and below
  uint64_t max_points = 0;
  double min_psnr_mean_db = 0;
  double min_psnr_min_db = 0;
  double min_ssim_mean = 0;
  double min_edge_psnr_mean_db = 0;

  bool needs_views() const {
    return min_psnr_mean_db > 0 || min_psnr_min_db > 0 || min_ssim_mean > 0 ||
           min_edge_psnr_mean_db > 0;
  }
};

// Collects one line and one report entry per gate.
class Gates {
 public:
  explicit Gates(Command& command) : command_(command) {
    command_.report.json()["gates"] = nlohmann::ordered_json::array();
  }

  // A gate without a limit (0) is left out. `digits` after the point.
  void at_most(const char* key, double value, double limit, int digits) {
    if (limit > 0) add(key, value, limit, digits, value <= limit, "<=");
  }
  void at_least(const char* key, double value, double limit, int digits) {
    if (limit > 0) add(key, value, limit, digits, value >= limit, ">=");
  }

  Status result() const {
    if (missed_.empty()) return {};
    return {Errc::difference,
            format("%zu of %zu limits missed: ", missed_count_, count_) + missed_};
  }

 private:
  void add(const char* key, double value, double limit, int digits, bool passed,
           const char* relation) {
    ++count_;
    const std::string text =
        format("%s %.*f, must be %s %.*f", key, digits, value, relation, digits, limit);
    command_.print(format("%-5s ", passed ? "ok" : "FAIL") + text + "\n");
    command_.report.json()["gates"].push_back(
        {{"key", key}, {"value", value}, {"limit", limit}, {"passed", passed}});
    if (passed) return;
    ++missed_count_;
    missed_ += (missed_.empty() ? "" : "; ") + text;
  }

  Command& command_;
  std::string missed_;
  size_t missed_count_ = 0;
  size_t count_ = 0;
};

Result<MetricsSummary> measure(const CheckArgs& args, const Field& field, Command& command) {
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const std::vector<View> views, open_split(args.views, true, command));
  const Report::Stage stage(command.report, "evaluate");
  VOXPACK_ASSIGN(const auto renderer, kernels->make_renderer(field));
  VOXPACK_ASSIGN(const auto measured, measure_views(*renderer, views, {}, command));
  return summarize(measured);
}

Status check(const CheckArgs& args, Command& command) {
  if (args.needs_views() && args.views.views.empty()) {
    return {Errc::usage, "limits on picture quality need photos: add --views SRC"};
  }
  VOXPACK_ASSIGN(const Model model, open_model(args.package, command));
  if (!model.is_package) return {Errc::bad_data, args.package + ": not a package (no magic)"};
  const auto points = static_cast<uint64_t>(model.field.point_count());
  command.report.set("point_count", points);
  command.report.set("size_bytes", model.size_bytes);
  Gates gates(command);
  command.print("ok    package is whole: every checksum and value is right\n");
  gates.at_most("size_bytes", double(model.size_bytes), double(args.max_size), 0);
  gates.at_most("point_count", double(points), double(args.max_points), 0);
  if (args.needs_views()) {
    VOXPACK_ASSIGN(const MetricsSummary metrics, measure(args, model.field, command));
    command.report.set_metrics(metrics);
    gates.at_least("psnr_mean_db", metrics.psnr_mean_db, args.min_psnr_mean_db, 2);
    gates.at_least("psnr_min_db", metrics.psnr_min_db, args.min_psnr_min_db, 2);
    gates.at_least("ssim_mean", metrics.ssim_mean, args.min_ssim_mean, 4);
    gates.at_least("edge_psnr_mean_db", metrics.edge_psnr_mean_db, args.min_edge_psnr_mean_db, 2);
  }
  return gates.result();
}

}  // namespace

void add_check(CLI::App& app, Command& command) {
  auto args = std::make_shared<CheckArgs>();
  CLI::App* cmd =
      app.add_subcommand("check", "Test a package against limits; exit 1 if one is missed");
  cmd->add_option("package", args->package, "Package (.vxp)")->type_name("PACKAGE")->required();
  add_views_options(cmd, args->views, false);
  add_size_option(cmd, "--max-size", args->max_size, "Largest size of the file");
  cmd->add_option("--max-points", args->max_points, "Largest number of points")
      ->check(within(uint64_t{1}, kMaxPoints))
      ->type_name("UINT");
  const auto add_limit = [cmd](const char* name, double& value, const char* text, double top) {
    cmd->add_option(name, value, text)->check(within(0.0, top))->type_name("FLOAT");
  };
  add_limit("--min-psnr-mean", args->min_psnr_mean_db, "Lowest mean PSNR over the views, dB", 100);
  add_limit("--min-psnr-min", args->min_psnr_min_db, "Lowest PSNR of any view, dB", 100);
  add_limit("--min-ssim-mean", args->min_ssim_mean, "Lowest mean SSIM, 0 to 1", 1);
  add_limit("--min-edge-psnr-mean", args->min_edge_psnr_mean_db, "Lowest mean edge PSNR, dB", 100);
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return check(*args, command); }; });
}

}  // namespace voxpack
