// compare: two packages or fields by size, points and pictures; or two pictures.

#include <cstring>
#include <fstream>

#include "draw.h"
#include "io/image_io.h"
#include "orbit.h"
#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

struct CompareArgs {
  std::string a;
  std::string b;
  ViewsArgs views;
  OrbitOptions orbit{.width = 400, .height = 400};
  double min_psnr_db = 0;  // 0: no limit
  uint64_t max_size = 0;   // 0: no limit
};

Status limits(const CompareArgs& args, double psnr_db, uint64_t size_bytes) {
  if (psnr_db < args.min_psnr_db) {
    return {Errc::difference, format("PSNR of B against A is %.2f dB, below the limit of %.2f dB",
                                     psnr_db, args.min_psnr_db)};
  }
  if (args.max_size != 0 && size_bytes > args.max_size) {
    return {Errc::difference, "B has " + count_text(size_bytes) + " bytes, above the limit of " +
                                  count_text(args.max_size)};
  }
  return {};
}

std::string size_rows(uint64_t a, uint64_t b, const char* name) {
  return format("%-16s %14s %14s %9.3f\n", name, count_text(a).c_str(), count_text(b).c_str(),
                a == 0 ? 0.0 : static_cast<double>(b) / static_cast<double>(a));
}

Status compare_pictures(const CompareArgs& args, Command& command) {
  command.report.add_input(args.a);
  command.report.add_input(args.b);
  VOXPACK_ASSIGN(const Image a, read_image(args.a));
  VOXPACK_ASSIGN(const Image b, read_image(args.b));
  const Result<ViewMetrics> metrics = measure_view(a, b);
  if (!metrics.ok()) return {Errc::bad_data, metrics.error().message()};
  const MeasuredView view{args.b, metrics.value()};
  command.report.set_metrics(summarize(std::span(&view, 1)));
  command.print(metrics_table(std::span(&view, 1), 0));
  return limits(args, view.metrics.psnr_db, 0);
}

// The cameras of the data set or of an orbit around A, each with A's picture as its photo.
Result<std::vector<View>> draw_reference(const CompareArgs& args, const Field& field,
                                         Kernels& kernels, Command& command) {
  std::vector<View> views;
  if (args.views.views.empty()) {
    views = orbit_views(field, args.orbit);
  } else {
    VOXPACK_ASSIGN(views, open_split(args.views, false, command));
  }
  VOXPACK_ASSIGN(const auto renderer, kernels.make_renderer(field));
  VOXPACK_TRY(draw_photos(*renderer, views, command));
  return views;
}

Status compare_models(const CompareArgs& args, Command& command) {
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  VOXPACK_ASSIGN(const Model a, open_model(args.a, command));
  VOXPACK_ASSIGN(const Model b, open_model(args.b, command));
  const Report::Stage stage(command.report, "compare");
  VOXPACK_ASSIGN(const std::vector<View> views, draw_reference(args, a.field, *kernels, command));
  VOXPACK_ASSIGN(const auto renderer, kernels->make_renderer(b.field));
  VOXPACK_ASSIGN(const auto measured, measure_views(*renderer, views, {}, command));
  const MetricsSummary summary = summarize(measured);
  command.report.set("reference_point_count", static_cast<uint64_t>(a.field.point_count()));
  command.report.set("reference_size_bytes", a.size_bytes);
  command.report.set("point_count", static_cast<uint64_t>(b.field.point_count()));
  command.report.set("size_bytes", b.size_bytes);
  command.report.set_metrics(summary);
  command.print(format("%-16s %14s %14s %9s\n", "", "A", "B", "B / A"));
  command.print(size_rows(a.size_bytes, b.size_bytes, "bytes"));
  command.print(size_rows(a.field.point_count(), b.field.point_count(), "points"));
  command.print("\nB against A\n" + metrics_table(measured, 5));
  return limits(args, summary.psnr_mean_db, b.size_bytes);
}

// By the first bytes; false also if the file cannot be read.
bool is_picture_file(const std::string& path) {
  unsigned char magic[4] = {};
  std::ifstream in(path, std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(magic), sizeof magic)) return false;
  return std::memcmp(magic, "\x89PNG", 4) == 0 || std::memcmp(magic, "RIFF", 4) == 0 ||
         (magic[0] == 0xff && magic[1] == 0xd8);
}

Status compare(const CompareArgs& args, Command& command) {
  if (is_picture_file(args.a)) return compare_pictures(args, command);
  return compare_models(args, command);
}

}  // namespace

void add_compare(CLI::App& app, Command& command) {
  auto args = std::make_shared<CompareArgs>();
  CLI::App* cmd = app.add_subcommand("compare", "Compare two packages, fields or pictures");
  cmd->add_option("a", args->a, "The reference: package, field or picture")
      ->type_name("A")
      ->required();
  cmd->add_option("b", args->b, "What is compared with it")->type_name("B")->required();
  add_views_options(cmd, args->views, false);
  cmd->add_option("--orbit", args->orbit.count, "Without --views: cameras around the object")
      ->check(within(1, 10'000))
      ->type_name("INT")
      ->capture_default_str()
      ->excludes("--views");
  cmd->add_option("--min-psnr", args->min_psnr_db, "Exit 1 if the mean PSNR in dB is below")
      ->check(within(0.0, 100.0))
      ->type_name("FLOAT");
  add_size_option(cmd, "--max-size", args->max_size, "Exit 1 if B is a larger file");
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return compare(*args, command); }; });
}

}  // namespace voxpack
