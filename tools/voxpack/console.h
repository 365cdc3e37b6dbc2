// What a person sees on stderr: notes, warnings, errors and progress, each line with "voxpack VERB:
// ".
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "core/log.h"

namespace voxpack {

// Thread-safe. Progress is one line that is redrawn on a terminal, else a line every 10 s at most.
class Console : public Log {
 public:
  Console();
  ~Console() override;

  // `verb` may be empty (before one is known). With `quiet` only errors are written.
  void start(std::string_view verb, bool quiet);

  void info(std::string_view text) override;
  void warn(std::string_view text) override;  // kept for the report too
  void progress(const Progress& progress) override;
  void error(std::string_view text);

  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  using Clock = std::chrono::steady_clock;
  void write_line(std::string_view kind, std::string_view text);
  void clear_progress();

  std::mutex mutex_;
  std::string prefix_ = "voxpack: ";
  bool quiet_ = false;
  bool terminal_ = false;
  bool progress_shown_ = false;
  Clock::time_point last_progress_;
  std::vector<std::string> warnings_;
};

}  // namespace voxpack
