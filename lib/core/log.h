// Where the libraries send what a person may want to see; they never print themselves.
#pragma once

#include <string>
#include <string_view>

namespace voxpack {

// Progress of a long stage, sent a few times a second at most.
struct Progress {
  std::string_view stage;    // "bake"
  double fraction = 0;       // 0..1
  double seconds_left = -1;  // estimate; negative: unknown
  std::string detail;        // "grid 257, 1.2 M points, loss 0.0012, PSNR 31.2 dB"
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void info(std::string_view) {}
  virtual void warn(std::string_view) {}
  virtual void progress(const Progress&) {}
};

}  // namespace voxpack
