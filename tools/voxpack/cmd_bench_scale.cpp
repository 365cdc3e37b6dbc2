// bench scale: seconds and memory of detect and prune on demo fields of growing size.

#include <malloc.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench.h"
#include "core/interrupt.h"
#include "io/atomic_file.h"
#include "io/detail_io.h"
#include "io/field_io.h"
#include "process.h"
#include "size_text.h"
#include "stages/demo.h"
#include "stages/prune.h"

namespace voxpack {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// Points of the demo field per cell of one face of its cube; nearly the same at every resolution.
constexpr double kPointsPerCell = 15.57;

struct BenchScaleArgs {
  std::string points = "6M,20M,60M,120M";
  std::string folder;
  std::string json;
  uint64_t target_points = PruneOptions{}.target_points;
};

// One size: what was measured, stage by stage.
class Measurement {
 public:
  Measurement(int resolution, std::string_view device) {
    json_ = {{"resolution", resolution}, {"device", device}, {"point_count", 0}};
    json_["stages"] = Json::array();
  }

  // Runs `work`, which gives a Status or a Result, and keeps its time and peak memory.
  template <class Work>
  auto run(const char* stage, Work&& work) {
    malloc_trim(0);  // what earlier stages have freed is not this one's
    reset_peak_memory();
    const auto start = Clock::now();
    const std::clock_t cpu_start = std::clock();
    auto result = work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    const uint64_t peak = peak_memory_bytes();
    json_["stages"].push_back({{"name", stage},
                               {"seconds", seconds},
                               {"cpu_seconds", cpu_seconds},
                               {"peak_memory_bytes", peak}});
    seconds_ += seconds;
    cpu_seconds_ += cpu_seconds;
    peak_ = std::max(peak_, peak);
    return result;
  }

  Json finish(uint64_t points, uint64_t kept) {
    json_["point_count"] = points;
    json_["kept_point_count"] = kept;
    json_["seconds"] = seconds_;
    json_["cpu_seconds"] = cpu_seconds_;
    json_["nanoseconds_per_point"] = 1e9 * seconds_ / static_cast<double>(points);
    json_["peak_memory_bytes"] = peak_;
    json_["memory_bytes_per_point"] = static_cast<double>(peak_) / static_cast<double>(points);
    return std::move(json_);
  }

 private:
  Json json_;
  double seconds_ = 0, cpu_seconds_ = 0;
  uint64_t peak_ = 0;
};

// "6M" = 6 000 000; also k and G, fractions and plain numbers.
Result<uint64_t> parse_count(const std::string& text) {
  const Status bad = {Errc::usage,
                      "'" + text + "' is not a number of points; write 6M, 2.5M or 6000000"};
  size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    return bad;
  }
  const std::string unit = text.substr(used);
  if (unit == "k" || unit == "K") value *= 1e3;
  if (unit == "M") value *= 1e6;
  if (unit == "G") value *= 1e9;
  if (unit.size() > 1 || (unit.size() == 1 && unit.find_first_of("kKMG") == std::string::npos)) {
    return bad;
  }
  if (!(value >= 1 && value <= static_cast<double>(kMaxPoints))) return bad;
  return static_cast<uint64_t>(value);
}

// Resolutions of the demo fields with about the points of the list.
Result<std::vector<int>> resolutions_of(const std::string& list) {
  std::vector<int> resolutions;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    VOXPACK_ASSIGN(const uint64_t points, parse_count(list.substr(at, end - at)));
    const double cells = std::sqrt(static_cast<double>(points) / kPointsPerCell);
    const int resolution = 4 * static_cast<int>(std::lround(cells / 4));
    if (resolution < kMinDemoResolution || resolution > kMaxDemoResolution) {
      return {Errc::usage, "the demo field has no resolution with " + count_text(points) +
                               " points; choose 16k to 261M"};
    }
    resolutions.push_back(resolution);
    at = end + 1;
  }
  return resolutions;
}

Result<Json> measure(int resolution, const BenchScaleArgs& args, Kernels& kernels,
                     Command& command) {
  const std::filesystem::path folder(args.folder);
  const std::string field_path = folder / "voxpack-bench-field.safetensors";
  const std::string detail_path = folder / "voxpack-bench-detail.safetensors";
  const std::string pruned_path = folder / "voxpack-bench-pruned.safetensors";
  OutputFiles files;
  for (const std::string& path : {field_path, detail_path, pruned_path}) {
    VOXPACK_TRY(check_output_file(path));
    files.add(path);
  }
  {
    VOXPACK_ASSIGN(const Field field, make_demo_field(resolution, command.console));
    VOXPACK_TRY(write_field(field_path, field));
  }
  Measurement measured(resolution, kernels.name());
  uint64_t points = 0;
  {
    VOXPACK_ASSIGN(const Field field, measured.run("read field", [&] {
      return read_field(field_path, command.console);
    }));
    points = field.point_count();
    VOXPACK_ASSIGN(const DetailMap detail, measured.run("detect-high-frequency", [&] {
      return run_detect(field, {}, {}, kernels, command.console);
    }));
    VOXPACK_TRY(measured.run("write detail", [&] {
      return write_detail(detail_path, detail.visibility_sum, detail.visibility_max, detail.detail,
                          field_id(field));
    }));
  }
  VOXPACK_ASSIGN(const Field field, measured.run("read field", [&] {
    return read_field(field_path, command.console);
  }));
  VOXPACK_ASSIGN(DetailFile detail, measured.run("read detail", [&] {
    return read_detail(detail_path, command.console);
  }));
  const DetailMap map{std::move(detail.visibility_sum), std::move(detail.visibility_max),
                      std::move(detail.detail)};
  PruneOptions options;
  options.target_points = args.target_points;
  VOXPACK_ASSIGN(const Field pruned, measured.run("prune", [&] {
    return run_prune(field, map, options, kernels, command.console);
  }));
  VOXPACK_TRY(measured.run("write field", [&] { return write_field(pruned_path, pruned); }));
  return measured.finish(points, pruned.point_count());
}

std::string table(const std::vector<Json>& rows) {
  std::string out =
      format("%14s %11s %9s %9s %9s %9s %9s %11s %12s\n", "points", "resolution", "detect s",
             "prune s", "files s", "all s", "CPU s", "ns a point", "peak memory");
  for (const Json& row : rows) {
    double detect = 0, prune = 0, files = 0;
    for (const Json& stage : row["stages"]) {
      const std::string name = stage["name"];
      (name == "prune"                   ? prune
       : name == "detect-high-frequency" ? detect
                                         : files) += stage["seconds"].get<double>();
    }
    out += format("%14s %11d %9.2f %9.2f %9.2f %9.2f %9.2f %11.0f %12s\n",
                  count_text(row["point_count"]).c_str(), row["resolution"].get<int>(), detect,
                  prune, files, row["seconds"].get<double>(), row["cpu_seconds"].get<double>(),
                  row["nanoseconds_per_point"].get<double>(),
                  size_text(row["peak_memory_bytes"]).c_str());
  }
  return out;
}

Status bench_scale(BenchScaleArgs args, Command& command) {
  VOXPACK_ASSIGN(const std::vector<int> resolutions, resolutions_of(args.points));
  if (!args.json.empty()) VOXPACK_TRY(check_output_file(args.json));
  if (args.folder.empty()) args.folder = std::filesystem::temp_directory_path();
  VOXPACK_ASSIGN(const auto kernels, open_kernels(command));
  std::vector<Json> rows;
  for (const int resolution : resolutions) {
    VOXPACK_TRY(check_interrupt());
    VOXPACK_ASSIGN(Json row, measure(resolution, args, *kernels, command));
    rows.push_back(std::move(row));
  }
  command.report.json()["sizes"] = rows;
  command.print(table(rows));
  if (args.json.empty()) return {};
  const std::string text = Json(rows).dump(2) + "\n";
  return write_file(args.json, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

void add_bench_scale(CLI::App& bench, Command& command) {
  auto args = std::make_shared<BenchScaleArgs>();
  CLI::App* cmd = bench.add_subcommand(
      "scale", "Seconds and memory of detect-high-frequency and prune on demo fields");
  cmd->add_option("--points", args->points, "Sizes of the fields, about, with commas between them")
      ->type_name("LIST")
      ->capture_default_str();
  cmd->add_option("--target-points", args->target_points, "Points to prune to, at least 1")
      ->check(within(uint64_t{1}, kMaxPoints))
      ->type_name("UINT")
      ->capture_default_str();
  cmd->add_option("--folder", args->folder,
                  "Where the files lie meanwhile, 40 bytes a point (default: the system's)")
      ->type_name("DIR");
  cmd->add_option("--json", args->json, "Also write the figures to this file")->type_name("FILE");
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return bench_scale(*args, command); }; });
}

}  // namespace voxpack
