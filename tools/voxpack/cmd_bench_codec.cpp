// bench codec: bits, PSNR and CPU seconds of the codec on a field, package or point cloud.

#include <cstring>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "bench.h"
#include "io/npz_read.h"
#include "sources.h"
#include "stages/codec_bench.h"

namespace voxpack {
namespace {

using Json = nlohmann::ordered_json;

struct BenchCodecArgs {
  std::string input;
  CodecBenchOptions options;
  std::vector<double> targets;  // Y, density, features
};

template <class T>
Result<std::vector<T>> plane(const std::map<std::string, NpyArray>& arrays, const std::string& name,
                             const char* type) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) return {Errc::bad_data, "there is no array '" + name + "'"};
  if (found->second.type != type) {
    return {Errc::bad_data,
            "array '" + name + "' is of type " + found->second.type + ", not " + type};
  }
  std::vector<T> values(found->second.bytes.size() / sizeof(T));
  if (!values.empty())
    std::memcpy(values.data(), found->second.bytes.data(), values.size() * sizeof(T));
  return values;
}

Result<CodecCloud> cloud_of_arrays(const std::map<std::string, NpyArray>& arrays) {
  VOXPACK_ASSIGN(const auto positions, plane<uint16_t>(arrays, "xyz", "<u2"));
  VOXPACK_ASSIGN(const auto rgb, plane<uint8_t>(arrays, "rgb", "|u1"));
  VOXPACK_ASSIGN(const auto density, plane<uint8_t>(arrays, "density", "|u1"));
  VOXPACK_ASSIGN(const auto features, plane<uint8_t>(arrays, "features", "|u1"));
  return cloud_of_planes({positions, rgb, density, features});
}

Result<CodecCloud> open_cloud(const std::string& path, Command& command) {
  if (path.ends_with(".npz")) {
    VOXPACK_ASSIGN(const auto arrays, read_npz(path, {"xyz", "rgb", "density", "features"}));
    return cloud_of_arrays(arrays).in(path);
  }
  VOXPACK_ASSIGN(const Model model, open_model(path, command));
  return cloud_of_field(model.field).in(path);
}

Json json_of(const CodecPoint& point) {
  return {{"rgb_bits_per_point", point.rgb_bits_per_point},
          {"y_psnr_db", point.y_psnr_db},
          {"rgb_psnr_db", point.rgb_psnr_db},
          {"density_bits_per_point", point.density_bits_per_point},
          {"density_psnr_db", point.density_psnr_db},
          {"feature_bits_per_point", point.feature_bits_per_point},
          {"feature_psnr_db", point.feature_psnr_db},
          {"total_bits_per_point", point.total_bits_per_point},
          {"encode_seconds", point.encode_seconds},
          {"decode_seconds", point.decode_seconds},
          {"steps", point.steps}};
}

Status bench_codec(BenchCodecArgs args, Command& command) {
  VOXPACK_ASSIGN(const CodecCloud cloud, open_cloud(args.input, command));
  if (!args.targets.empty()) {
    CodecTargets targets;
    targets.y_psnr_db = args.targets[0];
    if (args.targets.size() > 1) targets.density_psnr_db = args.targets[1];
    for (size_t i = 2; i < args.targets.size(); ++i) {
      targets.feature_psnr_db.push_back(args.targets[i]);
    }
    args.options.targets.push_back(std::move(targets));
  }
  VOXPACK_ASSIGN(const CodecBench bench, run_codec_bench(cloud, args.options, command.console));
  Json out = {{"input", args.input},
              {"point_count", cloud.point_count()},
              {"channels", cloud.channels},
              {"geometry_bits_per_point", bench.geometry_bits_per_point},
              {"geometry_encode_seconds", bench.geometry_encode_seconds},
              {"geometry_decode_seconds", bench.geometry_decode_seconds},
              {"operating_points", Json::array()}};
  for (const CodecPoint& point : bench.points) out["operating_points"].push_back(json_of(point));
  command.report.json()["bench"] = out;
  command.print(out.dump(2) + "\n");
  return {};
}

}  // namespace

void add_bench_codec(CLI::App& bench, Command& command) {
  auto args = std::make_shared<BenchCodecArgs>();
  CLI::App* cmd = bench.add_subcommand("codec", "Bits, PSNR and CPU seconds of the codec");
  cmd->add_option("input", args->input,
                  "Field, package, or .npz with xyz, rgb, density and features")
      ->type_name("FILE")
      ->required();
  cmd->add_option("--scale", args->options.scales,
                  "Steps of operating points, in 1/255 of a channel's range")
      ->delimiter(',')
      ->type_name("NUM");
  cmd->add_option("--target-psnr", args->targets,
                  "Search the steps for these PSNR: luma, density, features")
      ->delimiter(',')
      ->type_name("DB");
  cmd->add_option("--lambda", args->options.lambda, "Squared steps that one bit is worth, 0 to 10")
      ->type_name("NUM")
      ->capture_default_str();
  cmd->add_option("--chroma-scale", args->options.chroma_scale,
                  "Steps of Co and Cg against that of Y, 0.1 to 10")
      ->type_name("NUM")
      ->capture_default_str();
  cmd->add_option("--repeat", args->options.repeats, "Timed runs, 1 to 100; the least counts")
      ->type_name("INT")
      ->capture_default_str();
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return bench_codec(*args, command); }; });
}

}  // namespace voxpack
