// The JSON report of a command (--report FILE): what ran, with which options, how long, how good.
// Its keys are listed in docs/cli.md; scripts and gates depend on them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace voxpack {

struct MetricsSummary;

class Report {
 public:
  Report();
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  // Measures a stage from its making to its end: seconds and peak memory.
  class Stage {
   public:
    Stage(Report& report, std::string name);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

   private:
    Report& report_;
    std::string name_;
    std::chrono::steady_clock::time_point start_;
  };

  // Sets a top-level key; the last value stays.
  void set(std::string_view key, uint64_t value);
  void set(std::string_view key, double value);
  void set(std::string_view key, std::string_view text);
  void set_metrics(const MetricsSummary& metrics);

  // Adds a path to `inputs`.
  void add_input(const std::string& path);

  // The report as far as it is filled, for keys that are objects or arrays.
  nlohmann::ordered_json& json();

  // Adds `warnings`, total seconds and peak memory, and writes the file at once or not at all.
  // Fails with `io`.
  Status write(const std::string& path, const std::vector<std::string>& warnings);

 private:
  std::unique_ptr<nlohmann::ordered_json> json_;
  std::chrono::steady_clock::time_point start_;
  uint64_t peak_memory_bytes_ = 0;  // largest of the finished stages
};

}  // namespace voxpack
