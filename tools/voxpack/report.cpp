#include "report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "metrics/image_metrics.h"
#include "process.h"

namespace voxpack {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Report::Report() : json_(std::make_unique<Json>()), start_(Clock::now()) {
  Json& json = *json_;
  json["schema"] = "voxpack-report-1";
  json["tool"] = "voxpack";
  json["version"] = VOXPACK_VERSION;
  json["command"] = "";
  json["options"] = Json::object();
  json["inputs"] = Json::array();
  json["device"] = "cpu";  // of commands that ask for no kernels
  json["stages"] = Json::array();
}

Report::~Report() = default;

Report::Stage::Stage(Report& report, std::string name)
    : report_(report), name_(std::move(name)), start_(Clock::now()) {
  report_.peak_memory_bytes_ = std::max(report_.peak_memory_bytes_, voxpack::peak_memory_bytes());
  reset_peak_memory();
}

Report::Stage::~Stage() {
  const uint64_t peak = voxpack::peak_memory_bytes();
  report_.peak_memory_bytes_ = std::max(report_.peak_memory_bytes_, peak);
  report_.json()["stages"].push_back(
      {{"name", name_}, {"seconds", seconds_since(start_)}, {"peak_memory_bytes", peak}});
}

void Report::set(std::string_view key, uint64_t value) { (*json_)[std::string(key)] = value; }
void Report::set(std::string_view key, double value) { (*json_)[std::string(key)] = value; }
void Report::set(std::string_view key, std::string_view text) {
  (*json_)[std::string(key)] = std::string(text);
}

void Report::set_metrics(const MetricsSummary& metrics) {
  set("view_count", static_cast<uint64_t>(metrics.view_count));
  set("psnr_mean_db", metrics.psnr_mean_db);
  set("psnr_min_db", metrics.psnr_min_db);
  set("ssim_mean", metrics.ssim_mean);
  set("ssim_min", metrics.ssim_min);
  set("edge_psnr_mean_db", metrics.edge_psnr_mean_db);
  set("edge_psnr_min_db", metrics.edge_psnr_min_db);
}

void Report::add_input(const std::string& path) { (*json_)["inputs"].push_back({{"path", path}}); }

Json& Report::json() { return *json_; }

Status Report::write(const std::string& path, const std::vector<std::string>& warnings) {
  (*json_)["warnings"] = warnings;
  set("seconds", seconds_since(start_));
  set("peak_memory_bytes", std::max(peak_memory_bytes_, voxpack::peak_memory_bytes()));
  // A path that is not UTF-8 must not cost the report.
  const std::string text = json_->dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace voxpack
