// info: what a package or field holds, and where a package's bytes go.

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "size_text.h"
#include "sources.h"

namespace voxpack {
namespace {

using Json = nlohmann::ordered_json;

struct InfoArgs {
  std::string model;
  bool json = false;
};

Json describe_appearance(const AppearanceModel& model) {
  Json out = {{"kind", std::string(to_string(model.kind))}, {"channels", model.channels()}};
  if (model.kind == AppearanceKind::mlp) {
    out["feature_count"] = model.feature_count;
    out["hidden_width"] = model.hidden_width;
  }
  return out;
}

// Points and blocks of each level that has any, coarse levels first.
Json describe_levels(const Field& field) {
  std::array<uint64_t, kMaxLevel - kMinLevel + 1> points{}, blocks{};
  for (const Block& block : field.blocks) {
    const auto at = static_cast<size_t>(block.level - kMinLevel);
    points[at] += static_cast<uint64_t>(point_count(block));
    ++blocks[at];
  }
  Json out = Json::array();
  for (int level = kMaxLevel; level >= kMinLevel; --level) {
    const auto at = static_cast<size_t>(level - kMinLevel);
    if (blocks[at] == 0) continue;
    out.push_back({{"level", level}, {"block_count", blocks[at]}, {"point_count", points[at]}});
  }
  return out;
}

Json describe(const Model& model) {
  const Field& field = model.field;
  Json out = {{"kind", model.is_package ? "package" : "field"},
              {"size_bytes", model.size_bytes},
              {"point_count", field.point_count()},
              {"block_count", field.blocks.size()},
              {"resolution", field.resolution},
              {"origin", field.cube.origin},
              {"edge", field.cube.edge},
              {"appearance", describe_appearance(field.appearance)},
              {"levels", describe_levels(field)}};
  return out;
}

// One row per section and channel, one column per level: bytes that go when that part goes.
std::string bill_text(const Json& bill) {
  std::vector<int> levels;
  std::vector<std::pair<std::string, std::string>> rows;
  std::map<std::tuple<std::string, std::string, int>, double> bytes;
  for (const Json& part : bill) {
    const auto row =
        std::pair(part["section"].get<std::string>(), part["channel"].get<std::string>());
    const int level = part["level"];
    if (std::find(levels.begin(), levels.end(), level) == levels.end()) levels.push_back(level);
    if (rows.empty() || rows.back() != row) rows.push_back(row);
    bytes[{row.first, row.second, level}] += part["size_bytes"].get<double>();
  }
  std::sort(levels.begin(), levels.end());
  std::string out = format("\n%-24s", "bytes of level");
  for (const int level : levels) out += format(" %10d", level);
  out += "\n";
  for (const auto& [section, channel] : rows) {
    out += format("%-24s", channel.empty() ? section.c_str() : channel.c_str());
    for (const int level : levels) out += format(" %10.0f", bytes[{section, channel, level}]);
    out += "\n";
  }
  return out;
}

std::string text_of(const Json& info) {
  const auto row = [](const char* name, const std::string& value) {
    return format("%-16s ", name) + value + "\n";
  };
  const auto number = [](const Json& value) { return count_text(value.get<uint64_t>()); };
  const uint64_t size = info["size_bytes"], points = info["point_count"];
  std::string out = row("kind", info["kind"]);
  out += row("bytes", count_text(size) + " (" + size_text(size) + ")");
  out += row("points",
             count_text(points) + format(" (%.2f bits each)",
                                         points == 0 ? 0.0 : 8.0 * double(size) / double(points)));
  out += row("resolution", info["resolution"].dump());
  const auto& origin = info["origin"];
  out += row("cube",
             format("corner %g %g %g, edge %g", origin[0].get<double>(), origin[1].get<double>(),
                    origin[2].get<double>(), info["edge"].get<double>()));
  const Json& appearance = info["appearance"];
  std::string decoder =
      appearance["kind"].get<std::string>() + ", " + appearance["channels"].dump() + " channels";
  if (appearance.contains("hidden_width")) {
    decoder += ", network " + appearance["hidden_width"].dump() + " wide";
  }
  out += row("appearance", decoder);
  out += format("\n%-16s %14s %14s\n", "level", "blocks", "points");
  for (const Json& level : info["levels"]) {
    out += format("%-16d %14s %14s\n", level["level"].get<int>(),
                  number(level["block_count"]).c_str(), number(level["point_count"]).c_str());
  }
  if (!info.contains("sections")) return out;
  out += format("\n%-16s %14s %14s %9s\n", "section", "bytes", "bits a point", "share");
  for (const Json& section : info["sections"]) {
    const auto bytes = section["size_bytes"].get<uint64_t>();
    out += format("%-16s %14s %14.3f %8.2f%%\n", section["name"].get<std::string>().c_str(),
                  count_text(bytes).c_str(), section["bits_per_point"].get<double>(),
                  100.0 * double(bytes) / double(size));
  }
  return out + (info.contains("bill") ? bill_text(info["bill"]) : "");
}

Status info(const InfoArgs& args, Command& command) {
  VOXPACK_ASSIGN(const Model model, open_model(args.model, command));
  Json described = describe(model);
  if (model.is_package) {
    VOXPACK_ASSIGN(const auto parts, open_parts(args.model));
    for (const PackagePart& part : parts) {
      described["sections"].push_back({{"name", part.name},
                                       {"size_bytes", part.size_bytes},
                                       {"bits_per_point", part.bits_per_point}});
    }
    VOXPACK_ASSIGN(const auto bill, open_bill(args.model));
    for (const BillRow& row : bill) {
      described["bill"].push_back({{"section", row.section},
                                   {"level", row.level},
                                   {"channel", row.channel},
                                   {"size_bytes", row.size_bytes},
                                   {"bits_per_point", row.bits_per_point}});
    }
    command.report.json()["sections"] = described["sections"];
    command.report.json()["bill"] = described["bill"];
  }
  command.report.set("point_count", static_cast<uint64_t>(model.field.point_count()));
  command.report.set("size_bytes", model.size_bytes);
  command.print(args.json ? described.dump(2) + "\n" : text_of(described));
  return {};
}

}  // namespace

void add_info(CLI::App& app, Command& command) {
  auto args = std::make_shared<InfoArgs>();
  CLI::App* cmd = app.add_subcommand("info", "Print what a package or field holds");
  cmd->add_option("model", args->model, "Package or field")->type_name("MODEL")->required();
  cmd->add_flag("--json", args->json, "Print JSON");
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return info(*args, command); }; });
}

}  // namespace voxpack
