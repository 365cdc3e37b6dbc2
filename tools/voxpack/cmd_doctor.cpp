// doctor: what this machine offers, and whether a data set can be baked.

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "process.h"
#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

std::string row(const char* name, const std::string& value) {
  return format("%-14s ", name) + value + "\n";
}

// "800 x 800", or the range if the views differ.
std::string sizes_of(const std::vector<View>& views) {
  const auto area = [](const View& a, const View& b) {
    return int64_t{a.camera.width} * a.camera.height < int64_t{b.camera.width} * b.camera.height;
  };
  const auto [small, large] = std::minmax_element(views.begin(), views.end(), area);
  std::string out = format("%d x %d", small->camera.width, small->camera.height);
  if (area(*small, *large)) {
    out += format(" to %d x %d", large->camera.width, large->camera.height);
  }
  return out;
}

// Share of the pixels with alpha above one half; -1 without alpha.
double covered_share(const Image& image) {
  if (image.channels != 4 || image.empty()) return -1;
  size_t covered = 0;
  for (size_t i = 3; i < image.pixels.size(); i += 4) covered += image.pixels[i] >= 128;
  return static_cast<double>(covered) / (static_cast<double>(image.pixels.size()) / 4);
}

Status look_at_data(const std::string& path, Command& command) {
  VOXPACK_ASSIGN(const DataSet set, open_views(path, {.train = true, .test = true}, command));
  command.report.set("view_count", static_cast<uint64_t>(set.train.size() + set.test.size()));
  command.print("\n" + row("data set", path));
  command.print(row("train views", std::to_string(set.train.size())));
  command.print(row("test views", std::to_string(set.test.size()) +
                                      (set.test_is_every_8th ? " (every 8th view)" : "")));
  if (set.train.empty()) return {Errc::bad_data, path + ": has no train views"};
  command.print(row("size", sizes_of(set.train) + " pixels"));
  size_t without_alpha = 0, empty = 0;
  double covered = 0;
  for (const View& view : set.train) {
    const double share = covered_share(view.image);
    without_alpha += share < 0;
    empty += share >= 0 && share < 1e-4;
    covered += std::max(share, 0.0);
  }
  if (without_alpha > 0) {
    command.print(
        row("alpha", format("missing in %zu of %zu views; cut the object out for a better "
                            "result",
                            without_alpha, set.train.size())));
  } else {
    command.print(row("alpha", format("object covers %.1f %% of the pixels",
                                      100 * covered / double(set.train.size()))));
  }
  if (empty > 0) command.console.warn(format("%zu train views show nothing", empty));
  if (set.train.size() < 20) {
    command.console.warn(
        format("only %zu train views; 50 or more from all sides work better", set.train.size()));
  }
  return {};
}

Status doctor(const std::string& source, Command& command) {
  command.print(row("voxpack", VOXPACK_VERSION));
  command.print(row("CPU threads", format("%d (of %u cores)", omp_get_max_threads(),
                                          std::thread::hardware_concurrency())));
  command.print(row("memory", size_text(machine_memory_bytes())));
  const auto cuda = make_kernels("cuda");
  command.print(row("CUDA", cuda.ok() ? "yes" : "no: " + cuda.error().message()));
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  command.print(row("device", std::string(kernels->name())));
  if (source.empty()) return {};
  return look_at_data(source, command);
}

}  // namespace

void add_doctor(CLI::App& app, Command& command) {
  auto source = std::make_shared<std::string>();
  CLI::App* cmd = app.add_subcommand("doctor", "Look at this machine, and at a data set");
  cmd->add_option("source", *source, "Data set to look at: a folder or its transforms.json")
      ->type_name("SRC");
  cmd->callback([source, &command] {
    command.run = [source, &command] { return doctor(*source, command); };
  });
}

}  // namespace voxpack
